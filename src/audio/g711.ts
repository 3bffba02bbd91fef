/** ITU-T G.711: mu-law and A-law, by tables made once from the definitions. */

/** Linear values are 16-bit: mu-law fills 14 of the bits, A-law 13, left-justified. */
const fullScale = 32_768;

/** G.711 section 3, mu-law: what is added before the segment is found, in 14-bit units. */
const muLawBias = 33;
const muLawLargest = 0x1fff;

const muLawLinear = Int16Array.from({ length: 256 }, (_, code) => expandMuLaw(code));
const aLawLinear = Int16Array.from({ length: 256 }, (_, code) => expandALaw(code));
const muLawFloat = Float32Array.from(muLawLinear, (value) => value / fullScale);
const aLawFloat = Float32Array.from(aLawLinear, (value) => value / fullScale);

/** Codes of positive values, by 13-bit magnitude. */
const muLawCodes = Uint8Array.from({ length: 8_192 }, (_, magnitude) => compressMuLaw(magnitude));
/** Codes of positive values, by 11-bit magnitude. */
const aLawCodes = Uint8Array.from({ length: 2_048 }, (_, magnitude) => compressALaw(magnitude));

/** The 16-bit value of a mu-law byte. */
export function muLawToLinear(code: number): number {
  return muLawLinear[code & 0xff] ?? 0;
}

/** The 16-bit value of an A-law byte. */
export function aLawToLinear(code: number): number {
  return aLawLinear[code & 0xff] ?? 0;
}

/** The mu-law byte for a 16-bit value. */
export function linearToMuLaw(value: number): number {
  // The complement, not the negation: -1 then mirrors 0, and -32768 stays in range.
  const magnitude = (value < 0 ? ~value : value) >> 2;
  const code = muLawCodes[magnitude] ?? 0;
  return value < 0 ? code & 0x7f : code;
}

/** The A-law byte for a 16-bit value. */
export function linearToALaw(value: number): number {
  const magnitude = (value < 0 ? ~value : value) >> 4;
  const code = aLawCodes[magnitude] ?? 0;
  return value < 0 ? code ^ 0x80 : code;
}

/** Decodes into `out` (at least as long as `codes`), or into a new array; -1..1. */
export function decodeMuLaw(codes: Uint8Array, out?: Float32Array): Float32Array {
  return decodeByTable(codes, muLawFloat, out);
}

/** Decodes into `out` (at least as long as `codes`), or into a new array; -1..1. */
export function decodeALaw(codes: Uint8Array, out?: Float32Array): Float32Array {
  return decodeByTable(codes, aLawFloat, out);
}

/** Encodes into `out` (at least as long as `samples`), or into a new array. */
export function encodeMuLaw(samples: Float32Array, out?: Uint8Array): Uint8Array {
  const codes = out ?? new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index += 1) {
    codes[index] = linearToMuLaw(toLinear16(samples[index] ?? 0));
  }
  return codes;
}

/** Encodes into `out` (at least as long as `samples`), or into a new array. */
export function encodeALaw(samples: Float32Array, out?: Uint8Array): Uint8Array {
  const codes = out ?? new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index += 1) {
    codes[index] = linearToALaw(toLinear16(samples[index] ?? 0));
  }
  return codes;
}

/** -1..1 to 16 bits, rounded to the nearest and limited; NaN becomes 0. */
export function toLinear16(sample: number): number {
  const scaled = Math.round(sample * fullScale);
  if (scaled >= 32_767) return 32_767;
  if (scaled <= -32_768) return -32_768;
  return scaled | 0;
}

function decodeByTable(codes: Uint8Array, table: Float32Array, out?: Float32Array): Float32Array {
  const samples = out ?? new Float32Array(codes.length);
  for (let index = 0; index < codes.length; index += 1) {
    samples[index] = table[codes[index] ?? 0] ?? 0;
  }
  return samples;
}

/** G.711 table 2: inverted bits; sign, three of segment, four of interval. */
function expandMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const segment = (bits >> 4) & 7;
  const interval = bits & 15;
  const magnitude = ((2 * interval + muLawBias) << segment) - muLawBias;
  return (bits & 0x80) === 0 ? magnitude * 4 : magnitude * -4;
}

/** G.711 table 1: even bits inverted; a set sign bit is positive; the first two segments are equal. */
function expandALaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const interval = bits & 15;
  const halfSteps = segment === 0 ? 2 * interval + 1 : (2 * interval + 33) << (segment - 1);
  return (bits & 0x80) === 0 ? halfSteps * -8 : halfSteps * 8;
}

/** The code of a positive value, given in 14-bit units. */
function compressMuLaw(magnitude: number): number {
  const biased = Math.min(magnitude + muLawBias, muLawLargest);
  const segment = Math.max(0, 31 - Math.clz32(biased) - 5);
  const interval = (biased >> (segment + 1)) & 15;
  return ~((segment << 4) | interval) & 0xff;
}

/** The code of a positive value, given in units of 1/2048 of full scale. */
function compressALaw(magnitude: number): number {
  const segment = magnitude < 32 ? magnitude >> 4 : 31 - Math.clz32(magnitude) - 3;
  const interval = segment === 0 ? magnitude & 15 : (magnitude >> (segment - 1)) & 15;
  return ((segment << 4) | interval | 0x80) ^ 0x55;
}
