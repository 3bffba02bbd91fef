/** Writes plain WAV files, 16-bit mono PCM, whole or piece by piece. */
import { toLinear16 } from "./g711.ts";

export const wavHeaderBytes = 44;

/** What stands before the samples of a 16-bit mono file. */
export function encodeWavHeader(sampleCount: number, sampleRateHz: number): Uint8Array {
  const header = new Uint8Array(wavHeaderBytes);
  const view = new DataView(header.buffer);
  const dataBytes = sampleCount * 2;
  header.set(riffTag, 0);
  view.setUint32(4, wavHeaderBytes - 8 + dataBytes, true);
  header.set(formatTags, 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  header.set(dataTag, 36);
  view.setUint32(40, dataBytes, true);
  return header;
}

const riffTag = tag("RIFF");
const formatTags = tag("WAVEfmt ");
const dataTag = tag("data");

/** Samples (-1..1) as 16-bit little-endian PCM. */
export function encodeLinear16(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < samples.length; index += 1) {
    view.setInt16(index * 2, toLinear16(samples[index] ?? 0), true);
  }
  return bytes;
}

/** A whole file. */
export function encodeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const file = new Uint8Array(wavHeaderBytes + samples.length * 2);
  file.set(encodeWavHeader(samples.length, sampleRateHz), 0);
  file.set(encodeLinear16(samples), wavHeaderBytes);
  return file;
}

function tag(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
