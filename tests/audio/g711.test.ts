import { describe, expect, test } from "bun:test";
import {
  aLawToLinear,
  decodeALaw,
  decodeMuLaw,
  encodeALaw,
  encodeMuLaw,
  linearToALaw,
  linearToMuLaw,
  muLawToLinear,
  toLinear16,
} from "../../src/audio/g711.ts";

interface Law {
  readonly name: string;
  readonly expand: (code: number) => number;
  readonly compress: (value: number) => number;
  /** Largest decoder output. */
  readonly largest: number;
  /** Above this, the encoder clips. */
  readonly overload: number;
  /** Width of the interval that a code stands for. */
  readonly step: (code: number) => number;
  /** The only code that another code says better: minus zero. */
  readonly redundant: readonly number[];
}

const laws: readonly Law[] = [
  {
    name: "mu-law",
    expand: muLawToLinear,
    compress: linearToMuLaw,
    largest: 32_124,
    overload: 32_635,
    step: (code) => 8 << ((~code >> 4) & 7),
    redundant: [0x7f],
  },
  {
    name: "A-law",
    expand: aLawToLinear,
    compress: linearToALaw,
    largest: 32_256,
    overload: 32_767,
    step: (code) => 16 << Math.max(0, (((code ^ 0x55) >> 4) & 7) - 1),
    redundant: [],
  },
];

const codes = Array.from({ length: 256 }, (_, code) => code);

describe.each(laws)("$name", ({ expand, compress, largest, overload, step, redundant }) => {
  test("each of the 256 codes survives decoding and encoding", () => {
    const changed = codes.filter((code) => compress(expand(code)) !== code);
    expect(changed).toEqual([...redundant]);
  });

  test("each of the 65536 values comes back within half the step of its code", () => {
    for (let value = -32_768; value <= 32_767; value += 1) {
      const code = compress(value);
      const clipped = Math.sign(value) * Math.min(Math.abs(value), overload);
      expect(Math.abs(expand(code) - clipped)).toBeLessThanOrEqual(step(code) / 2);
    }
  });

  test("louder in is never softer out, and signs are kept", () => {
    let previous = -largest;
    for (let value = -32_768; value <= 32_767; value += 1) {
      const decoded = expand(compress(value));
      expect(decoded).toBeGreaterThanOrEqual(previous);
      if (Math.abs(value) > 8) expect(Math.sign(decoded)).toBe(Math.sign(value));
      previous = decoded;
    }
    expect(previous).toBe(largest);
    expect(expand(compress(-32_768))).toBe(-largest);
  });
});

test.each([
  [0, 0xff, 0xd5],
  [-1, 0x7f, 0x55],
  [32_767, 0x80, 0xaa],
  [-32_768, 0x00, 0x2a],
  [1_000, 0xce, 0xfa],
  [-1_000, 0x4e, 0x7a],
])("the linear value %i is %i in mu-law and %i in A-law", (value, muLaw, aLaw) => {
  expect(linearToMuLaw(value)).toBe(muLaw);
  expect(linearToALaw(value)).toBe(aLaw);
});

test("arrays: decoding gives -1..1, encoding gives the codes back, and into given memory", () => {
  const all = Uint8Array.from(codes);
  const pairs = [
    {
      decode: decodeMuLaw,
      encode: encodeMuLaw,
      expected: all.map((code) => (code === 0x7f ? 0xff : code)),
    },
    { decode: decodeALaw, encode: encodeALaw, expected: all },
  ];
  for (const { decode, encode, expected } of pairs) {
    const samples = new Float32Array(256);
    expect(decode(all, samples)).toBe(samples);
    expect(decode(all)).toEqual(samples);
    expect(Math.max(...samples)).toBeLessThan(1);
    const again = new Uint8Array(256);
    expect(encode(samples, again)).toBe(again);
    expect(again).toEqual(expected);
    expect(encode(samples)).toEqual(expected);
  }
});

test.each([
  [0, 0],
  [1, 32_767],
  [7, 32_767],
  [Number.POSITIVE_INFINITY, 32_767],
  [-1, -32_768],
  [Number.NEGATIVE_INFINITY, -32_768],
  [0.5, 16_384],
  [1.4 / 32_768, 1],
  [Number.NaN, 0],
])("the sample %p is %i in 16 bits", (sample, expected) => {
  expect(toLinear16(sample)).toBe(expected);
});
