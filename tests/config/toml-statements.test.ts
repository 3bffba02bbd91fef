import { describe, expect, test } from "bun:test";
import { isTable, parseToml } from "../../src/config/toml-parse.ts";
import { LineIndex, scanToml } from "../../src/config/toml-statements.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { TomlDocument } from "./toml-document.ts";

/** The paths of all values that are no tables, lists of tables taken apart. */
function leaves(value: unknown, path: readonly string[] = []): string[] {
  if (isTable(value)) {
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
  }
  if (Array.isArray(value) && value.some((item) => isTable(item))) {
    return value.flatMap((item: unknown, index) => leaves(item, [...path, String(index)]));
  }
  return [JSON.stringify(path)];
}

function scannedLeaves(text: string): string[] {
  const entries = scanToml(text).filter((statement) => statement.kind === "entry");
  const holders = new Set(
    entries
      .flatMap(({ path }) => path.map((_, at) => path.slice(0, at)))
      .map((path) => JSON.stringify(path)),
  );
  return entries
    .map(({ path, valueStart }) => ({
      id: JSON.stringify(path),
      isBraces: text[valueStart] === "{",
    }))
    .filter(({ id, isBraces }) => !isBraces && !holders.has(id))
    .map(({ id }) => id);
}

describe("random texts", () => {
  const seeds = Array.from({ length: 400 }, (_, index) => index + 1);

  test("are texts that the parser takes, and the scan finds the same keys as the parser", () => {
    for (const seed of seeds) {
      const { text } = new TomlDocument(new SeededRandom(seed)).generate();
      const parsed = parseToml(text);
      if (!parsed.ok)
        throw new Error(`seed ${seed}, line ${parsed.fault.line}: ${parsed.fault.reason}\n${text}`);
      expect({ seed, keys: scannedLeaves(text).toSorted() }).toEqual({
        seed,
        keys: leaves(parsed.table).toSorted(),
      });
    }
  });

  test("have each key and each section on the line on which it was written", () => {
    for (const seed of seeds) {
      const { text, places } = new TomlDocument(new SeededRandom(seed)).generate();
      const index = new LineIndex(text);
      const found = new Map<string, number>();
      for (const statement of scanToml(text)) {
        if (statement.kind !== "entry" && statement.kind !== "header") continue;
        found.set(JSON.stringify(statement.path), index.lineAt(statement.start));
      }
      for (const { path, line } of places) {
        expect({ seed, path, line: found.get(JSON.stringify(path)) }).toEqual({ seed, path, line });
      }
    }
  });

  test("have values that begin and end where the scan says", () => {
    for (const seed of seeds) {
      const { text } = new TomlDocument(new SeededRandom(seed)).generate();
      for (const statement of scanToml(text)) {
        if (statement.kind !== "entry") continue;
        const value = text.slice(statement.valueStart, statement.valueEnd);
        expect(parseToml(`x = ${value}`).ok).toBe(true);
      }
    }
  });

  test("cut off anywhere end the scan all the same, and name a line of the text", () => {
    for (const seed of seeds) {
      const random = new SeededRandom(seed);
      const { text } = new TomlDocument(random).generate();
      const cut = text.slice(0, random.between(0, text.length));
      const parsed = parseToml(cut);
      const lines = cut.split("\n").length;
      const line = parsed.ok ? 1 : parsed.fault.line;
      expect(line >= 1 && line <= lines).toBe(true);
    }
  });
});

describe("bytes at random", () => {
  test("end the scan and never throw", () => {
    const random = new SeededRandom(7);
    const marks = [
      "[",
      "]",
      "{",
      "}",
      "=",
      "\n",
      '"',
      "'",
      "#",
      "a",
      ".",
      ",",
      "\\",
      " ",
      "\r",
    ] as const;
    for (let round = 0; round < 2000; round += 1) {
      const text = Array.from({ length: random.between(0, 40) }, () => random.pick(marks)).join("");
      const statements = scanToml(text);
      for (const { start, end } of statements)
        expect(start <= end && end <= text.length).toBe(true);
    }
  });

  test("a thousand braces deep are not followed", () => {
    expect(scanToml(`x = ${"[".repeat(1000)}`)).toMatchObject([{ kind: "broken" }]);
    expect(scanToml(`x = ${"{a = ".repeat(1000)}`)).toMatchObject([{ kind: "broken" }]);
  });
});

describe("the line of what is not TOML", () => {
  test.each([
    ["[whisper\n", 1],
    ["a = 1\n[b]\nc = \n", 3],
    ["a = 1\n\na = 2\n", 3],
    ["[a]\nx = 1\n# remark\n[a]\ny = 2\n", 4],
    ['a = """\n\n"""\nb = "open\nc = 1\n', 4],
    ["a = [\n 1,\n 2\n\nb = 3\n", 1],
    ["a = 1\nb = hunter2\n[c]\n", 2],
    ["a = 1\r\nb = true c = 2\r\n", 2],
    ["a = 1\n= 2\n", 2],
  ])("%j is in line %d", (text, line) => {
    expect(parseToml(text)).toMatchObject({ ok: false, fault: { line } });
  });

  test("is told without the value, which may be a secret", () => {
    const parsed = parseToml("password = hunter2\n");
    expect(parsed).toEqual({ ok: false, fault: { line: 1, reason: "Strings must be quoted" } });
  });
});

test("a date is no table", () => {
  const parsed = parseToml("[a]\n[b]\nday = 1979-05-27\n");
  if (!parsed.ok) throw new Error(parsed.fault.reason);
  const { a, b } = parsed.table;
  expect([isTable(a), isTable(b), isTable([]), isTable(null)]).toEqual([true, true, false, false]);
  expect(isTable(b) && isTable(b["day"])).toBe(false);
});
