/** Reads the body of a speech answer while it comes: raw 16-bit samples, or a WAV file. */
import {
  parseWavFormat,
  type SampleReader,
  sampleReaderOf,
  wavError,
} from "../../audio/wav-format.ts";
import { quote } from "../../core/errors.ts";

export interface SpeechBodyOptions {
  /** Of raw samples, which cannot say it themselves: signed, 16 bits, little-endian, mono. */
  readonly rawRateHz: number;
  /** Samples of -1..1, a view of a reused buffer that is valid during the call only. */
  readonly samples: (samples: Float32Array, rateHz: number) => void;
}

/** How the samples of this body lie in its bytes. */
interface Layout {
  readonly rateHz: number;
  readonly channels: number;
  readonly sampleBytes: number;
  readonly read: SampleReader;
}

const sniffBytes = 12;
/** Chunks of a WAV file in front of its sound; pictures and notes are not read. */
const maxHeaderBytes = 64 * 1024;
const pieceFrames = 2048;
const unknownLength = 0xffff_ffff;

/** Throws a WildfireError from `push` and `finish` for a body that is no sound it understands. */
export class SpeechBody {
  readonly #options: SpeechBodyOptions;
  readonly #piece = new Float32Array(pieceFrames);
  /** Bytes of a header that is not complete, or of a frame that was cut. */
  #kept = new Uint8Array(0);
  #layout: Layout | undefined;
  /** Bytes of sound still to come, as far as the header says. */
  #remaining = Number.POSITIVE_INFINITY;
  #frames = 0;

  constructor(options: SpeechBodyOptions) {
    this.#options = options;
  }

  /** Samples that were handed on. */
  get frames(): number {
    return this.#frames;
  }

  push(bytes: Uint8Array): void {
    const joined = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    this.#kept = new Uint8Array(0);
    if (this.#layout === undefined) this.#begin(joined);
    else this.#take(joined, this.#layout);
  }

  /** Nothing follows. What is left of a frame is forgotten. */
  finish(): void {
    if (this.#layout !== undefined) return;
    if (startsWith(this.#kept, "RIFF")) throw wavError("the WAV answer ends within its header");
    const kept = this.#kept;
    this.#kept = new Uint8Array(0);
    this.#startRaw(kept);
  }

  #begin(bytes: Uint8Array): void {
    if (bytes.length < sniffBytes) {
      this.#kept = bytes.slice();
      return;
    }
    if (!startsWith(bytes, "RIFF")) {
      this.#startRaw(bytes);
      return;
    }
    const header = readWavHeader(bytes);
    if (header === undefined) {
      if (bytes.length > maxHeaderBytes) throw wavError("the WAV answer has too long a header");
      this.#kept = bytes.slice();
      return;
    }
    this.#layout = header.layout;
    this.#remaining = header.soundBytes;
    this.#take(bytes.subarray(header.soundAt), header.layout);
  }

  #startRaw(bytes: Uint8Array): void {
    requireRaw(bytes);
    this.#layout = {
      rateHz: this.#options.rawRateHz,
      channels: 1,
      sampleBytes: 2,
      read: (view, at) => view.getInt16(at, true) / 32_768,
    };
    this.#take(bytes, this.#layout);
  }

  #take(bytes: Uint8Array, layout: Layout): void {
    const { channels, sampleBytes } = layout;
    const frameBytes = channels * sampleBytes;
    const offered = bytes.subarray(0, Math.min(bytes.length, this.#remaining));
    const frames = Math.floor(offered.length / frameBytes);
    const view = new DataView(offered.buffer, offered.byteOffset, offered.byteLength);
    for (let at = 0; at < frames; at += pieceFrames) {
      this.#give(view, { from: at, count: Math.min(pieceFrames, frames - at) }, layout);
    }
    this.#remaining -= frames * frameBytes;
    this.#kept = offered.slice(frames * frameBytes);
  }

  #give(view: DataView, { from, count }: FrameSpan, layout: Layout): void {
    const { channels, sampleBytes, read } = layout;
    for (let index = 0; index < count; index += 1) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel += 1) {
        sum += read(view, ((from + index) * channels + channel) * sampleBytes);
      }
      const sample = sum / channels;
      this.#piece[index] = Number.isFinite(sample) ? Math.min(1, Math.max(-1, sample)) : 0;
    }
    this.#frames += count;
    this.#options.samples(this.#piece.subarray(0, count), layout.rateHz);
  }
}

interface FrameSpan {
  readonly from: number;
  readonly count: number;
}

interface WavHeader {
  readonly layout: Layout;
  readonly soundAt: number;
  /** Infinite where a writer that streamed could not know it. */
  readonly soundBytes: number;
}

/** Undefined while the chunk with the sound has not begun. */
function readWavHeader(bytes: Uint8Array): WavHeader | undefined {
  if (!startsWith(bytes.subarray(8), "WAVE")) throw wavError("the answer is RIFF, but not WAV");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let layout: Layout | undefined;
  let at = sniffBytes;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (startsWith(bytes.subarray(at), "data")) {
      if (layout === undefined) throw wavError("the WAV answer has sound before its format");
      const isUnknown = length === 0 || length >= unknownLength - maxHeaderBytes;
      const soundBytes = isUnknown ? Number.POSITIVE_INFINITY : length;
      return { layout, soundAt: start, soundBytes };
    }
    const end = start + length + (length % 2);
    if (end > bytes.length) return undefined;
    if (startsWith(bytes.subarray(at), "fmt ")) {
      layout = layoutOf(new DataView(view.buffer, view.byteOffset + start, length));
    }
    at = end;
  }
  return undefined;
}

function layoutOf(chunk: DataView): Layout {
  const format = parseWavFormat(chunk, "the WAV answer");
  const { sampleRateHz: rateHz, channels, sampleBytes } = format;
  return { rateHz, channels, sampleBytes, read: sampleReaderOf(format) };
}

/** What servers send in spite of what was asked for, played as samples, is loud noise. */
const otherFormats: readonly (readonly [string, string])[] = [
  ["ID3", "MP3"],
  ["OggS", "Ogg"],
  ["fLaC", "FLAC"],
  ["{", "JSON"],
  ["<", "HTML or XML"],
];

function requireRaw(bytes: Uint8Array): void {
  const other = otherFormats.find(([mark]) => startsWith(bytes, mark) && looksLike(bytes, mark));
  const isMpegFrame = bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf2;
  if (other === undefined && !isMpegFrame) return;
  const start = quote(String.fromCharCode(...bytes.subarray(0, 4)));
  throw wavError(`the answer is ${other?.[1] ?? "MP3"}, not samples: it starts with ${start}`);
}

/** One character may well begin a sample; text goes on as text. */
function looksLike(bytes: Uint8Array, mark: string): boolean {
  if (mark.length > 1) return true;
  return bytes.subarray(0, sniffBytes).every((byte) => byte >= 0x09 && byte < 0x7f);
}

function startsWith(bytes: Uint8Array, mark: string): boolean {
  for (let index = 0; index < mark.length; index += 1) {
    if (bytes[index] !== mark.charCodeAt(index)) return false;
  }
  return true;
}
