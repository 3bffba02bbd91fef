import { expect, test } from "bun:test";
import { takeOperands } from "../../src/commands/operands.ts";

const table = {
  model: { kind: "string", short: "m", value: "FILE", help: "model" },
  threads: { kind: "integer", short: "t", value: "N", min: 1, max: 4, help: "threads" },
  json: { kind: "boolean", help: "JSON" },
} as const;

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["a.wav", ["a.wav"], []],
  ["--json a.wav", ["a.wav"], ["--json"]],
  ["a.wav --model m.bin b.wav", ["a.wav", "b.wav"], ["--model", "m.bin"]],
  ["--model=m.bin a.wav", ["a.wav"], ["--model=m.bin"]],
  ["-m m.bin -t 2 a.wav", ["a.wav"], ["-m", "m.bin", "-t", "2"]],
  ["--json -- --odd.wav -m", ["--odd.wav", "-m"], ["--json", "--"]],
  ["--nonsense a.wav", ["a.wav"], ["--nonsense"]],
  ["--model", [], ["--model"]],
  ["", [], []],
];

for (const [line, operands, rest] of cases) {
  test(`${JSON.stringify(line)} has the operands ${JSON.stringify(operands)}`, () => {
    const argv = line === "" ? [] : line.split(" ");
    expect(takeOperands(table, argv)).toEqual({ operands, rest });
  });
}
