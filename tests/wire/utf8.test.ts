import { expect, test } from "bun:test";
import { isUtf8 } from "../../src/wire/utf8.ts";

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test("agrees with the strict decoder on each pair of bytes", () => {
  for (let pair = 0; pair <= 0xffff; pair += 1) {
    const bytes = Uint8Array.of(pair >> 8, pair & 0xff);
    if (isUtf8(bytes) !== decodes(bytes)) throw new Error(`judged otherwise: ${bytes.join(" ")}`);
  }
});

test("agrees with the strict decoder at the limits of longer sequences", () => {
  const limits = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  const tails = [[], [0x80], [0xbf], [0xc0], [0x41, 0x41]];
  for (const lead of [0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5]) {
    const starts = limits.flatMap((second) => limits.map((third) => [lead, second, third]));
    const sequences = starts.flatMap((start) => tails.map((tail) => [...start, ...tail]));
    for (const sequence of sequences) {
      const bytes = Uint8Array.from(sequence);
      expect([...sequence, isUtf8(bytes)]).toEqual([...sequence, decodes(bytes)]);
    }
  }
});

test("each character of Unicode is valid", () => {
  for (let code = 0; code <= 0x10ffff; code += 97) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    expect(isUtf8(new TextEncoder().encode(String.fromCodePoint(code)))).toBe(true);
  }
});
