import { describe, expect, test } from "bun:test";
import { type NativeToken, spreadTokens, wordsOf } from "../../src/whisper/native-words.ts";

const encoder = new TextEncoder();

interface TokenDraft {
  readonly text: string | Uint8Array;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly logProbability?: number;
}

function segmentOf(drafts: readonly (string | TokenDraft)[], endMs = 1000) {
  const bytes: Uint8Array[] = [];
  const tokens: NativeToken[] = drafts.map((draft) => {
    const { text, ...times } = typeof draft === "string" ? { text: draft } : draft;
    const data = typeof text === "string" ? encoder.encode(text) : text;
    bytes.push(data);
    const usual = { startMs: 0, endMs, logProbability: 0 };
    return { ...usual, ...times, textBytes: data.byteLength };
  });
  return { startMs: 0, endMs, tokens, text: new Uint8Array(Buffer.concat(bytes)) };
}

const textsOf = (drafts: readonly (string | TokenDraft)[]): readonly string[] =>
  wordsOf(segmentOf(drafts)).map((word) => word.text);

describe("words", () => {
  const cases: readonly (readonly [
    rule: string,
    tokens: readonly string[],
    words: readonly string[],
  ])[] = [
    ["begin at a space", [" two", " four"], ["two", "four"]],
    [
      "take in tokens without a space, punctuation among them",
      [" ext", "ension", "."],
      ["extension."],
    ],
    ["begin with the segment, space or not", ["Two", " four"], ["Two", "four"]],
    ["are not empty", [" ", " ", " two", "\n"], ["two"]],
    ["follow a space that is a token of its own", [" ", "two", " ", "four"], ["two", "four"]],
    ["are a whole segment in a language without spaces", ["你好", "吗"], ["你好吗"]],
    ["are none where there is no text", [], []],
  ];
  for (const [rule, tokens, words] of cases) {
    test(rule, () => {
      expect(textsOf(tokens)).toEqual(words);
    });
  }

  test("join characters that are spread over tokens", () => {
    const [first = 0, ...rest] = encoder.encode("é");
    const half = Uint8Array.of(0x20, first);
    expect(textsOf([{ text: half }, { text: Uint8Array.from(rest) }])).toEqual(["é"]);
  });

  test("have the geometric mean of their tokens as probability", () => {
    const half = Math.log(0.5);
    const eighth = Math.log(0.125);
    const tokens = [
      { text: " a", logProbability: half },
      { text: "b", logProbability: eighth },
    ];
    expect(wordsOf(segmentOf(tokens))[0]?.probability).toBeCloseTo(0.25, 6);
  });

  test("stay inside their segment, and never go back in time", () => {
    const tokens = [
      { text: " a", startMs: -10, endMs: 400 },
      { text: " b", startMs: 300, endMs: 200 },
      { text: " c", startMs: 500, endMs: 90_000 },
      { text: " d", startMs: 80_000, endMs: 90_000 },
    ];
    expect(wordsOf(segmentOf(tokens)).map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 400],
      [400, 400],
      [500, 1000],
      [1000, 1000],
    ]);
  });
});

describe("tokens that are spread over a segment", () => {
  test("take time in proportion to their texts", () => {
    const spread = spreadTokens(segmentOf([" a", "bcd", " efgh ij"], 1300));
    expect(spread.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 200],
      [200, 500],
      [500, 1300],
    ]);
  });

  test("take none where there is none", () => {
    expect(spreadTokens(segmentOf([""], 1000))).toMatchObject([{ startMs: 0, endMs: 0 }]);
    expect(spreadTokens(segmentOf([" a"], 0))).toMatchObject([{ startMs: 0, endMs: 0 }]);
  });
});
