import { describe, expect, test } from "bun:test";
import { decodeResult } from "../../src/whisper/native-results.ts";
import { bytesOf } from "./native-bytes.ts";

const german = "de\0\0\0\0\0\0";
const audioMs = 2000;

/** Segments: start, end, tokens, bytes of text. */
const segment = (...numbers: readonly [number, number, number, number]): Uint8Array => {
  const [startMs, endMs, tokens, textBytes] = numbers;
  return bytesOf(24, startMs, endMs, -0.5, tokens, textBytes);
};
const token = (startMs: number, endMs: number, textBytes: number): Uint8Array =>
  bytesOf(20, startMs, endMs, -0.125, textBytes);

describe("a result", () => {
  test("gives its segments their texts and words, and half a character becomes a mark", () => {
    const header = bytesOf(28, 2, 3, 9, 0.25, german);
    const segments = [segment(0, 1200, 2, 5), segment(1200, 2000, 1, 4)];
    const tokens = [token(100, 300, 4), token(300, 1000, 1), token(1300, 1900, 4)];
    const texts = bytesOf(" hé", "y", " é", Uint8Array.of(0xc3));
    const result = decodeResult(bytesOf(header, ...segments, ...tokens, texts), audioMs);
    expect(result).toEqual({
      language: "de",
      noSpeechProbability: 0.25,
      segments: [
        {
          startMs: 0,
          endMs: 1200,
          text: " héy",
          averageLogProbability: -0.5,
          words: [{ text: "héy", startMs: 100, endMs: 1000, probability: Math.exp(-0.125) }],
        },
        {
          startMs: 1200,
          endMs: 2000,
          text: " é\ufffd",
          averageLogProbability: -0.5,
          words: [{ text: "é\ufffd", startMs: 1300, endMs: 1900, probability: Math.exp(-0.125) }],
        },
      ],
    });
  });

  test("without segments is a result", () => {
    const bytes = bytesOf(28, 0, 0, 0, 0.5, "\0\0\0\0\0\0\0\0");
    const expected = { language: "", noSpeechProbability: 0.5, segments: [] };
    expect(decodeResult(bytes, audioMs)).toEqual(expected);
  });

  test("of which the encoder did not see all at once has no no-speech probability", () => {
    const unknown = new Uint8Array(Float32Array.of(-1).buffer);
    const result = decodeResult(bytesOf(28, 0, 0, 0, unknown, german), audioMs);
    expect(result).toEqual({ language: "de", noSpeechProbability: undefined, segments: [] });
  });

  test("ends where the sound ends, also when the model heard a little longer", () => {
    const bytes = bytesOf(28, 1, 1, 4, 0.5, german, segment(0, 2400, 1, 4), token(400, 2300, 4));
    const heard = decodeResult(bytesOf(bytes, " abc"), audioMs);
    expect(heard?.segments[0]).toMatchObject({
      endMs: 2000,
      words: [{ startMs: 400, endMs: 2000 }],
    });
  });

  test("without time stamps, whose segment ends with the window, spreads words over the sound", () => {
    const header = bytesOf(28, 1, 2, 8, 0.5, german, segment(0, 30_000, 2, 8));
    const tokens = [token(900, 2000, 4), token(2000, 2000, 4)];
    const heard = decodeResult(bytesOf(header, ...tokens, " abc def"), audioMs);
    expect(heard?.segments[0]).toMatchObject({
      endMs: 2000,
      words: [
        { text: "abc", startMs: 0, endMs: 1000 },
        { text: "def", startMs: 1000, endMs: 2000 },
      ],
    });
  });

  const damaged = {
    "no bytes": new Uint8Array(0),
    "a cut header": bytesOf(28, 0, 0),
    "fewer segments than announced": bytesOf(28, 3, 0, 0, 0, german),
    "fewer tokens than announced": bytesOf(28, 0, 3, 0, 0, german),
    "less text than announced": bytesOf(28, 0, 0, 4, 0, german, "abc"),
    "billions of segments": bytesOf(28, -1, 0, 0, 0, german),
    "billions of tokens": bytesOf(28, 0, -1, 0, 0, german),
    "a segment with others' tokens": bytesOf(28, 1, 0, 0, 0, german, segment(0, 1, 1, 0)),
    "a segment with more text": bytesOf(28, 1, 0, 0, 0, german, segment(0, 1, 0, 9)),
    "a token of no segment": bytesOf(28, 0, 1, 0, 0, german, token(0, 1, 0)),
    "text of no segment": bytesOf(28, 0, 0, 4, 0, german, "abcd"),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    test(`cannot be ${name}`, () => {
      expect(decodeResult(bytes, audioMs)).toBeUndefined();
    });
  }
});
