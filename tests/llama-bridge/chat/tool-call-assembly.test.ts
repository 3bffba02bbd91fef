import { describe, expect, test } from "bun:test";
import {
  maxArgumentChars,
  maxToolCalls,
  parseArguments,
  ToolCallAssembly,
} from "../../../src/llama-bridge/chat/tool-call-assembly.ts";

function assemble(...pieces: unknown[]): unknown[] {
  const assembly = new ToolCallAssembly();
  for (const piece of pieces) assembly.add(piece);
  return assembly.finish().map(({ id, name, argumentsText }) => [id, name, argumentsText]);
}

describe("tool calls in pieces", () => {
  test("are put together by their index, whatever the order", () => {
    expect(
      assemble(
        [{ index: 1, id: "b", function: { name: "two", arguments: '{"x"' } }],
        [{ index: 0, id: "a", function: { name: "one", arguments: "" } }],
        [{ index: 1, function: { arguments: ":1}" } }],
        [{ index: 0, id: "a", function: { name: "one", arguments: "{}" } }],
      ),
    ).toEqual([
      ["a", "one", "{}"],
      ["b", "two", '{"x":1}'],
    ]);
  });

  test("without an index are told apart by id or by place", () => {
    expect(
      assemble(
        [{ id: "a", function: { name: "one", arguments: "{" } }],
        [{ id: "b", function: { name: "two", arguments: "{}" } }],
        [{ id: "a", function: { arguments: "}" } }],
      ),
    ).toEqual([
      ["a", "one", "{}"],
      ["b", "two", "{}"],
    ]);
    const whole = [
      { function: { name: "one", arguments: { x: 1 } } },
      { function: { name: "two" } },
    ];
    expect(assemble(whole)).toEqual([
      ["call_1", "one", '{"x":1}'],
      ["call_2", "two", "{}"],
    ]);
  });

  test("have ids of their own, also where the server repeats one", () => {
    const same = { id: "a", function: { name: "one" } };
    expect(
      assemble([
        { ...same, index: 0 },
        { ...same, index: 1 },
      ]),
    ).toEqual([
      ["a", "one", "{}"],
      ["call_2", "one", "{}"],
    ]);
  });

  test("are bounded in number and length", () => {
    const assembly = new ToolCallAssembly();
    for (let index = 0; index < 1000; index += 1) {
      assembly.add([{ index, id: "x".repeat(999), function: { name: "n".repeat(999) } }]);
    }
    for (let count = 0; count < 10; count += 1) {
      assembly.add([{ index: 0, function: { arguments: "y".repeat(maxArgumentChars / 2) } }]);
    }
    const calls = assembly.finish();
    expect(calls).toHaveLength(maxToolCalls);
    expect(calls[0]).toMatchObject({ argumentsText: "{}", arguments: { kind: "wrong" } });
    expect(calls[0]?.name).toHaveLength(64);
  });

  test.each([null, "x", 7, {}, [null], [7], [[]], [{ index: -1 }], [{ index: "1" }]])(
    "%j breaks nothing",
    (pieces) => {
      expect(assemble(pieces).length).toBeLessThan(2);
    },
  );
});

describe("arguments", () => {
  test.each([
    ["[1]", 'the arguments are no JSON object: "[1]"'],
    ["null", 'the arguments are no JSON object: "null"'],
    ["{oops", 'the arguments are no JSON: "{oops"'],
  ])("%j are wrong", (text, reason) => {
    expect(parseArguments(text)).toEqual({ kind: "wrong", reason });
  });

  test.each(["", " {} "])("%j are none", (text) => {
    expect(parseArguments(text)).toEqual({ kind: "object", value: {} });
  });
});
