/**
 * What the llama service adds to its chat server's own time: from a final text to the first clause at
 * the voice, and from the caller's first sound to the end of generating.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ClauseCutter } from "../src/llama-bridge/speakable/clause-cutter.ts";
import type { ChatQuestion, ChatReply } from "./chat-server.ts";
import type { Bench, BenchContext } from "./context.ts";
import { LlamaStage } from "./llama-stage.ts";
import { within } from "./stage.ts";
import { inTurn } from "./sentences.ts";
import { median, percentile } from "./statistics.ts";
import type { TextCaller } from "./text-caller.ts";
import { Xorshift32 } from "./xorshift.ts";

const turns = { full: 200, quick: 60 } as const;
const turnsPerCall = 20;
const cancels = { full: 100, quick: 30 } as const;
/** The chat server's pace: until its first word, and from word to word. */
const firstTokenMs = 20;
const tokenMs = 5;
const limitMs = 10_000;
/** SPEECH comes this long before the text, at least. */
const leastTalkMs = 5;
/** Into the asking, or into the answer. */
const longestUntilSpeechMs = 250;
const seed = 71;

const answers = [
  "We open at nine on Monday. On Friday we close at five.",
  "Yes, you can park behind the house. It costs nothing at all.",
  "The next free table is at half past seven, if that suits you. There is another one at nine.",
  "Dr. Miller is in on Tuesday! Would you like to see her?",
  "It costs 12.50 each. Children pay half of that.",
  "I am afraid that we have no rooms left for the third of May. Shall I look for another day?",
];

export const clauseLatency: Bench = {
  names: ["conversation.clause-p95-ms", "conversation.cancel-p99-ms"],
  isDisturbedByOthers: true,
  async run(context) {
    const stage = await LlamaStage.open(context, () => undefined);
    try {
      return new Map([
        ["conversation.clause-p95-ms", await measureClauses(stage, context)],
        ["conversation.cancel-p99-ms", await measureCancels(stage, context)],
      ]);
    } finally {
      await stage.close();
    }
  },
};

/** Where the time of one turn went, apart from the server's own. */
interface ClauseTiming {
  /** From the text to the question at the server. */
  readonly askMs: number;
  /** From the token with the clause's last letter to the clause at the voice. */
  readonly speakMs: number;
  /** The same from the token that shows that the clause is over. */
  readonly sureMs: number;
}

async function measureClauses(stage: LlamaStage, context: BenchContext): Promise<number> {
  const count = context.isQuick ? turns.quick : turns.full;
  const random = new Xorshift32(seed);
  const timings: ClauseTiming[] = [];
  while (timings.length < count) {
    context.progress(`first clauses: turn ${timings.length} of ${count}`);
    const caller = await stage.call(2 + (2 * timings.length) / turnsPerCall);
    const heard = { clauses: 0 };
    for (let turn = 0; turn < turnsPerCall; turn += 1) {
      timings.push(await oneTurn(stage, caller, { turn, heard, random }));
    }
    caller.close();
  }
  const total = timings.map(({ askMs, speakMs }) => askMs + speakMs);
  const part = (pick: (timing: ClauseTiming) => number): string =>
    `${median(timings.map(pick)).toFixed(1)} / ${percentile(timings.map(pick), 0.95).toFixed(1)}`;
  context.note(
    `first clause, ${count} turns, median / p95 in ms: ${part(({ askMs, speakMs }) => askMs + speakMs)}; ` +
      `text to question ${part(({ askMs }) => askMs)}, last word to clause ${part(({ speakMs }) => speakMs)}, ` +
      `of that behind the next word ${part(({ sureMs }) => sureMs)}; at most ${Math.max(...total).toFixed(1)}`,
  );
  return percentile(total, 0.95);
}

interface OneTurn {
  readonly turn: number;
  readonly heard: { clauses: number };
  readonly random: Xorshift32;
}

async function oneTurn(
  { chat, voice }: LlamaStage,
  caller: TextCaller,
  { turn, heard, random }: OneTurn,
): Promise<ClauseTiming> {
  const answer = scriptAnswer(inTurn(answers, turn));
  const served = Promise.withResolvers<ServedAnswer>();
  chat.script = async (reply, question) => served.resolve(await serve(answer, reply, question));
  caller.signal("speech");
  await sleep(leastTalkMs + random.unit() * tokenMs);
  const saidAtMs = caller.finishTurn(`Question number ${turn}, please?`);
  const { askedAtMs, writtenAtMs } = await within(limitMs, "an answer", served.promise);
  const first = heard.clauses;
  heard.clauses += answer.clauses;
  const clause = await within(limitMs, "a clause", voice.text(caller.callId.text, first));
  await within(limitMs, "all", voice.text(caller.callId.text, heard.clauses - 1));
  const written = (index: number): number => writtenAtMs[index] ?? Number.NaN;
  return {
    askMs: askedAtMs - saidAtMs,
    speakMs: clause.atMs - written(answer.lastToken),
    sureMs: clause.atMs - written(answer.sureToken),
  };
}

interface ScriptedAnswer {
  readonly tokens: readonly string[];
  /** How many there will be. */
  readonly clauses: number;
  /** The one with the last letter of the first clause, and the one behind which that is certain. */
  readonly lastToken: number;
  readonly sureToken: number;
}

function scriptAnswer(text: string): ScriptedAnswer {
  const tokens = text.match(/ ?[^ ]+/g) ?? [];
  const cutter = new ClauseCutter({ language: "en" });
  const perToken = tokens.map((token) => cutter.push(token));
  const clauses = [...perToken.flat(), ...cutter.end()];
  const end = (clauses[0]?.end ?? 0) - 1;
  let written = 0;
  const ends = tokens.map((token) => (written += token.length));
  const firstCut = perToken.findIndex((cut) => cut.length > 0);
  return {
    tokens,
    clauses: clauses.length,
    lastToken: ends.findIndex((position) => position >= end),
    sureToken: firstCut < 0 ? tokens.length - 1 : firstCut,
  };
}

interface ServedAnswer {
  readonly askedAtMs: number;
  /** One for each token. */
  readonly writtenAtMs: readonly number[];
}

async function serve(
  { tokens }: ScriptedAnswer,
  reply: ChatReply,
  { askedAtMs }: ChatQuestion,
): Promise<ServedAnswer> {
  const writtenAtMs: number[] = [];
  await sleep(firstTokenMs);
  for (const token of tokens) {
    writtenAtMs.push(reply.token(token));
    await sleep(tokenMs);
  }
  reply.end();
  return { askedAtMs, writtenAtMs };
}

/** The server never stops by itself; each SPEECH is followed by a text that asks it again. */
async function measureCancels(stage: LlamaStage, context: BenchContext): Promise<number> {
  const count = context.isQuick ? cancels.quick : cancels.full;
  const random = new Xorshift32(seed);
  const caller = await stage.call(500);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    context.progress(`cancelling: ${index} of ${count}`);
    const asked = Promise.withResolvers<ChatQuestion>();
    stage.chat.script = async (reply, question) => {
      asked.resolve(question);
      await talkForEver(reply);
    };
    caller.finishTurn(`And what about number ${index}?`);
    const { closedAtMs } = await within(limitMs, "a question", asked.promise);
    await sleep(random.unit() * longestUntilSpeechMs);
    const spokeAtMs = caller.signal("speech");
    times.push((await within(limitMs, "the end of an answer", closedAtMs)) - spokeAtMs);
  }
  caller.close();
  context.note(
    `cancelling, ${count} times: median ${median(times).toFixed(1)}, ` +
      `p99 ${percentile(times, 0.99).toFixed(1)}, at most ${Math.max(...times).toFixed(1)} ms`,
  );
  return percentile(times, 0.99);
}

async function talkForEver(reply: ChatReply): Promise<void> {
  await sleep(firstTokenMs);
  while (reply.isWanted) {
    reply.token(" and so on");
    await sleep(tokenMs);
  }
}
