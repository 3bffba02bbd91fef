import { expect, test } from "bun:test";
import { toldUtterances } from "../../src/history/told-utterances.ts";

/** `w 100 one`: whisper tells "one" at 100. */
function told(...rows: readonly string[]): string[] {
  const names: Readonly<Record<string, string>> = { w: "whisper", s: "sip", a: "audiosocket" };
  const utterances = rows.map((row) => {
    const [, name = "", at = "", text = ""] = /^(\w) (\d+) ?(.*)$/.exec(row) ?? [];
    return { service: names[name] ?? name, atMs: Number(at), text };
  });
  return toldUtterances(utterances).map(({ service, atMs, text }) => {
    return `${service.slice(0, 1)} ${atMs} ${text}`.trim();
  });
}

test.each([
  ["nobody told any", [], []],
  ["both told all: whisper knows more", ["w 100 one", "s 101 one"], ["w 100 one"]],
  ["only the telephone did", ["s 100 one", "s 200 two"], ["s 100 one", "s 200 two"]],
  [
    "whisper died before its last text was read",
    ["w 100 one", "s 101 one", "s 2000 two"],
    ["w 100 one", "s 2000 two"],
  ],
  [
    "whisper missed one in the middle",
    ["s 9 a", "w 10 a", "s 5000 b", "w 9000 c", "s 9001 c"],
    ["w 10 a", "s 5000 b", "w 9000 c"],
  ],
  [
    "the same words twice are two utterances",
    ["w 100 yes", "s 100 yes", "s 2500 yes"],
    ["w 100 yes", "s 2500 yes"],
  ],
  [
    "the same words much later are another one",
    ["w 100 yes", "s 9000 yes"],
    ["w 100 yes", "s 9000 yes"],
  ],
  ["white space is no difference", ["w 100 one", "s 100 one "], ["w 100 one"]],
  [
    "whisper's failures are shown, and the telephone's empty texts mean nothing",
    ["w 100", "s 200"],
    ["w 100"],
  ],
  ["any way in will do", ["a 100 one", "w 4000 two", "a 4001 two"], ["a 100 one", "w 4000 two"]],
])("%s", (_name, rows, expected) => {
  expect(told(...rows)).toEqual(expected);
});
