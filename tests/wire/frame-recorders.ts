/** Sinks that keep what the frame decoders report, as comparable values. */
import type { AudioFrameSink } from "../../src/wire/audio-frames.ts";
import type { TextFrameSink } from "../../src/wire/text-frames.ts";

export type FrameRecord = readonly [kind: string, ...details: unknown[]];

export interface AudioRecorder extends AudioFrameSink {
  readonly records: FrameRecord[];
}

export interface TextRecorder extends TextFrameSink {
  readonly records: FrameRecord[];
}

export function recordAudio(): AudioRecorder {
  const records: FrameRecord[] = [];
  return {
    records,
    hello: (text) => records.push(["hello", text]),
    chunkDeclared: (sampleCount) => records.push(["declared", sampleCount]),
    samples: (samples) => records.push(["samples", bitsOf(samples)]),
    end: (marker) => records.push(["end", marker]),
    violation: (reason) => records.push(["violation", reason]),
  };
}

export function recordText(): TextRecorder {
  const records: FrameRecord[] = [];
  return {
    records,
    hello: (text) => records.push(["hello", text]),
    text: (text, valid) => records.push(["text", text, valid]),
    position: (samples) => records.push(["position", samples]),
    bye: () => records.push(["bye"]),
    close: () => records.push(["close"]),
    violation: (reason) => records.push(["violation", reason]),
  };
}

/** The raw bytes of the floats: NaN compares equal to itself. */
export function bitsOf(samples: Float32Array): string {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString("hex");
}

export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A 32-bit big-endian length. */
export function lengthBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}
