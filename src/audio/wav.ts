/**
 * Reads WAV recordings, also the broken ones that exchanges write, and writes plain ones. Lengths in
 * the file are claims: what counts is the bytes that are there.
 */
import { quote } from "../core/errors.ts";
import { sanitiseSamples } from "./sanitise.ts";
import { parseWavFormat, sampleReaderOf, wavError, type WavFormat } from "./wav-format.ts";

export interface WavAudio {
  readonly sampleRateHz: number;
  /** As in the file; `samples` is mono, the average of all channels. */
  readonly channels: number;
  /** -1..1. */
  readonly samples: Float32Array;
}

interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

interface WavChunks {
  readonly format: ByteSpan | undefined;
  readonly data: ByteSpan | undefined;
}

/** A sentinel that streaming writers leave where they could not know the length. */
const unknownLength = 0xffff_ffff;

/**
 * Decodes a whole file: PCM of 8, 16, 24 or 32 bits, float of 32 or 64, G.711 of either law. Throws
 * a WildfireError that quotes `name` and what is wrong.
 */
export function decodeWav(bytes: Uint8Array, name: string): WavAudio {
  const what = quote(name, 80);
  requireRiff(bytes, what);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = findChunks(view);
  if (chunks.format === undefined) throw wavError(`${what} has no format chunk`);
  const { start, end } = chunks.format;
  const format = parseWavFormat(
    new DataView(bytes.buffer, bytes.byteOffset + start, end - start),
    what,
  );
  if (chunks.data === undefined) throw wavError(`${what} has no data chunk`);
  const samples = decodeSamples(view, chunks.data, format);
  if (samples.length === 0) throw wavError(`${what} holds no sound`);
  sanitiseSamples(samples);
  return { sampleRateHz: format.sampleRateHz, channels: format.channels, samples };
}

/** Length of a recording. */
export function wavDurationMs(audio: WavAudio): number {
  return (audio.samples.length * 1_000) / audio.sampleRateHz;
}

/** For people: `2.69 s, 16000 Hz, mono`. */
export function describeWav(audio: WavAudio): string {
  const seconds = (wavDurationMs(audio) / 1_000).toFixed(2);
  return `${seconds} s, ${audio.sampleRateHz} Hz, ${describeChannels(audio.channels)}`;
}

function describeChannels(channels: number): string {
  if (channels === 1) return "mono";
  return channels === 2 ? "stereo" : `${channels} channels`;
}

function requireRiff(bytes: Uint8Array, what: string): void {
  if (bytes.length === 0) throw wavError(`${what} is empty`);
  const tag = readTag(bytes, 0);
  if ((tag === "RIFF" || tag === "RF64") && readTag(bytes, 8) === "WAVE") return;
  const other = otherFormatName(bytes);
  if (other !== undefined) throw wavError(`${what} is ${other}, not a WAV file`);
  throw wavError(`${what} is not a WAV file: it starts with ${quote(tag)}`);
}

function otherFormatName(bytes: Uint8Array): string | undefined {
  const tag = readTag(bytes, 0);
  if (tag === "OggS") return "an Ogg file";
  if (tag === "fLaC") return "a FLAC file";
  if (tag === "FORM") return "an AIFF file";
  if (tag === ".snd") return "an AU file";
  if (tag === "RIFX") return "a big-endian RIFX file";
  if (tag === "RIFF") return `a RIFF file of kind ${quote(readTag(bytes, 8))}`;
  if (readTag(bytes, 4) === "ftyp") return "an MP4 file";
  const isMpegFrame = bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0;
  return tag.startsWith("ID3") || isMpegFrame ? "an MP3 file" : undefined;
}

/** Walks the chunks up to the first format and data chunk, in either order. */
function findChunks(view: DataView): WavChunks {
  let format: ByteSpan | undefined;
  let data: ByteSpan | undefined;
  let at = 12;
  while (at + 8 <= view.byteLength && (format === undefined || data === undefined)) {
    const tag = tagAt(view, at);
    const start = at + 8;
    const end = tag === "data" ? dataEnd(view, at) : chunkEnd(view, at);
    if (tag === "fmt ") format ??= { start, end };
    if (tag === "data") data ??= { start, end };
    at = nextChunk(view, end, end - start);
  }
  return { format, data };
}

function chunkEnd(view: DataView, at: number): number {
  return Math.min(at + 8 + view.getUint32(at + 4, true), view.byteLength);
}

/** A writer that was cut off, or that streamed, left 0 or all ones: then the rest is the data. */
function dataEnd(view: DataView, at: number): number {
  const length = view.getUint32(at + 4, true);
  const isPatched = length !== unknownLength && (length !== 0 || isChunkAt(view, at + 8));
  return isPatched ? chunkEnd(view, at) : view.byteLength;
}

/** Chunks start at even offsets, except in files of writers that forget the padding byte. */
function nextChunk(view: DataView, end: number, length: number): number {
  if (length % 2 === 0) return end;
  return isChunkAt(view, end) && !isChunkAt(view, end + 1) ? end : end + 1;
}

/** Whether a well-formed chunk that fits into the file starts here. */
function isChunkAt(view: DataView, at: number): boolean {
  if (at + 8 > view.byteLength) return false;
  if (!/^[A-Za-z0-9 ]{4}$/.test(tagAt(view, at))) return false;
  return at + 8 + view.getUint32(at + 4, true) <= view.byteLength;
}

function decodeSamples(view: DataView, data: ByteSpan, format: WavFormat): Float32Array {
  const { channels, sampleBytes } = format;
  const read = sampleReaderOf(format);
  const frameBytes = channels * sampleBytes;
  const samples = new Float32Array(Math.floor((data.end - data.start) / frameBytes));
  for (let frame = 0; frame < samples.length; frame += 1) {
    const at = data.start + frame * frameBytes;
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) {
      sum += read(view, at + channel * sampleBytes);
    }
    samples[frame] = sum / channels;
  }
  return samples;
}

function tagAt(view: DataView, at: number): string {
  return readTag(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
}

function readTag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
