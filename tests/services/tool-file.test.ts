import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { callTools } from "../../src/llama-bridge/conversation/call-tools.ts";
import { ToolBox } from "../../src/llama-bridge/conversation/tool-box.ts";
import type { Tool } from "../../src/llama-bridge/conversation/tool.ts";
import { loadToolFile } from "../../src/services/tool-file.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { refuses, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

type Env = Readonly<Record<string, string | undefined>>;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const path = join(folder, "tools.toml");
  writeFileSync(path, text);
  return path;
}

async function load(text: string, env: Env = {}): Promise<Tool[]> {
  return await loadToolFile(fileWith(text), new FakeClock(), env);
}

/** What is said about the file, without the words that each message begins with. */
async function problemOf(text: string, env: Env = {}): Promise<string> {
  const path = fileWith(text);
  const problem = await loadToolFile(path, new FakeClock(), env).then(() => "", describeError);
  expect(problem).toStartWith(`tool file ${JSON.stringify(path)}`);
  expect(problem).not.toContain("\n");
  return problem.slice(`tool file ${JSON.stringify(path)}`.length).replace(/^: /, "");
}

const least = `
[[http]]
name = "order"
description = "Looks an order up."
url = "http://127.0.0.1:3000/orders"
`;

const full = `
[[http]]
name = "book-table"
description = "Books a table."
url = "https://127.0.0.1:3000/tables"
method = "POST"
timeout-ms = 2500

[http.headers]
x-site = "main"

[http.parameters.guests]
type = "integer"
description = "How many guests come."
enum = [2, 4, 6]

[http.parameters.name]
type = "string"
description = "Who books."

[http.parameters.terrace]
type = "boolean"
description = "Outside."
required = false
`;

describe("a tool file", () => {
  test("gives its tools in their order, with a schema of their parameters", async () => {
    const tools = await load(`${least}${full}`);
    expect(tools.map(({ declaration }) => declaration)).toEqual([
      {
        name: "order",
        description: "Looks an order up.",
        parameters: { type: "object", properties: {}, required: [] },
      },
      {
        name: "book-table",
        description: "Books a table.",
        parameters: {
          type: "object",
          properties: {
            guests: { type: "integer", description: "How many guests come.", enum: [2, 4, 6] },
            name: { type: "string", description: "Who books." },
            terrace: { type: "boolean", description: "Outside." },
          },
          required: ["guests", "name"],
        },
      },
    ]);
    expect(tools.map(({ isLast }) => isLast)).toEqual([false, false]);
  });

  test("without tools gives none", async () => {
    expect(await load("# nothing yet\n")).toEqual([]);
  });

  test("keeps underlines in the names of parameters, and takes them in keys", async () => {
    const [tool] = await load(
      `${least}timeout_ms = 500\n[http.parameters.order_number]\ntype = "string"\ndescription = "x"`,
    );
    expect(Object.keys(Object(tool?.declaration.parameters["properties"]))).toEqual([
      "order_number",
    ]);
  });

  test("may have 32 tools and no more", async () => {
    const tools = Array.from({ length: 33 }, (_, index) => least.replace("order", `t${index}`));
    expect(await load(tools.slice(1).join(""))).toHaveLength(32);
    expect(await problemOf(tools.join(""))).toBe(" has 33 tools; 32 are the most");
  });
});

describe("a tool of the file", () => {
  const bearer = `\n[http.headers]\nauthorization = "Bearer env:ORDERS_KEY"\nx-plain = "env:SITE"`;

  test("asks as the file says, with secrets of the environment", async () => {
    using server = new ScriptedChatServer();
    server.script(refuses(200, { state: "sent" }));
    const method = `method = "PUT"${bearer}`;
    const [tool] = await load(
      least.replace("http://127.0.0.1:3000/orders", `${server.url}/orders`) + method,
      { ORDERS_KEY: "k-1\n", SITE: "main" },
    );
    expect(await tool?.run({ id: 7 }, new AbortController().signal)).toEqual({
      kind: "result",
      text: '{"state":"sent"}',
    });
    const [answer] = server.answers;
    expect(answer?.path).toBe("/orders");
    expect(answer?.headers.get("authorization")).toBe("Bearer k-1");
    expect(answer?.headers.get("x-plain")).toBe("main");
    expect(answer?.asked).toEqual({ id: 7 });
  });

  test("gives up after the time that the file says", async () => {
    using server = new ScriptedChatServer();
    server.script(() => undefined);
    const clock = new FakeClock();
    const url = `${server.url}/slow`;
    const text = `${least.replace("http://127.0.0.1:3000/orders", url)}timeout-ms = 700`;
    const [tool] = await loadToolFile(fileWith(text), clock, {});
    const answer = tool?.run({}, new AbortController().signal);
    await until(() => server.answers.length === 1, "the request");
    clock.advance(700);
    expect(await answer).toEqual({ kind: "failed", text: "it did not answer within 0.7 s" });
  });

  test.each([
    [{}, "needs the variable ORDERS_KEY"],
    [{ ORDERS_KEY: " " }, "needs the variable ORDERS_KEY"],
    [{ ORDERS_KEY: "k\u0000-secret" }, "cannot be a header"],
    [{ ORDERS_KEY: "k\r\nx: secret" }, "cannot be a header"],
  ])("is refused when its secret is %p, which is not shown", async (env, what) => {
    const problem = await problemOf(least + bearer, env);
    expect(problem).toStartWith(`tool "order": headers has an entry "authorization" that ${what}`);
    expect(problem).not.toContain("secret");
  });
});

describe("what is wrong is told with tool and key", () => {
  const headers = "\n[http.headers]\n";
  const parameter = '\n[http.parameters.id]\ntype = "string"\ndescription = "x"\n';
  const keys = "name, description, url, method, timeout-ms, headers, parameters";

  test.each([
    ['name = "x', " is not valid TOML: line 1: "],
    ['htp = "x"', ' has an unknown key "htp"; did you mean http?'],
    ["[whisper]", ' has an unknown key "whisper"; there are http'],
    ['[http]\nname = "x"', " has an http that is no list; write [[http]] above each tool"],
    ["http = [1]", "tool number 1 is no table"],
    ["[[http]]", 'tool number 1 has no name; add name = "…"'],
    ["[[http]]\nname = 7", "tool number 1 has the name 7, which is not a text"],
    ['[[http]]\nname = " "', 'tool " " has the name " ", which is not a text'],
    [
      '[[http]]\nname = "look up"',
      'tool "look up" has the name "look up", which is not one that a model can use; ' +
        "use up to 64 letters, digits, _ and -, beginning with a letter",
    ],
    ['[[http]]\nname = "a"', 'tool "a" has no description; add description = "…"'],
    ['[[http]]\nname = "a"\ndescription = "x"', 'tool "a" has no url; add url = "…"'],
    [
      `${least}tmeout-ms = 5`,
      'tool "order" has an unknown key "tmeout-ms"; did you mean timeout-ms?',
    ],
    [`${least}retries = 5`, `tool "order" has an unknown key "retries"; there are ${keys}`],
    [
      `${least}timeout-ms = 99`,
      'tool "order" has the timeout-ms 99, which is not a whole number from 100 to 60000',
    ],
    [
      `${least}timeout-ms = "1 s"`,
      'tool "order" has the timeout-ms "1 s", which is not a whole number from 100 to 60000',
    ],
    [
      `${least}method = "POTS"`,
      'tool "order" has the method "POTS", which is not one of GET, POST, PUT, PATCH; did you mean POST?',
    ],
    [
      `${least}method = "DELETE"`,
      'tool "order" has the method "DELETE", which is not one of GET, POST, PUT, PATCH',
    ],
    [`${least}headers = "x"`, 'tool "order": headers is no table'],
    [`${least}${headers}a = 7`, 'tool "order": headers has a value for "a" that is no text'],
    [
      `${least}${headers}"a b" = "7"`,
      'tool "order": headers has an entry "a b" that cannot be a header; ' +
        "look for line breaks, and for characters that no header can have",
    ],
    [
      `${least}${headers}a = "env:sk-secret"`,
      'tool "order": headers has an entry "a" that takes its value from no variable; ' +
        "write env: and the name of one",
    ],
    [
      least.replace("http://127.0.0.1:3000/orders", "ftp://x"),
      'tool "order" cannot be made: the address "ftp://x" of the tool "order" is no web address; ' +
        "write it like http://127.0.0.1:3000/orders",
    ],
    [
      `${least}${least}`,
      'tool "order" has a name that is taken; ' +
        "rename it: hang_up, transfer, send_digits are built in, others are in use",
    ],
    [`${least}parameters = [1]`, 'tool "order": parameters is no table'],
    [
      `${least}[http.parameters."order number"]`,
      'tool "order": parameters cannot have the name "order number"; ' +
        "use letters, digits, _ and -, beginning with a letter",
    ],
    [
      `${least}[http.parameters.__proto__]\ntype = "string"`,
      'tool "order": parameters cannot have the name "__proto__"; ' +
        "use letters, digits, _ and -, beginning with a letter",
    ],
    [`${least}[http.parameters.id]`, 'tool "order": parameters: id has no type; add type = "…"'],
    [
      `${least}${parameter.replace('"string"', '"strnig"')}`,
      'tool "order": parameters: id has the type "strnig", which is not one of ' +
        "string, number, integer, boolean; did you mean string?",
    ],
    [
      `${least}${parameter}requierd = true`,
      'tool "order": parameters: id has an unknown key "requierd"; did you mean required?',
    ],
    [
      `${least}${parameter}required = 1`,
      'tool "order": parameters: id has the required 1, which is not true or false',
    ],
    [
      `${least}${parameter}enum = ["a", 1]`,
      'tool "order": parameters: id has the enum ["a",1], which is not a list of 1 to 64 values ' +
        "of the type string",
    ],
    [
      `${least}${parameter}enum = []`,
      'tool "order": parameters: id has the enum [], which is not a list of 1 to 64 values ' +
        "of the type string",
    ],
  ])("%j", async (text, problem) => {
    expect(await problemOf(text)).toStartWith(problem);
  });

  test("the value that cannot be read is not shown, since it may be a secret", async () => {
    const text = `${least}${headers}authorization = hunter2\n`;
    expect(await problemOf(text)).toBe(" is not valid TOML: line 8: Strings must be quoted");
    const error = await load(text).catch((thrown: unknown) => thrown);
    expect(Bun.inspect(error)).not.toContain("hunter2");
  });

  test("texts that every turn would carry to the model are bounded", async () => {
    const long = least.replace("Looks an order up.", "x".repeat(1001));
    expect(await problemOf(long)).toBe(
      'tool "order" has a description of 1001 characters; 1000 are the most',
    );
    const many = Array.from(
      { length: 33 },
      (_, index) => `[http.parameters.p${index}]\ntype = "string"\ndescription = "x"\n`,
    );
    expect(await problemOf(least + many.join(""))).toBe(
      'tool "order": parameters has 33 entries; 32 are the most',
    );
    const headerLines = Array.from({ length: 33 }, (_, index) => `h${index} = "x"`);
    expect(await problemOf(least + headers + headerLines.join("\n"))).toBe(
      'tool "order": headers has 33 entries; 32 are the most',
    );
  });
});

describe("beside the tools that each call has", () => {
  const builtIn = callTools({
    actions: {
      hangUp: () => Promise.resolve(),
      transfer: () => Promise.resolve(),
      sendDigits: () => Promise.resolve(),
    },
    destinations: { sales: "600" },
  });

  test.each(builtIn.map(({ declaration }) => declaration.name))("%s is refused", async (name) => {
    expect(await problemOf(least.replace("order", name))).toContain("has a name that is taken");
  });

  test("those of a file can be used", async () => {
    const box = new ToolBox([...builtIn, ...(await load(`${least}${full}`))]);
    expect(box.declarations.map(({ name }) => name)).toEqual([
      "hang_up",
      "send_digits",
      "transfer",
      "order",
      "book-table",
    ]);
  });
});

describe("a file that cannot be read", () => {
  test("is named", async () => {
    const path = join(folder, "absent.toml");
    const problem = await loadToolFile(path, new FakeClock(), {}).then(() => "", describeError);
    expect(problem).toStartWith(`tool file ${JSON.stringify(path)} cannot be read: ENOENT`);
    expect(problem).toEndWith("; check name and rights");
  });

  test("may be a folder", async () => {
    const problem = await loadToolFile(folder, new FakeClock(), {}).then(() => "", describeError);
    expect(problem).toContain("cannot be read: ");
  });

  test("may have up to 256 KiB", async () => {
    const room = (256 << 10) - least.length - 1;
    expect(await load(`#${"x".repeat(room)}${least}`)).toHaveLength(1);
    expect(await problemOf(`#${"x".repeat(room + 1)}${least}`)).toBe(
      " has 262145 bytes; 262144 are the most",
    );
  });
});
