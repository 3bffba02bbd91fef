/** The format chunk of a WAV file: which sample encodings are understood, and how each is read. */
import { WildfireError } from "../core/errors.ts";
import { aLawToLinear, muLawToLinear } from "./g711.ts";

export type SampleEncoding = "pcm-unsigned-8" | "pcm" | "float" | "mu-law" | "a-law";

export interface WavFormat {
  readonly encoding: SampleEncoding;
  readonly channels: number;
  readonly sampleRateHz: number;
  /** Bytes of one sample of one channel, padding within the container included. */
  readonly sampleBytes: number;
}

/** Reads one sample at a byte offset, as -1..1. */
export type SampleReader = (view: DataView, at: number) => number;

const extensibleTag = 0xfffe;

const unsupportedNames: Readonly<Record<number, string>> = {
  0x0002: "Microsoft ADPCM",
  0x0011: "IMA ADPCM",
  0x0014: "G.723",
  0x0031: "GSM 6.10",
  0x0040: "G.721",
  0x0045: "G.726",
  0x0050: "MPEG",
  0x0055: "MP3",
  0x0064: "G.726",
  0x0083: "G.729",
  0x028f: "G.722",
};

const convertHint = "convert it: ffmpeg -i IN -ac 1 -ar 16000 -c:a pcm_s16le OUT.wav";

/** Reads the body of a `fmt ` chunk; throws an error whose message starts with `what`. */
export function parseWavFormat(chunk: DataView, what: string): WavFormat {
  if (chunk.byteLength < 16) {
    throw wavError(`${what} has a format chunk of ${chunk.byteLength} bytes instead of 16 or more`);
  }
  const tag = chunk.getUint16(0, true);
  const channels = chunk.getUint16(2, true);
  const sampleRateHz = chunk.getUint32(4, true);
  const frameBytes = chunk.getUint16(12, true);
  const bits = chunk.getUint16(14, true);
  if (channels < 1 || channels > 8) throw wavError(`${what} has ${channels} channels`);
  if (sampleRateHz < 1_000 || sampleRateHz > 384_000) {
    throw wavError(`${what} has a sample rate of ${sampleRateHz} Hz`);
  }
  // The real tag of an extensible format is the start of its GUID.
  const isExtensible = tag === extensibleTag && chunk.byteLength >= 26;
  const encodingTag = isExtensible ? chunk.getUint16(24, true) : tag;
  const encoding = encodingOf(encodingTag, bits);
  if (encoding === undefined) {
    throw wavError(`${what} holds ${describeEncoding(encodingTag, bits)}, which is not understood`);
  }
  const sampleBytes = containerBytes(frameBytes / channels, bits, encoding);
  return { encoding, channels, sampleRateHz, sampleBytes };
}

/** The reader for a format's samples; wider containers hold the sample in their upper bits. */
export function sampleReaderOf(format: WavFormat): SampleReader {
  switch (format.encoding) {
    case "pcm-unsigned-8":
      return (view, at) => (view.getUint8(at) - 128) / 128;
    case "mu-law":
      return (view, at) => muLawToLinear(view.getUint8(at)) / 32_768;
    case "a-law":
      return (view, at) => aLawToLinear(view.getUint8(at)) / 32_768;
    case "float":
      if (format.sampleBytes === 8) return (view, at) => view.getFloat64(at, true);
      return (view, at) => view.getFloat32(at, true);
    case "pcm":
      return pcmReader(format.sampleBytes);
  }
}

function pcmReader(sampleBytes: number): SampleReader {
  if (sampleBytes === 2) return (view, at) => view.getInt16(at, true) / 32_768;
  if (sampleBytes === 3) {
    return (view, at) => (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 8_388_608;
  }
  return (view, at) => view.getInt32(at, true) / 2_147_483_648;
}

function encodingOf(tag: number, bits: number): SampleEncoding | undefined {
  switch (tag) {
    case 1:
      return pcmEncodingOf(bits);
    case 3:
      return bits === 32 || bits === 64 ? "float" : undefined;
    // Some recorders give the laws 16 bits, meaning the sound before compression.
    case 6:
      return bits === 8 || bits === 16 ? "a-law" : undefined;
    case 7:
      return bits === 8 || bits === 16 ? "mu-law" : undefined;
    default:
      return undefined;
  }
}

function pcmEncodingOf(bits: number): SampleEncoding | undefined {
  if (bits < 1 || bits > 32) return undefined;
  return bits <= 8 ? "pcm-unsigned-8" : "pcm";
}

/** From the frame size where it makes sense (24 bits in 4 bytes), else from the number of bits. */
function containerBytes(declared: number, bits: number, encoding: SampleEncoding): number {
  if (encoding === "float") return bits / 8;
  if (encoding !== "pcm") return 1;
  const needed = Math.ceil(bits / 8);
  return Number.isInteger(declared) && declared >= needed && declared <= 4 ? declared : needed;
}

function describeEncoding(tag: number, bits: number): string {
  const known = unsupportedNames[tag];
  if (known !== undefined) return `${known} sound`;
  if (tag === 1 || tag === 3) return `${bits}-bit ${tag === 1 ? "PCM" : "float"} sound`;
  return `sound of format 0x${tag.toString(16).padStart(4, "0")}`;
}

export function wavError(message: string): WildfireError {
  return new WildfireError("audio", message, { hint: convertHint });
}
