import { describe, expect, test } from "bun:test";
import { numberAt } from "../../bench/json-path.ts";

describe("a number in a status", () => {
  const status: unknown = { registration: { registers: 7, address: "127.0.0.1" }, patterns: [] };

  test("is found by its keys", () => {
    expect(numberAt(status, "registration", "registers")).toBe(7);
  });

  for (const keys of [["registration"], ["registration", "address"], ["calls", "up"], []]) {
    test(`at "${keys.join(".")}" there is none, which is said`, () => {
      expect(() => numberAt(status, ...keys)).toThrow(`there is no number at ${keys.join(".")}`);
    });
  }

  test("is not looked for in what every object inherits", () => {
    expect(() => numberAt({ list: [1, 2] }, "list", "length")).toThrow("list.length");
  });
});
