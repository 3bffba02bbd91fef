/** Texts of many lines, as an administrator types them: written so that a reader can read them, and read back exactly. */
import { describe, expect, test } from "bun:test";
import { setKey } from "../../src/config/toml-edit.ts";
import { isTable, parseToml } from "../../src/config/toml-parse.ts";
import { formatTomlValue } from "../../src/config/toml-value.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

function promptIn(text: string): unknown {
  const parsed = parseToml(text);
  const section = parsed.ok ? parsed.table["llama"] : undefined;
  return isTable(section) ? section["prompt"] : undefined;
}

test("stand between three quotation marks, line by line", () => {
  const written = formatTomlValue('You are "Ada".\n\n\tBe brief.\n');
  expect(written).toBe('"""\nYou are "Ada".\n\n\tBe brief.\n"""');
});

const files: Readonly<Record<string, string>> = {
  "an empty one": "",
  "one with the key": '[llama]\nprompt = "x" # mine\nport = 1\n',
  "one with other lines": '[llama]\nprompt = """\n[sip]\n""" # mine\nport = 1\n',
  "one with the key as a remark": '[llama]\n# prompt = "TEXT"\n\nport = 1\n',
  "an indented one": "[llama]\n    port = 1\n",
  "one of another system": '[llama]\r\nprompt = "x"\r\nport = 1\r\n',
  "one with braces": 'llama = { prompt = "x", port = 1 }\n',
};

const texts: Readonly<Record<string, string>> = {
  "three quotation marks": 'Say """ and """" and """""" now\n"""',
  "quotation marks at its ends": '"\n"',
  "backslashes at ends of lines": "C:\\new\\\n\\",
  "carriage returns": "one\r\ntwo\rthree\n",
  tabs: "\tone\n\t\ttwo\t\n",
  "blanks around it": "  \n one \n  ",
  "line breaks alone": "\n\n\n",
  emoji: "Be kind 😀👩‍👩‍👧 and Ünïcode\n日本語\n",
  "control characters": "\u0000\u0001\u001b[0m\u007f\n\u0085\u2028\uFEFF",
  "what looks like TOML": "[sip]\nline = [\"a\"]\n# no remark\n'''\n",
  "places and JSON": '{caller} {"a": [1]}\n{date}',
  "8,000 characters": `${"It is long. ".repeat(10)}\n`.repeat(80).slice(0, 8000),
};

describe.each(Object.entries(files))("into %s", (_, file) => {
  test.each(Object.entries(texts))("%s come back as they were", (_name, text) => {
    const edited = setKey(file, "llama", "prompt", text);
    expect(promptIn(edited)).toBe(text);
    expect(setKey(edited, "llama", "prompt", text)).toBe(edited);
    if (file.includes("# mine")) expect(edited).toContain("# mine");
  });
});

test("any text comes back as it was", () => {
  const marks = ['"', '""', '"""', "'", "'''", "\\", "\\n", "\\u0041", "#", "=", "[x]", "{a}"];
  const blanks = ["\n", "\n\n", "\r", "\r\n", "\t", " ", "  \n", "\u0085", "\u2028", "\uFEFF"];
  const others = ["a", "é", "😀", "\u0000", "\u007f", "\b", "\f", "\u001b"];
  const pieces = [...marks, ...blanks, ...others];
  for (let seed = 1; seed <= 3000; seed += 1) {
    const random = new SeededRandom(seed);
    const length = random.between(1, 24);
    const text = Array.from({ length }, () => pieces[random.between(0, pieces.length - 1)]).join(
      "",
    );
    const read = promptIn(`[llama]\nprompt = ${formatTomlValue(text)}\nport = 1\n`);
    expect({ seed, read }).toEqual({ seed, read: text });
  }
});
