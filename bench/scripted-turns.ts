/**
 * Many turns of many calls at once through the LLaMA and the voice: each answer names its call and its
 * turn, and must be spoken in that call, in that turn, once.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../src/core/clock.ts";
import { EventFollower, parseObject } from "../src/services/event-follower.ts";
import { until } from "./agent-ear.ts";
import { ChatServer } from "./chat-server.ts";
import type { Bench, BenchContext } from "./context.ts";
import { freePort } from "./free-port.ts";
import { ReplyTaker } from "./reply-taker.ts";
import { ServiceProcess } from "./service-process.ts";
import { TextCaller } from "./text-caller.ts";
import { TextTap } from "./text-tap.ts";

const calls = 50;
const turns = { full: 20, quick: 4 } as const;
/** A turn that takes longer is lost. */
const turnLimitMs = 15_000;
/** Nobody has said something in less: SPEECH and the text come by different ways. */
const talkMs = 200;
const startLimitMs = 10_000;
const digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

export const scriptedTurns: Bench = {
  names: ["conversation.turns-wrong"],
  isDisturbedByOthers: false,
  async run(context) {
    const rig = await openRig(context);
    try {
      return new Map([["conversation.turns-wrong", await measure(rig, context)]]);
    } finally {
      rig.follower.close();
      rig.tap.close();
      rig.chat.close();
      await Promise.all([rig.llama.kill(), rig.kokoro.kill()]);
    }
  },
};

interface Rig {
  readonly chat: ChatServer;
  readonly tap: TextTap;
  readonly kokoro: ServiceProcess;
  readonly llama: ServiceProcess;
  readonly follower: EventFollower;
  readonly ports: { readonly llama: number; readonly voice: number; readonly signal: number };
  /** Turns of each call that were heard to their end, as the LLaMA knows it. */
  readonly heard: Map<string, Set<number>>;
}

async function openRig({ temporaryFolder }: BenchContext): Promise<Rig> {
  const stateFolder = mkdtempSync(join(temporaryFolder, "turns-"));
  const ports = { llama: await freePort(), voice: await freePort(), signal: await freePort() };
  const chat = new ChatServer((reply, { text }) => {
    reply.token(answerTo(text));
    reply.end();
  });
  const kokoro = await ServiceProcess.launch({
    service: "kokoro",
    argv: [
      `--port=${ports.voice}`,
      `--signal-port=${ports.signal}`,
      `--llama-signal-port=${ports.llama}`,
      // Nobody listens, and the answers are as long as they last.
      "--speed=2",
    ],
    stateFolder,
  });
  const tap = new TextTap(ports.voice);
  const llama = await ServiceProcess.launch({
    service: "llama",
    argv: [
      "--backend=openai",
      `--url=${chat.url}`,
      `--port=${ports.llama}`,
      `--out-port=${tap.port}`,
      `--voice-signal-port=${ports.signal}`,
    ],
    stateFolder,
  });
  const heard = new Map<string, Set<number>>();
  const follower = await follow(stateFolder, heard);
  return { chat, tap, kokoro, llama, follower, ports, heard };
}

async function follow(
  stateFolder: string,
  heard: Map<string, Set<number>>,
): Promise<EventFollower> {
  const follower = new EventFollower({
    stateFolder,
    service: "llama",
    clock: systemClock,
    onJoined: () => undefined,
    onLeft: () => undefined,
    onLine: (_pid, line) => {
      const { kind, callId, turn, isAll } = parseObject(line) ?? {};
      if (kind !== "heard" || isAll !== true) return;
      if (typeof callId !== "string" || typeof turn !== "number") return;
      const known = heard.get(callId) ?? new Set();
      heard.set(callId, known.add(turn));
    },
    onRefused: () => undefined,
  });
  await until(startLimitMs, "the events of the LLaMA", () =>
    follower.joined === 1 ? true : undefined,
  );
  return follower;
}

function answerTo(question: string): string {
  return question.replace("What of", "Here is");
}

function nameOf(call: number, turn: number): string {
  return `call ${inWords(call)}, turn ${inWords(turn)}.`;
}

function inWords(number: number): string {
  return Array.from(String(number), (digit) => digits[Number(digit)]).join(" ");
}

async function measure(rig: Rig, context: BenchContext): Promise<number> {
  const perCall = context.isQuick ? turns.quick : turns.full;
  const done = { turns: 0 };
  const startedMs = performance.now();
  const outcomes = await Promise.all(
    Array.from({ length: calls }, async (_, index) =>
      scriptedCall(rig, { callId: 2 + 2 * index, perCall }, () => {
        done.turns += 1;
        context.progress(`scripted turns: ${done.turns} of ${calls * perCall}`);
      }),
    ),
  );
  const sum = (pick: (outcome: CallOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const [lost, doubled] = [sum((one) => one.lost), sum((one) => one.doubled)];
  const [misplaced, silent] = [sum((one) => one.misplaced), sum((one) => one.silent)];
  context.note(
    `${calls * perCall} turns of ${calls} calls in ${((performance.now() - startedMs) / 1000).toFixed(0)} s, ` +
      `${rig.chat.questions} questions: ${lost} lost, ${doubled} doubled, ${misplaced} in another place, ` +
      `${silent} without sound`,
  );
  return lost + doubled + misplaced + silent;
}

interface ScriptedCall {
  readonly callId: number;
  readonly perCall: number;
}

interface CallOutcome {
  readonly lost: number;
  readonly doubled: number;
  /** Of another call, of an earlier turn, or of no turn at all. */
  readonly misplaced: number;
  /** Replies that outbound did not get. */
  readonly silent: number;
}

async function scriptedCall(
  rig: Rig,
  { callId, perCall }: ScriptedCall,
  onTurn: () => void,
): Promise<CallOutcome> {
  const { ports, tap, heard } = rig;
  const taker = await ReplyTaker.open(callId);
  const caller = await TextCaller.open({
    callId,
    port: ports.llama,
    voiceSignalPort: ports.signal,
  });
  const { text: id } = caller.callId;
  caller.signal("register");
  await until(startLimitMs, "a voice", () => (taker.isConnected ? true : undefined));
  for (let turn = 1; turn <= perCall; turn += 1) {
    caller.signal("speech");
    await sleep(talkMs);
    caller.finishTurn(`What of ${nameOf(callId, turn)}`);
    // What is lost is found at the end.
    await until(turnLimitMs, "an answer", () =>
      heard.get(id)?.has(turn) === true ? true : undefined,
    ).catch(() => undefined);
    onTurn();
  }
  caller.close();
  const expected = Array.from({ length: perCall }, (_, turn) => nameOf(callId, turn + 1));
  const outcome = judge(tap.textsOf(id), expected);
  const { replies } = taker;
  taker.close();
  return { ...outcome, silent: Math.max(0, perCall - replies) };
}

/** An answer may be cut into clauses; all of them together say it. */
function judge(
  texts: readonly string[],
  names: readonly string[],
): Pick<CallOutcome, "lost" | "doubled" | "misplaced"> {
  const answers = texts
    .join(" ")
    .split(/(?<=\.) /)
    .filter((answer) => answer !== "");
  const expected = names.map((name) => `Here is ${name}`);
  const counts = expected.map((name) => answers.filter((answer) => answer === name).length);
  const known = answers.filter((answer) => expected.includes(answer));
  const inOrder = known.toSorted((a, b) => expected.indexOf(a) - expected.indexOf(b));
  return {
    lost: counts.filter((count) => count === 0).length,
    doubled: counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    misplaced:
      answers.length -
      known.length +
      known.filter((answer, index) => answer !== inOrder[index]).length,
  };
}
