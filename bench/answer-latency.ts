/**
 * How long a caller waits: from their last sound to the agent's first, through all services, with a
 * chat server that answers at once; and from picking up to the greeting.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { saysAtOnce } from "./chat-server.ts";
import type { Bench, BenchContext } from "./context.ts";
import { type ConversationCall, figureOf } from "./conversation-call.ts";
import { ConversationStage } from "./conversation-stage.ts";
import { until } from "./agent-ear.ts";
import { inTurn } from "./sentences.ts";
import { sideBySide } from "./side-by-side.ts";
import { type SpokenUtterance, spokenUtterances } from "./spoken-utterance.ts";
import { median, percentile } from "./statistics.ts";
import { Xorshift32 } from "./xorshift.ts";

const callers = 3;
const turns = { full: 72, quick: 36 } as const;
const turnsPerCall = 12;
const greetings = { full: 30, quick: 12 } as const;
const noiseDbfs = -66;
const limitMs = 10_000;
/** The agent has finished when it is silent for so long. */
const quietMs = 500;
const longestPauseMs = 300;
const seed = 5;
/** No two alike, so that none has been spoken before. */
const answers = ["Yes, number # is right.", "No, # is wrong.", "We open at #.", "Thank you for #."];
const greeting = "Good morning, how may I help you?";

/** In the order of time; the events of a turn name them. */
const stages = [
  "silenceMs",
  "recognitionMs",
  "gatherMs",
  "firstTokenMs",
  "clauseMs",
  "voiceMs",
  "lineMs",
] as const;

interface Turn {
  readonly name: string;
  /** From the caller's last sound to the agent's first. */
  readonly waitedMs: number;
  /** As the LLaMA tells them. */
  readonly stagesMs: readonly number[];
  /** From the agent's first frame to the first that can be heard. */
  readonly softMs: number;
}

export const answerLatency: Bench = {
  names: [
    "conversation.answer-p95-ms",
    "conversation.first-answer-ms",
    "conversation.greeting-p95-ms",
  ],
  isDisturbedByOthers: true,
  async run(context) {
    let answer = 0;
    const stage = await ConversationStage.open(context, {
      script: saysAtOnce(() => inTurn(answers, (answer += 1)).replace("#", String(answer))),
      llamaArgv: [`--greeting=${greeting}`],
    });
    try {
      const utterances = await spokenUtterances();
      const first = await firstTurn(stage, utterances);
      const all = await measureTurns(stage, utterances, context);
      explain(all, first, context);
      return new Map([
        ["conversation.answer-p95-ms", percentile(all.map(waited), 0.95)],
        ["conversation.first-answer-ms", first.waitedMs],
        ["conversation.greeting-p95-ms", await measureGreetings(stage, context)],
      ]);
    } finally {
      await stage.close();
    }
  },
};

function waited({ waitedMs }: Turn): number {
  return waitedMs;
}

async function firstTurn(
  stage: ConversationStage,
  utterances: readonly SpokenUtterance[],
): Promise<Turn> {
  const call = await greetedCall(stage, 1);
  const turn = await oneTurn(call, inTurn(utterances, 0), 0);
  await call.hangUp();
  return turn;
}

async function measureTurns(
  stage: ConversationStage,
  utterances: readonly SpokenUtterance[],
  context: BenchContext,
): Promise<Turn[]> {
  const count = context.isQuick ? turns.quick : turns.full;
  const random = new Xorshift32(seed);
  const measured: Turn[] = [];
  const calls = Array.from({ length: count / turnsPerCall }, (_, index) => index);
  await sideBySide(callers, calls, async (index) => {
    const call = await greetedCall(stage, index + 2);
    for (let turn = 0; turn < turnsPerCall; turn += 1) {
      context.progress(`answers: turn ${measured.length} of ${count}`);
      await sleep(random.unit() * longestPauseMs);
      measured.push(await oneTurn(call, inTurn(utterances, index * turnsPerCall + turn), turn));
    }
    await call.hangUp();
  });
  return measured;
}

async function greetedCall(stage: ConversationStage, callSeed: number): Promise<ConversationCall> {
  const call = await stage.call({ codec: "PCMU", noiseDbfs, seed: callSeed });
  await until(limitMs, "the greeting", () => call.line.ear.firstSoundAfter(call.upAtMs));
  await call.line.ear.quiet(quietMs, limitMs);
  return call;
}

async function oneTurn(
  call: ConversationCall,
  utterance: SpokenUtterance,
  index: number,
): Promise<Turn> {
  const { ear } = call.line;
  const { lastSoundMs } = await call.line.say(utterance);
  const answeredMs = await until(limitMs, `an answer to ${utterance.name}`, () =>
    ear.firstSoundAfter(lastSoundMs),
  );
  const told = await until(limitMs, "the figures of a turn", () =>
    call.told("turn").find((event) => figureOf(event, "turn") === index + 1),
  );
  await ear.quiet(quietMs, limitMs);
  return {
    name: utterance.name,
    waitedMs: answeredMs - lastSoundMs,
    stagesMs: stages.map((stage) => figureOf(told, stage)),
    softMs: answeredMs - (ear.firstFrameAfter(lastSoundMs) ?? answeredMs),
  };
}

async function measureGreetings(stage: ConversationStage, context: BenchContext): Promise<number> {
  const count = context.isQuick ? greetings.quick : greetings.full;
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    context.progress(`greetings: ${index} of ${count}`);
    const call = await stage.call({ codec: "PCMU", noiseDbfs, seed: index + 1 });
    const heardMs = await until(limitMs, "the greeting", () =>
      call.line.ear.firstSoundAfter(call.upAtMs),
    );
    times.push(heardMs - call.upAtMs);
    await call.hangUp();
  }
  context.note(
    `greeting, ${count} calls: median ${median(times).toFixed(0)}, ` +
      `p95 ${percentile(times, 0.95).toFixed(0)}, at most ${Math.max(...times).toFixed(0)} ms`,
  );
  return percentile(times, 0.95);
}

/** A line for each stage, and the rest that no service knows of: packets, jitter buffer, detector. */
function explain(all: readonly Turn[], first: Turn, { note }: BenchContext): void {
  const line = (name: string, values: readonly number[], firstMs: number): void => {
    const figures = [median(values), percentile(values, 0.95), firstMs];
    note(`${name.padEnd(22)} ${figures.map((ms) => ms.toFixed(1).padStart(7)).join(" ")}`);
  };
  note(`ms of ${all.length} turns          median     p95   first turn of all`);
  for (const [index, stage] of stages.entries()) {
    const pick = ({ stagesMs }: Turn): number => stagesMs[index] ?? 0;
    line(stage.replace("Ms", ""), all.map(pick), pick(first));
  }
  line("voice's soft beginning", all.map(softBeginning), first.softMs);
  line("rest: line, detector", all.map(rest), rest(first));
  line("all", all.map(waited), first.waitedMs);
  for (const name of new Set(all.map((turn) => turn.name))) {
    const its = all.filter((turn) => turn.name === name);
    line(`rest, ${name}`.slice(0, 22), its.map(rest), Number.NaN);
  }
}

function softBeginning({ softMs }: Turn): number {
  return softMs;
}

function rest({ waitedMs, stagesMs, softMs }: Turn): number {
  return waitedMs - softMs - stagesMs.reduce((sum, ms) => sum + ms, 0);
}
