import { describe, expect, test } from "bun:test";
import { encodeNetstring, NetstringDecoder } from "./netstrings.ts";

describe("netstrings", () => {
  test("are read as they were written, whole, in pieces and several at once", () => {
    const bytes = Buffer.concat(["", "hällo", '{"a":"1:x,"}'].map((text) => encodeNetstring(text)));
    for (const piece of [1, 3, bytes.length]) {
      const decoder = new NetstringDecoder();
      const texts: string[] = [];
      for (let at = 0; at < bytes.length; at += piece) {
        texts.push(...decoder.push(bytes.subarray(at, at + piece)));
      }
      expect(texts).toEqual(["", "hällo", '{"a":"1:x,"}']);
    }
  });

  test.each(["hello", "-1:a,", "99999999:"])("%j is refused", (text) => {
    expect(() => new NetstringDecoder().push(Buffer.from(text))).toThrow();
  });
});
