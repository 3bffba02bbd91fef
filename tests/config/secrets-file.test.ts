import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { formatProblem } from "../../src/config/config-check.ts";
import {
  loadSecrets,
  parseSecrets,
  secretNames,
  secretVariables,
} from "../../src/config/secrets-file.ts";
import { describeError } from "../../src/core/errors.ts";

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  path = join(folder, "secrets.toml");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string, mode = 0o600): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

test("the file is read, and a line is found by the first of its names, hosts in any case", async () => {
  write('llama-key = " k "\nline."200@pbx" = "two"\nline.201 = "one"\n');
  const { secrets, problems } = await loadSecrets({ path, env: {} });
  expect(problems).toEqual([]);
  expect(secrets.get("llama-key")).toEqual({ value: " k ", source: path });
  expect(secrets.get("speech-key")).toBeUndefined();
  expect(secrets.line(["200@PBX:5060", "200@PBX", "200"])?.value).toBe("two");
  expect(secrets.line(["201@pbx", "201"])?.value).toBe("one");
  expect(secrets.line(["202@pbx", "202"])).toBeUndefined();
  expect(secrets.lineNames.toSorted()).toEqual(["200@pbx", "201"]);
});

test("the environment wins over a credential, and that over the file", async () => {
  write(
    'llama-key = "file"\nspeech-key = "file"\nwebhook-secret = "file"\nline."200@pbx" = "file"\n',
  );
  const credentials = join(folder, "credentials");
  mkdirSync(credentials);
  for (const name of ["llama-key", "speech-key", "line.200@pbx", "other"]) {
    writeFileSync(join(credentials, name), "credential\n");
  }
  const env = { CREDENTIALS_DIRECTORY: credentials, WILDFIRE_LLAMA_KEY: " environment\n" };
  const { secrets, problems } = await loadSecrets({ path, env });
  expect(problems).toEqual([]);
  expect(secrets.get("llama-key")).toEqual({ value: "environment", source: "WILDFIRE_LLAMA_KEY" });
  expect(secrets.get("speech-key")).toEqual({
    value: "credential",
    source: "credential speech-key",
  });
  expect(secrets.get("webhook-secret")).toEqual({ value: "file", source: path });
  expect(secrets.line(["200@pbx"])).toEqual({
    value: "credential",
    source: "credential line.200@pbx",
  });
});

test("no file and no credentials are no secrets", async () => {
  const env = { CREDENTIALS_DIRECTORY: join(folder, "absent") };
  const { secrets, problems } = await loadSecrets({ path, env });
  expect([problems, secretNames.map((name) => secrets.get(name))]).toEqual([
    [],
    [undefined, undefined, undefined, undefined],
  ]);
});

test.each([0o640, 0o604, 0o666, 0o660])("a file of mode %o is not read", async (mode) => {
  write('llama-key = "geheim"\n', mode);
  const problem = await loadSecrets({ path, env: {} }).then(() => "", describeError);
  const shown = `0${mode.toString(8)}`;
  expect(problem).toBe(
    `secrets file ${JSON.stringify(path)} is open to others (mode ${shown}); type: chmod 600 ${path}`,
  );
});

describe("a problem tells the line and the name, and never the value", () => {
  test.each([
    [
      "llama-key = geheim\n",
      's:1: this is not valid TOML; write NAME = "…" or line."200@pbx" = "…", with the quotes',
    ],
    [
      "\n\nline.200@pbx = 'geheim'\n",
      's:3: this is not valid TOML; write NAME = "…" or line."200@pbx" = "…", with the quotes',
    ],
    ["lama-key = 'geheim'\n", 's:1: there is no secret "lama-key"; did you mean llama-key?'],
    [
      "geheim-geheim = 'x'\n",
      's:1: there is no secret of this name; there are: llama-key, speech-key, web-password-hash, webhook-secret, and line."200@pbx"',
    ],
    ["# a\nspeech-key = 12\n", 's:2: the value of "speech-key" is not text in quotes'],
    ["[line]\n200 = ''\n", 's:2: the value of "line"."200" is empty'],
    ["line = 'geheim'\n", 's:1: "line" is no table; write line."200@pbx" = "…"'],
    ["line.200.pbx = 'geheim'\n", 's:1: the value of "line"."200" is not text in quotes'],
    [
      `llama-key = '${"geheim".repeat(1000)}'\n`,
      's:1: the value of "llama-key" has more than 4096 characters',
    ],
    ['llama-key = "geheim\\u0000"\n', 's:1: the value of "llama-key" has control characters'],
  ])("%j", (text, message) => {
    const { problems } = parseSecrets(text, "s");
    expect(problems.map((problem) => formatProblem("s", problem)).join("\n")).toBe(message);
    expect(message).not.toContain("= geheim");
  });
});

test("printing all secrets shows none", async () => {
  write('llama-key = "geheim"\nline."200@pbx" = "geheim"\n');
  const { secrets } = await loadSecrets({ path, env: {} });
  const shown = [JSON.stringify(secrets), inspect(secrets, { depth: 9 }), Bun.inspect(secrets)];
  expect(shown.join("\n")).not.toContain("geheim");
  expect(shown[0]).toBe('{"llama-key":"(set)"}');
});

test("each known secret has a variable", () => {
  expect<readonly string[]>(secretNames).toEqual(Object.keys(secretVariables));
});
