/** However the bytes of a stream come, its decoder tells the same. */
import { expect, test } from "bun:test";
import type { FrameRecord } from "./frame-recorders.ts";

export function testAllCuts(
  decode: (...pieces: readonly Uint8Array[]) => readonly FrameRecord[],
  whole: Uint8Array,
  expected: readonly FrameRecord[],
): void {
  test("in one piece", () => {
    expect(decode(whole)).toEqual(expected);
  });

  test("byte by byte", () => {
    expect(decode(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test("cut in two at every place", () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(decode(whole.subarray(0, cut), whole.subarray(cut))).toEqual(expected);
    }
  });

  test("from any byte offset of a larger buffer", () => {
    for (let offset = 0; offset < 4; offset += 1) {
      const larger = new Uint8Array(whole.length + offset);
      larger.set(whole, offset);
      expect(decode(larger.subarray(offset))).toEqual(expected);
    }
  });
}
