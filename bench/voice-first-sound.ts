/** How long the voice takes to its first sound of a clause that it has never spoken. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { until } from "./agent-ear.ts";
import type { Bench, BenchContext } from "./context.ts";
import { freePort } from "./free-port.ts";
import { ReplyTaker } from "./reply-taker.ts";
import { inTurn } from "./sentences.ts";
import { ServiceProcess } from "./service-process.ts";
import { median, percentile } from "./statistics.ts";
import { TextCaller } from "./text-caller.ts";

const clauses = { full: 60, quick: 20 } as const;
const limitMs = 5000;
const places = ["Paris", "London", "Vienna", "Hamburg", "Bristol", "Dublin", "Leeds", "Oslo"];
const times = ["seven", "eight", "nine", "ten", "eleven", "noon", "midnight"];

export const voiceFirstSound: Bench = {
  names: ["voice.first-sound-p95-ms"],
  isDisturbedByOthers: true,
  async run(context) {
    const port = await freePort();
    const signalPort = await freePort();
    const kokoro = await ServiceProcess.launch({
      service: "kokoro",
      argv: [`--port=${port}`, `--signal-port=${signalPort}`, "--llama-signal-port=0"],
      stateFolder: mkdtempSync(join(context.temporaryFolder, "voice-")),
    });
    try {
      return new Map([["voice.first-sound-p95-ms", await measure(port, context)]]);
    } finally {
      await kokoro.kill();
    }
  },
};

/** A call for each clause, so that none waits for another. */
async function measure(port: number, context: BenchContext): Promise<number> {
  const count = context.isQuick ? clauses.quick : clauses.full;
  const taken: number[] = [];
  for (let index = 0; index < count; index += 1) {
    context.progress(`first sound of the voice: ${index} of ${count}`);
    const callId = 2 + 2 * index;
    const taker = await ReplyTaker.open(callId);
    const caller = await TextCaller.open({ callId, port });
    await until(limitMs, "a connection", () => (taker.isConnected ? true : undefined));
    const place = inTurn(places, index);
    const time = inTurn(times, index);
    const saidAtMs = caller.say(`Trains to ${place} leave at ${time}.`);
    const heardAtMs = await until(limitMs, "sound", () => taker.firstSoundMs);
    taken.push(heardAtMs - saidAtMs);
    caller.close();
    taker.close();
  }
  context.note(
    `first sound of ${count} clauses of six words: median ${median(taken).toFixed(1)}, ` +
      `p95 ${percentile(taken, 0.95).toFixed(1)}, at most ${Math.max(...taken).toFixed(1)}, ` +
      `the very first ${(taken[0] ?? 0).toFixed(1)} ms`,
  );
  return percentile(taken, 0.95);
}
