/** What 20 ms of sound cost on their way from a packet to the recogniser, and from a reply to a packet. */
import { CallerSound } from "../src/audio/caller-sound.ts";
import { ReplyEncoder } from "../src/audio/reply-encoder.ts";
import type { Bench, BenchContext } from "./context.ts";
import type { MeasureName } from "./registry.ts";
import { median, percentile } from "./statistics.ts";
import { Xorshift32 } from "./xorshift.ts";

const frameMs = 20;
/** G.711 and G.722 alike: 8 bytes a millisecond. */
const frameBytes = 160;
const replyRateHz = 24_000;

/** Each turn takes some 5 ms, so that the clock of processor time is fine enough. */
const framesPerTurn = 1000;
const warmUpTurns = 20;
const turns = { full: 200, quick: 50 } as const;

/** Of 20 packets, the one that is lost where packets get lost. */
const lostOf = 20;

interface Way {
  readonly name: MeasureName;
  readonly start: () => () => void;
}

const ways: readonly Way[] = [
  { name: "audio.decode-resample-us.pcmu", start: () => receiveFrames("PCMU", false) },
  { name: "audio.decode-resample-us.pcma", start: () => receiveFrames("PCMA", false) },
  { name: "audio.decode-resample-us.loss", start: () => receiveFrames("PCMU", true) },
  { name: "audio.decode-us.g722", start: () => receiveFrames("G722", false) },
  { name: "audio.resample-encode-us.pcmu", start: () => sendFrames("PCMU") },
  { name: "audio.resample-encode-us.g722", start: () => sendFrames("G722") },
];

export const audioFrame: Bench = {
  names: ["audio.decode-resample-us", ...ways.map(({ name }) => name)],
  isDisturbedByOthers: true,
  run(context) {
    const results = new Map<MeasureName, number>();
    for (const way of ways) results.set(way.name, measure(way, context));
    const g711 = ways.slice(0, 2).map(({ name }) => results.get(name) ?? Number.NaN);
    return Promise.resolve(results.set("audio.decode-resample-us", Math.max(...g711)));
  },
};

/** Microseconds of processor time for one frame: the median over turns. */
function measure({ name, start }: Way, context: BenchContext): number {
  context.progress(`sound: ${name}`);
  const frame = start();
  const count = context.isQuick ? turns.quick : turns.full;
  const samples: number[] = [];
  for (let turn = -warmUpTurns; turn < count; turn += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < framesPerTurn; index += 1) frame();
    const { user, system } = process.cpuUsage(before);
    if (turn >= 0) samples.push((user + system) / framesPerTurn);
  }
  const value = median(samples);
  context.note(
    `${name}: median ${value.toFixed(2)}, p95 ${percentile(samples, 0.95).toFixed(2)} µs of ` +
      `${samples.length} turns of ${framesPerTurn} frames of ${frameMs} ms`,
  );
  return value;
}

/** The whole way of a packet: jitter buffer, decoder, concealment, resampler. */
function receiveFrames(format: "PCMU" | "PCMA" | "G722", isLossy: boolean): () => void {
  const random = new Xorshift32(1);
  const sound = new CallerSound({ random: () => random.unit() });
  const bytes = Uint8Array.from({ length: frameBytes }, () => random.next() & 0xff);
  const header = { sequence: 0, timestamp: 0, payloadStart: 0, payloadEnd: frameBytes };
  let nowMs = 0;
  return () => {
    const isLost = isLossy && header.sequence % lostOf === 0;
    if (!isLost) sound.receive(header, bytes, nowMs, format);
    header.sequence = (header.sequence + 1) & 0xffff;
    header.timestamp = (header.timestamp + frameBytes) % 2 ** 32;
    nowMs += frameMs;
    while (sound.pull(nowMs) !== undefined);
  };
}

function sendFrames(format: "PCMU" | "G722"): () => void {
  const random = new Xorshift32(2);
  const encoder = new ReplyEncoder({ format });
  const length = (replyRateHz * frameMs) / 1000;
  const samples = Float32Array.from({ length }, () => random.unit() - 0.5);
  return () => {
    encoder.write(samples, replyRateHz);
    encoder.next();
  };
}
