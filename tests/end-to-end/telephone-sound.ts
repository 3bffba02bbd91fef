/** Sound of telephone calls in tests: recordings at the rate of the line, and packets as sound. */
import type { HeardPacket } from "../../bench/pbx-call.ts";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { decodeALaw, decodeMuLaw } from "../../src/audio/g711.ts";
import { Resampler } from "../../src/audio/resample.ts";
import { callerAudioRateHz } from "../../src/wire/audio-frames.ts";
import { type Recording, samplesOf } from "./speech.ts";

export const lineRateHz = 8000;
const pcmaPayloadType = 8;

/** At the rate of the line. */
export function lineSamplesOf(recording: Recording): Float32Array {
  const resampler = new Resampler({ fromHz: callerAudioRateHz, toHz: lineRateHz });
  return joinSamples([resampler.process(samplesOf(recording)).slice(), resampler.flush()]);
}

export function lineSilence(ms: number): Float32Array {
  return new Float32Array((ms * lineRateHz) / 1000);
}

/** Half of full scale. */
export function tone(hz: number, ms: number): Float32Array {
  return Float32Array.from(
    { length: (ms * lineRateHz) / 1000 },
    (_, index) => Math.sin((2 * Math.PI * hz * index) / lineRateHz) / 2,
  );
}

/** In the order of their time stamps, with silence where packets are missing. */
export function soundOf(packets: readonly HeardPacket[]): Float32Array {
  const [first] = packets;
  if (first === undefined) return new Float32Array(0);
  const places = packets.map(({ timestamp }) => (timestamp - first.timestamp) | 0);
  const samples = new Float32Array(Math.max(...places) + (packets.at(-1)?.payload.length ?? 0));
  for (const [index, { payload, payloadType }] of packets.entries()) {
    const decode = payloadType === pcmaPayloadType ? decodeALaw : decodeMuLaw;
    samples.set(decode(payload), places[index]);
  }
  return samples;
}
