import { describe, expect, test } from "bun:test";
import type { ToolArguments } from "../../../src/llama-bridge/chat/chat-messages.ts";
import { callTools } from "../../../src/llama-bridge/conversation/call-tools.ts";
import { textToolCall } from "../../../src/llama-bridge/conversation/text-tool-calls.ts";
import { checkArguments } from "../../../src/llama-bridge/conversation/tool-arguments.ts";
import { ToolBox } from "../../../src/llama-bridge/conversation/tool-box.ts";

const unused = {
  hangUp: async (): Promise<void> => undefined,
  transfer: async (): Promise<void> => undefined,
  sendDigits: async (): Promise<void> => undefined,
};

function names(anyNumber: boolean): string[] {
  const tools = callTools({ actions: unused, destinations: {}, anyNumber });
  return tools.map((tool) => tool.declaration.name);
}

function given(value: Readonly<Record<string, unknown>>): ToolArguments {
  return { kind: "object", value };
}

describe("tools of a call", () => {
  test("there is no transfer where it would lead nowhere", () => {
    expect(names(false)).toEqual(["hang_up", "send_digits"]);
    expect(names(true)).toEqual(["hang_up", "send_digits", "transfer"]);
  });

  test("a transfer leads to a known name, or to a number where that is allowed", async () => {
    const reached: string[] = [];
    const actions = { ...unused, transfer: async (to: string) => void reached.push(to) };
    const options = { actions, destinations: { sales: "200" }, anyNumber: true };
    const tool = callTools(options).at(-1);
    const to = async (target: string): Promise<string | undefined> =>
      (await tool?.run({ to: target }, new AbortController().signal))?.kind;
    expect(await to("sales")).toBe("result");
    expect(await to("+49 (30) 123-45")).toBe("result");
    for (const target of ["sip:eve@evil.example", "toString", "", "+", "0".repeat(21)]) {
      expect(await to(target)).toBe("failed");
    }
    expect(reached).toEqual(["200", "+493012345"]);
  });

  test("two of one name, and names that are none, are errors at start", () => {
    const [hangUp] = callTools({ actions: unused, destinations: {} });
    if (hangUp === undefined) throw new Error("no tool");
    expect(() => new ToolBox([hangUp, hangUp])).toThrow('two tools of the name "hang_up"');
    const declaration = { ...hangUp.declaration, name: "hang up" };
    expect(() => new ToolBox([{ ...hangUp, declaration }])).toThrow("cannot have the name");
  });
});

describe("arguments", () => {
  const schema = {
    type: "object",
    properties: {
      name: { type: "string" },
      count: { type: "integer" },
      kind: { enum: ["a", "b"] },
      odd: { type: "toString" },
    },
    required: ["name"],
  };

  test("are those that the schema knows", () => {
    const value = { name: "x", count: 2, kind: "a", odd: null };
    expect(checkArguments(schema, given({ ...value, extra: 1 }))).toEqual(given(value));
  });

  test.each([
    [{}, 'the argument "name" is missing'],
    [{ name: "x", count: 1.5 }, 'the argument "count" must be of type integer'],
    [{ name: "x", kind: "c" }, 'the argument "kind" must be one of "a", "b"'],
    [{ name: "x".repeat(1001) }, 'the argument "name" must be of type string'],
  ])("%j are wrong", (value, reason) => {
    expect(checkArguments(schema, given(value))).toEqual({ kind: "wrong", reason });
  });

  test("of any schema are taken as they are, but for what it does not name", () => {
    expect(checkArguments({ properties: 7, required: "x" }, given({ a: 1 }))).toEqual(given({}));
  });
});

describe("a call that is written into the text", () => {
  const tools = new ToolBox(callTools({ actions: unused, destinations: { sales: "200" } }));

  test.each([
    ["hang_up", "hang_up", {}],
    ["transfer sales", "transfer", { to: "sales" }],
    ["transfer: sales", "transfer", { to: "sales" }],
    ['transfer("sales")', "transfer", { to: "sales" }],
    ['transfer {"to": "sales"}', "transfer", { to: "sales" }],
    ["send_digits 12#", "send_digits", { digits: "12#" }],
    ["dance", "dance", {}],
  ])("%s", (mark, name, value) => {
    expect(textToolCall(mark, 3, tools.declarations)).toMatchObject({
      id: "text_3",
      name,
      arguments: { kind: "object", value },
    });
  });

  test.each(["dance wildly", "hang_up now", 'transfer {"to"', "???"])("%s is wrong", (mark) => {
    expect(tools.plan(textToolCall(mark, 1, tools.declarations)).kind).toBe("refused");
  });
});
