import { expect, test } from "bun:test";
import { toSpeakable } from "../../../src/llama-bridge/speakable/speakable.ts";

const rows: readonly (readonly [written: string, spoken: string])[] = [
  ["# Opening hours\nWe are open.", "Opening hours. We are open."],
  ["## Closed ##", "Closed."],
  ["**bold**, *it*, __u__, ~~gone~~", "bold, it, u, gone"],
  ["half **of an emphasis", "half of an emphasis"],
  ["- apples\n- pears", "apples. pears."],
  ["* one\n  * nested\n+ two", "one. nested. two."],
  ["1. First\n2) Second", "one: First. two: Second."],
  ["- [ ] open\n- [x] done", "open. done."],
  ["> quoted text", "quoted text."],
  ["> - deep\n> - deeper", "deep. deeper."],
  ['[our site](https://example.com/a_(b) "t") helps', "our site helps"],
  ["![a cat](cat.png) sits", "a cat sits"],
  ["see [the list][1] and note[^2]", "see the list and note"],
  ["`npm start` runs it", "npm start runs it"],
  ["a\n\n---\n\nb", "a. b"],
  ["Try:\n```js\nfoo();\n```\nDone.", "Try: I leave out some code here. Done."],
  ["| Day | Time |\n|-----|:----:|\n| Monday | noon |", "Day, Time. Monday, noon."],
  ["wrapped\nline", "wrapped line"],
  ["first line\nSecond line", "first line. Second line"],
  ["5 * 3 * 2", "five times three times two"],
  ["snake_case", "snake case"],
  [String.raw`\*not emphasis\*`, "not emphasis"],
  ["<b>bold</b> and <speak>x</speak>", "bold and x"],
  ['<break time="900s"/>go', "go"],
  ["&lt;speak&gt;go &amp; stop", "go and stop"],
  ["<!-- hidden -->seen", "seen"],
  ["a < b > c", "a is less than b is greater than c"],
  ["Hi 👍🏽 there 🇩🇪!", "Hi there!"],
  ["a\u0000b\u0007c\u202Ed", "a b cd"],
  ["lone \ud83d half", "lone half"],
  ["1️⃣ first", "one first"],
  ["", ""],
  ["---", ""],
  ["👍", ""],
  ["?!", ""],
];

test.each(rows.map(([written, spoken]) => [written, spoken] as const))(
  "%j is spoken as %j",
  (written, spoken) => {
    expect(toSpeakable(written, "en")).toBe(spoken);
  },
);

test("a language without rules loses what is harmful and nothing else", () => {
  expect(toSpeakable("**Bonjour** <b>à</b> 10 h 30 👍", "fr")).toBe("Bonjour à 10 h 30");
  expect(toSpeakable("今日は。", "ja")).toBe("今日は。");
});
