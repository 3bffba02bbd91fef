import { describe, expect, test } from "bun:test";
import { parseArguments } from "../../bench/arguments.ts";
import { measures } from "../../bench/registry.ts";

describe("the command line of the bench", () => {
  test("without arguments everything is wanted, in full, as a table alone", () => {
    const { wanted, isQuick, jsonPath, isHelp } = parseArguments([]);
    expect([...wanted]).toEqual(measures.map(({ name }) => name));
    expect({ isQuick, jsonPath, isHelp }).toEqual({
      isQuick: false,
      jsonPath: undefined,
      isHelp: false,
    });
  });

  test("--only takes any number of names", () => {
    const { wanted, isQuick } = parseArguments([
      "--only",
      "memory",
      "registration.lost",
      "--quick",
    ]);
    expect([...wanted]).toEqual([
      "memory.peak-mb.demo",
      "memory.peak-mb.base",
      "registration.lost",
    ]);
    expect(isQuick).toBe(true);
  });

  test("--json names a file", () => {
    expect(parseArguments(["--json", "out.json"]).jsonPath).toBe("out.json");
  });

  const refused: readonly [readonly string[], RegExp][] = [
    [["--only", "fffi"], /no entry "fffi".*did you mean|there are/],
    [["--only", "registration.list"], /did you mean registration\.lost\?/],
    [["ffi"], /unexpected argument "ffi".*--only/],
    [["--json"], /--json/],
    [["--json="], /--json needs the name of a file/],
    [["--fast"], /--fast/],
  ];
  for (const [argv, message] of refused) {
    test(`${argv.join(" ")} is refused with a line that helps`, () => {
      expect(() => parseArguments(argv)).toThrow(expect.objectContaining({ code: "usage" }));
      expect(summaryOf(argv)).toMatch(message);
    });
  }
});

function summaryOf(argv: readonly string[]): string {
  try {
    parseArguments(argv);
    return "";
  } catch (error) {
    return error instanceof Error && "summary" in error ? String(error.summary) : "";
  }
}
