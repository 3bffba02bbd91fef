/** How soon the agent is silent when its caller speaks over a long answer. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./agent-ear.ts";
import { longAnswer } from "./agent-texts.ts";
import { saysAtOnce } from "./chat-server.ts";
import type { Bench, BenchContext } from "./context.ts";
import type { ConversationCall } from "./conversation-call.ts";
import { ConversationStage } from "./conversation-stage.ts";
import { inTurn } from "./sentences.ts";
import { sideBySide } from "./side-by-side.ts";
import { type SpokenUtterance, spokenUtterances } from "./spoken-utterance.ts";
import { median, percentile } from "./statistics.ts";
import { Xorshift32 } from "./xorshift.ts";

const callers = 3;
const interruptions = { full: 72, quick: 36 } as const;
const perCall = 12;
const noiseDbfs = -66;
const answerSeconds = 20;
const limitMs = 10_000;
/** Silence that shows that the agent has stopped, and does not only breathe. */
const quietMs = 300;
/** Into the answer. */
const leastIntoMs = 400;
const longestIntoMs = 2000;
/** Just before, so that the agent is not in a pause of its own. */
const recentMs = 60;
/** Nobody speaks in the very moment of being connected. */
const settleMs = 500;
const seed = 12;

interface BargeIn {
  readonly name: string;
  readonly dbfs: number;
  /** From the caller's first sound to the agent's last frame with sound. */
  readonly stoppedMs: number;
}

export const bargeIn: Bench = {
  names: ["conversation.barge-in-p95-ms"],
  isDisturbedByOthers: true,
  async run(context) {
    let answer = 0;
    const stage = await ConversationStage.open(context, {
      script: saysAtOnce(() => longAnswer((answer += 1), answerSeconds)),
    });
    try {
      const all = await measure(stage, context);
      explain(all, context);
      return new Map([["conversation.barge-in-p95-ms", percentile(all.map(stopped), 0.95)]]);
    } finally {
      await stage.close();
    }
  },
};

function stopped({ stoppedMs }: BargeIn): number {
  return stoppedMs;
}

async function measure(stage: ConversationStage, context: BenchContext): Promise<BargeIn[]> {
  const count = context.isQuick ? interruptions.quick : interruptions.full;
  const utterances = await spokenUtterances();
  const random = new Xorshift32(seed);
  const measured: BargeIn[] = [];
  const calls = Array.from({ length: count / perCall }, (_, index) => index);
  await sideBySide(callers, calls, async (index) => {
    const call = await stage.call({ codec: "PCMU", noiseDbfs, seed: index + 1 });
    await sleep(settleMs);
    await call.line.say(inTurn(utterances, utterances.length - 1));
    for (let turn = 0; turn < perCall; turn += 1) {
      context.progress(`interruptions: ${measured.length} of ${count}`);
      const intoMs = leastIntoMs + random.unit() * (longestIntoMs - leastIntoMs);
      const utterance = inTurn(utterances, turn);
      measured.push(await call.explaining(async () => await interrupt(call, utterance, intoMs)));
    }
    await call.hangUp();
  });
  return measured;
}

/** The caller's words are the next question, so that the agent begins anew. */
async function interrupt(
  call: ConversationCall,
  utterance: SpokenUtterance,
  intoMs: number,
): Promise<BargeIn> {
  const { ear } = call.line;
  const beforeMs = performance.now();
  await until(limitMs, "an answer", () => ear.firstSoundAfter(beforeMs));
  await sleep(intoMs);
  await until(limitMs, "a talking agent", () =>
    performance.now() - ear.lastSoundMs <= recentMs ? true : undefined,
  );
  const { firstSoundMs } = await call.line.say(utterance);
  const lastMs = await until(limitMs, `silence after ${utterance.name}`, () =>
    ear.lastSoundBeforeQuiet(firstSoundMs, quietMs),
  );
  return { name: utterance.name, dbfs: utterance.dbfs, stoppedMs: lastMs - firstSoundMs };
}

function explain(all: readonly BargeIn[], { note }: BenchContext): void {
  const say = (name: string, some: readonly BargeIn[]): void => {
    const times = some.map(stopped);
    note(
      `${name}: ${some.length} times, median ${median(times).toFixed(0)}, ` +
        `p95 ${percentile(times, 0.95).toFixed(0)}, at most ${Math.max(...times).toFixed(0)} ms`,
    );
  };
  say("barge-in", all);
  for (const name of new Set(all.map((one) => one.name))) {
    const its = all.filter((one) => one.name === name);
    for (const level of new Set(its.map(({ dbfs }) => dbfs))) {
      say(
        `${name} at ${level} dBFS`,
        its.filter(({ dbfs }) => dbfs === level),
      );
    }
  }
}
