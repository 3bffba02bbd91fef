/** What turns samples into the payload of a line: its codec, with the state that it needs. */
import { encodeALaw, encodeMuLaw, toLinear16 } from "./g711.ts";
import { G722Encoder } from "./g722-encoder.ts";

/**
 * `L16LE` is the signed linear sound of AudioSocket: 16 bits, little-endian, 8 kHz; the other is the same
 * at 16 kHz, for browsers.
 */
export type ReplyFormat = "PCMU" | "PCMA" | "G722" | "L16LE" | "L16LE/16000";

export interface ReplyCodec {
  readonly rateHz: number;
  /** Payload for each sample; for G.722 half a byte. */
  readonly bytesPerSample: number;
  /** All of `samples`, into `out`, which is as long as they need. */
  encode(samples: Float32Array, out: Uint8Array): void;
}

const narrowRateHz = 8000;
const wideRateHz = 16_000;

export function createReplyCodec(format: ReplyFormat): ReplyCodec {
  switch (format) {
    case "PCMU":
      return { rateHz: narrowRateHz, bytesPerSample: 1, encode: encodeMuLaw };
    case "PCMA":
      return { rateHz: narrowRateHz, bytesPerSample: 1, encode: encodeALaw };
    case "G722":
      return createG722();
    case "L16LE":
      return { rateHz: narrowRateHz, bytesPerSample: 2, encode: encodeLinear };
    case "L16LE/16000":
      return { rateHz: wideRateHz, bytesPerSample: 2, encode: encodeLinear };
  }
}

function createG722(): ReplyCodec {
  const encoder = new G722Encoder();
  return {
    rateHz: wideRateHz,
    bytesPerSample: 0.5,
    encode: (samples, out) => encoder.encode(samples, out.length, out),
  };
}

function encodeLinear(samples: Float32Array, out: Uint8Array): void {
  for (let index = 0; index < samples.length; index += 1) {
    const value = toLinear16(samples[index] ?? 0);
    out[2 * index] = value;
    out[2 * index + 1] = value >> 8;
  }
}
