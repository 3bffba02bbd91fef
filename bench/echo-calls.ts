/**
 * Lines that return the agent's own voice, and callers who only show that they listen: neither may
 * interrupt the agent.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./agent-ear.ts";
import { charactersPerSecond, longAnswer } from "./agent-texts.ts";
import { shortSounds } from "./short-sounds.ts";
import type { CallerLineOptions } from "./caller-line.ts";
import { saysAtOnce } from "./chat-server.ts";
import type { Bench, BenchContext } from "./context.ts";
import type { ConversationCall } from "./conversation-call.ts";
import { ConversationStage } from "./conversation-stage.ts";
import { inTurn } from "./sentences.ts";
import { sideBySide } from "./side-by-side.ts";
import { type SpokenUtterance, spokenUtterances } from "./spoken-utterance.ts";
import { median, percentile } from "./statistics.ts";

const callers = 4;
const laws = ["PCMU", "PCMA"] as const;
const lossesDb = { full: [6, 12, 18, 24, 30, 40], quick: [6, 24] } as const;
const delaysMs = { full: [20, 80, 200, 400], quick: [20, 200] } as const;
const noiseDbfs = -55;
/** Of one answer; all of them together are more than ten minutes. */
const answerSeconds = 15;
/** "Until eleven fifty", which the model understands. */
const questionNumber = 3;
const limitMs = 10_000;
const answerLimitMs = (answerSeconds + 20) * 1000;
/** For an echo that is on its way, and for the text of what was taken for a caller. */
const settleMs = 600;
const quietMs = 800;

const sounds = { full: 40, quick: 16 } as const;
const shortSoundDbfs = -20;
const listenSeconds = 90;
/** The agent may wait for as long as it takes to know that this was no interruption. */
const reactionMs = 1500;

export const echoCalls: Bench = {
  names: ["conversation.false-interruptions", "conversation.back-channel-cancels"],
  isDisturbedByOthers: false,
  async run(context) {
    let answer = 0;
    let seconds = answerSeconds;
    const stage = await ConversationStage.open(context, {
      script: saysAtOnce(() => longAnswer((answer += 1), seconds)),
      llamaArgv: [`--max-answer=${2 * listenSeconds * charactersPerSecond}`],
    });
    try {
      const utterances = await spokenUtterances();
      const question = inTurn(utterances, questionNumber);
      const falsely = await measureEcho(stage, question, context);
      seconds = listenSeconds;
      const cancels = await measureShortSounds(stage, question, context);
      return new Map([
        ["conversation.false-interruptions", falsely],
        ["conversation.back-channel-cancels", cancels],
      ]);
    } finally {
      await stage.close();
    }
  },
};

/** What one call on an echoing line came to, while nobody but the agent spoke. */
interface EchoOutcome {
  readonly line: string;
  readonly speechMs: number;
  /** What stopped the agent or was answered. */
  readonly interruptions: number;
  readonly texts: number;
  readonly pauses: number;
  /** What was told, and how long after the agent had begun. */
  readonly told: readonly string[];
}

async function measureEcho(
  stage: ConversationStage,
  question: SpokenUtterance,
  context: BenchContext,
): Promise<number> {
  const lines = echoingLines(context);
  const outcomes: EchoOutcome[] = [];
  await sideBySide(callers, lines, async (line, index) => {
    context.progress(`echo: call ${index + 1} of ${lines.length}`);
    outcomes.push(await echoCall(stage, line, question));
  });
  const sum = (pick: (outcome: EchoOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  context.note(
    `echo: ${(sum(({ speechMs }) => speechMs) / 60_000).toFixed(1)} minutes of the agent in ` +
      `${outcomes.length} calls, ${sum(({ interruptions }) => interruptions)} times interrupted, ` +
      `${sum(({ texts }) => texts)} texts, ${sum(({ pauses }) => pauses)} pauses`,
  );
  for (const { line, interruptions, texts, told } of outcomes) {
    if (interruptions + texts > 0) context.note(`  ${line}: ${told.join(", ")}`);
  }
  return sum(({ interruptions }) => interruptions);
}

function echoingLines({ isQuick }: BenchContext): CallerLineOptions[] {
  const [losses, delays] = isQuick
    ? [lossesDb.quick, delaysMs.quick]
    : [lossesDb.full, delaysMs.full];
  const echoes = losses.flatMap((lossDb) => delays.map((delayMs) => ({ lossDb, delayMs })));
  return echoes.flatMap((echo, index) =>
    laws.map((codec) => ({ codec, noiseDbfs, seed: index + 1, echo })),
  );
}

async function echoCall(
  stage: ConversationStage,
  line: CallerLineOptions,
  question: SpokenUtterance,
): Promise<EchoOutcome> {
  const call = await askedCall(stage, line, question);
  const beganMs = performance.now();
  const before = countsOf(call);
  const soundBefore = call.line.ear.soundingMs;
  await call.line.ear.quiet(quietMs, answerLimitMs);
  await sleep(settleMs);
  const after = countsOf(call);
  const { lossDb, delayMs } = line.echo ?? {};
  const outcome = {
    line: `${line.codec}, loss ${lossDb} dB, delay ${delayMs} ms`,
    speechMs: call.line.ear.soundingMs - soundBefore,
    interruptions: stops(after) - stops(before),
    texts: after.texts - before.texts,
    pauses: after.pauses - before.pauses,
    told: whatWasTold(call, beganMs),
  };
  await call.hangUp();
  return outcome;
}

/** A call whose caller has asked something, and whose agent begins to answer. */
async function askedCall(
  stage: ConversationStage,
  line: CallerLineOptions,
  question: SpokenUtterance,
): Promise<ConversationCall> {
  const call = await stage.call(line);
  await sleep(settleMs);
  const { lastSoundMs } = await call.line.say(question);
  await call.explaining(async () => {
    await until(limitMs, "an answer", () => call.line.ear.firstSoundAfter(lastSoundMs));
  });
  return call;
}

const telling: ReadonlySet<string> = new Set(["pause", "resume", "speech", "transcript"]);

function whatWasTold(call: ConversationCall, sinceMs: number): string[] {
  return call.events
    .filter(({ kind, atMs }) => telling.has(kind) && atMs >= sinceMs)
    .map(({ kind, atMs, fields }) => {
      const text = kind === "transcript" ? ` ${JSON.stringify(fields["text"])}` : "";
      return `${kind}${text} after ${((atMs - sinceMs) / 1000).toFixed(1)} s`;
    });
}

function countsOf(call: ConversationCall) {
  return {
    speech: call.told("speech").length,
    pauses: call.told("pause").length,
    texts: call.told("transcript").length,
    cancels: call.told("answered").filter(({ fields }) => fields["outcome"] === "cancelled").length,
    interrupted: call.told("interrupted").length,
    asked: call.told("asked").length,
  };
}

type Counts = ReturnType<typeof countsOf>;

/** A text that is taken for a mere sound of a listener stops nothing and is not answered. */
function stops({ speech, interrupted, cancels, asked }: Counts): number {
  return speech + interrupted + cancels + asked;
}

/** What the agent did about one short sound. */
interface Reaction {
  readonly name: string;
  readonly isCancelled: boolean;
  readonly told: readonly string[];
  /** The longest time without sound; pauses of its own included. */
  readonly gapMs: number;
  readonly isPaused: boolean;
}

async function measureShortSounds(
  stage: ConversationStage,
  question: SpokenUtterance,
  context: BenchContext,
): Promise<number> {
  const count = context.isQuick ? sounds.quick : sounds.full;
  const all = await shortSounds(count, shortSoundDbfs);
  const perCaller = Array.from({ length: callers }, (_, caller) =>
    all.filter((_sound, index) => index % callers === caller),
  );
  const reactions: Reaction[] = [];
  await sideBySide(callers, perCaller, async (own, index) => {
    const line = { codec: inTurn(laws, index), noiseDbfs, seed: index + 1 };
    let call = await listeningCall(stage, line, question);
    for (const sound of own) {
      context.progress(`short sounds: ${reactions.length} of ${count}`);
      const reaction = await reactTo(call, sound);
      reactions.push(reaction);
      if (!reaction.isCancelled) continue;
      await call.hangUp();
      call = await listeningCall(stage, line, question);
    }
    await call.hangUp();
  });
  explainReactions(reactions, context);
  return reactions.filter(({ isCancelled }) => isCancelled).length;
}

/** Who makes a sound at once has not listened yet, and may have gone on with their question. */
async function listeningCall(
  stage: ConversationStage,
  line: CallerLineOptions,
  question: SpokenUtterance,
): Promise<ConversationCall> {
  const call = await askedCall(stage, line, question);
  await sleep(reactionMs);
  return call;
}

async function reactTo(call: ConversationCall, sound: SpokenUtterance): Promise<Reaction> {
  const { ear } = call.line;
  await until(limitMs, "a talking agent", () =>
    performance.now() - ear.lastSoundMs < 60 ? true : undefined,
  );
  const before = countsOf(call);
  const { firstSoundMs } = await call.line.say(sound);
  await sleep(reactionMs);
  const after = countsOf(call);
  return {
    name: sound.name,
    isCancelled: stops(after) > stops(before),
    gapMs: ear.longestGapAfter(firstSoundMs),
    isPaused: after.pauses > before.pauses,
    told: whatWasTold(call, firstSoundMs),
  };
}

function explainReactions(reactions: readonly Reaction[], { note }: BenchContext): void {
  const paused = reactions.filter(({ isPaused, isCancelled }) => isPaused && !isCancelled);
  const gaps = paused.map(({ gapMs }) => gapMs);
  const cancelled = reactions.filter(({ isCancelled }) => isCancelled);
  note(
    `${reactions.length} short sounds: ${cancelled.length} cancelled an answer, ${paused.length} made ` +
      `the agent wait: median ${median(gaps).toFixed(0)}, p95 ${percentile(gaps, 0.95).toFixed(0)}, ` +
      `at most ${Math.max(0, ...gaps).toFixed(0)} ms`,
  );
  for (const { name, told } of cancelled) note(`  cancelled by ${name}: ${told.join(", ")}`);
}
