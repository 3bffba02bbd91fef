import { describe, expect, test } from "bun:test";
import type { OptionValue } from "../../src/config/options.ts";
import { removeKey, setKey } from "../../src/config/toml-edit.ts";
import { isTable, parseToml } from "../../src/config/toml-parse.ts";
import { formatTomlValue } from "../../src/config/toml-value.ts";
import { describeError } from "../../src/core/errors.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { TomlDocument } from "./toml-document.ts";

function valueAt(text: string, path: readonly string[]): unknown {
  const parsed = parseToml(text);
  let value: unknown = parsed.ok ? parsed.table : undefined;
  for (const key of path) value = isTable(value) ? value[key] : undefined;
  return value;
}

describe("a key is set", () => {
  test.each([
    [
      "in place of its value, its remark stays",
      "[a]\nx = 1 # why\ny = 2\n",
      "[a]\nx = 7 # why\ny = 2\n",
    ],
    [
      "behind the last key of its section",
      "[a]\n  y = 2 # two\n\n# b\n[b]\nx = 1\n",
      "[a]\n  y = 2 # two\n  x = 7\n\n# b\n[b]\nx = 1\n",
    ],
    [
      "behind its commented-out self",
      "[a]\n# what x does\n#x = 1\n\ny = 2\n",
      "[a]\n# what x does\n#x = 1\nx = 7\n\ny = 2\n",
    ],
    ["in an empty section", "[a]\n[b]\n", "[a]\nx = 7\n[b]\n"],
    ["in a section that it makes", "[b]\ny = 1", "[b]\ny = 1\n\n[a]\nx = 7\n"],
    ["in an empty text", "", "[a]\nx = 7\n"],
    [
      "in place of many lines",
      "[a]\nx = [\n  1, # ]\n  2,\n]\ny = '''\n[b]\n'''\n",
      "[a]\nx = 7\ny = '''\n[b]\n'''\n",
    ],
    ["with the line ends of the text", "[a]\r\ny = 1\r\n", "[a]\r\ny = 1\r\nx = 7\r\n"],
    ["beside dotted keys", "a.y = 1\n[b]\n", "a.y = 1\na.x = 7\n[b]\n"],
    ["of dotted keys", "a.x = 1 # one\n", "a.x = 7 # one\n"],
    ["between braces", "a = { y = 1 }\n", "a = { x = 7, y = 1 }\n"],
    ["between empty braces", "a = {}\n", "a = { x = 7 }\n"],
    ["of braces", "a = { x = 1, y = 2 } # z\n", "a = { x = 7, y = 2 } # z\n"],
    ["beside a part of the section", "[a.b]\nx = 1\n", "[a.b]\nx = 1\n\n[a]\nx = 7\n"],
  ])("%s", (_, before, after) => {
    expect(setKey(before, "a", "x", 7)).toBe(after);
  });

  test.each([
    ["", "x = 7\n"],
    ["# head\n\n# of a\n[a]\nx = 1\n", "# head\nx = 7\n\n# of a\n[a]\nx = 1\n"],
    ["# of a\n[a]\n", "x = 7\n\n# of a\n[a]\n"],
    ["y = 1\n[a]\nx = 1\n", "y = 1\nx = 7\n[a]\nx = 1\n"],
  ])("above all sections in %j", (before, after) => {
    expect(setKey(before, undefined, "x", 7)).toBe(after);
  });
});

describe("a key is taken out", () => {
  test.each([
    ["with its line", "[a]\nx = 1 # why\ny = 2\n", "[a]\ny = 2\n"],
    ["with all its lines", "[a]\ny = 2\nx = [\n 1,\n]", "[a]\ny = 2\n"],
    ["of dotted keys", "a.x = 1\na.y = 2\n", "a.y = 2\n"],
    ["at the start of braces", "a = { x = 1, y = 2 }\n", "a = { y = 2 }\n"],
    ["at the end of braces", "a = { y = 2, x = 1 }\n", "a = { y = 2 }\n"],
    ["alone in braces", "a = { x = 1 }\n", "a = {  }\n"],
    ["which is not there", "[a]\ny = 2\n", "[a]\ny = 2\n"],
  ])("%s", (_, before, after) => {
    expect(removeKey(before, "a", "x")).toBe(after);
  });
});

describe("what cannot be changed is refused, and no value is shown", () => {
  test.each([
    ["[a]\nx = geheim\n", "line 2 is not valid TOML; repair it first"],
    ["[[a]]\ny = 1\n", '"a.x" cannot be changed where it stands; change it by hand'],
    ["[a.x]\ny = 1\n", '"a.x" cannot be changed where it stands; change it by hand'],
    ["a = 1\n", '"a.x" cannot be changed where it stands; change it by hand'],
  ])("%j", (text, message) => {
    let problem = "";
    try {
      setKey(text, "a", "x", "geheim");
    } catch (error) {
      problem = describeError(error);
    }
    expect(problem).toBe(message);
  });
});

describe("random texts", () => {
  const values: readonly [OptionValue, ...OptionValue[]] = [
    'a " b \\ c\n[d] # e',
    "",
    42,
    -0.5,
    1e-9,
    true,
    [],
    ["a,b", 'c"]', "#"],
    Array.from({ length: 12 }, (_, index) => `a long text number ${index}`),
  ];

  test("change in the key that is set, and every remark stays in its order", () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = new SeededRandom(seed);
      const { text, places, remarks } = new TomlDocument(random).generate();
      const own = places
        .filter(({ path }) => path.length === 2 && path[1] !== "0")
        .map(({ path }) => path);
      const arrays = new Set(
        places.filter(({ path }) => path[1] === "0").map(({ path }) => path[0]),
      );
      const usable = own.filter(([section]) => !arrays.has(section));
      const [section = "new", known = "x"] = usable[random.between(0, usable.length)] ?? [];
      const key = random.pick([known, "fresh", "fresh key"]);
      const value = random.pick(values);
      const edited = setKey(text, section, key, value);
      expect({ seed, value: valueAt(edited, [section, key]) }).toEqual({ seed, value });
      const lines = edited.split(/\r?\n/).map((line) => line.trim());
      expect(lines.filter((line) => remarks.includes(line))).toEqual([...remarks]);
      // Once more is the same, and taking it out undoes it for whoever reads the file.
      expect(setKey(edited, section, key, value)).toBe(edited);
      const removed = removeKey(edited, section, key);
      expect(valueAt(removed, [section, key])).toBeUndefined();
      expect(removed.split(/\r?\n/).filter((line) => remarks.includes(line.trim()))).toHaveLength(
        remarks.length,
      );
    }
  });
});

test.each([
  [-0, "0"],
  [1e-7, "1e-7"],
  ["\u007f\u0000", String.raw`"\u007f\u0000"`],
  [["a"], '["a"]'],
])("%j is written as %s", (value, written) => {
  expect(formatTomlValue(value)).toBe(written);
});

test.each([[Number.NaN], [Infinity], [2 ** 60], ["\ud800"]])("%p cannot be written", (value) => {
  expect(() => formatTomlValue(value)).toThrow();
});
