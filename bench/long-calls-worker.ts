/**
 * Eight calls that talk at once, heard in a process of its own, so that its memory is theirs alone.
 * At each twentieth of the way they wait for one another until all is decoded, so that memory is
 * told when nothing is under way: a line of JSON each time, and one with the outcome at the end.
 *
 * Usage: long-calls-worker.ts MINUTES STATE_FOLDER
 */
import { setTimeout as sleep } from "node:timers/promises";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { openEars } from "./ears.ts";
import { listen } from "./listening.ts";
import {
  addFinals,
  countFinals,
  type FinalsCount,
  type HeardFinal,
  noFinals,
} from "./lost-finals.ts";
import { sentences } from "./sentences.ts";
import { quietLine, type Said, sayOverTelephone, talkingCall } from "./talking-call.ts";

const [minutes = "", temporaryFolder = ""] = Bun.argv.slice(2);
const calls = 8;
const stops = 20;
const settleMs = 500;
const lengthMs = Number(minutes) * 60_000;
const samplesToStop = (lengthMs * whisperSampleRateHz) / 1000 / stops;

const sayables = (await sentences()).map(({ text, samples }) => sayOverTelephone(text, samples));
const quiet = quietLine();
const ears = await openEars(temporaryFolder);

let stop = 0;
let arrived = 0;
let rest = Promise.withResolvers<void>();

/** Resolves when all calls have come as far and nothing is under way. */
async function meet(): Promise<void> {
  const { promise } = rest;
  arrived += 1;
  if (arrived === calls) void startAgain();
  await promise;
}

async function startAgain(): Promise<void> {
  while (jobsLeft() > 0) await sleep(1);
  Bun.gc(true);
  // Freed memory goes back to the system a little later.
  await sleep(settleMs);
  stop += 1;
  print({ share: stop / stops, rssBytes: process.memoryUsage.rss() });
  arrived = 0;
  const { resolve } = rest;
  rest = Promise.withResolvers<void>();
  resolve();
}

async function hearCall(seed: number): Promise<FinalsCount> {
  const said: Said[] = [];
  const finals: HeardFinal[] = [];
  let reached = 0;
  await listen({
    ears,
    blocks: talkingCall({ sayables, quiet, lengthMs, seed, onSaid: (one) => said.push(one) }),
    onFinal: ({ text, utterance: { startSample, endSample } }) =>
      finals.push({ text, span: { start: startSample, end: endSample } }),
    async onProgress(samples) {
      if (samples < (reached + 1) * samplesToStop) return;
      reached += 1;
      await meet();
    },
  });
  return countFinals(said, finals);
}

function jobsLeft(): number {
  const { queued, running } = ears.recogniser.status();
  return queued + running;
}

function print(record: unknown): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

const counts = await Promise.all(Array.from({ length: calls }, (_, call) => hearCall(call + 1)));
const { streams } = ears.voice.status();
print({ share: 1, ...counts.reduce(addFinals, noFinals), open: { streams, jobs: jobsLeft() } });
await ears.close();
process.exit(0);
