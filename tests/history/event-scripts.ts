/** What services tell of whole calls, as numbered events: the shape of the real ones. */
import type { StreamEvent } from "../../src/history/event-applier.ts";

export const startMs = Date.UTC(2026, 0, 1, 9);

/** One life of one service, which numbers what it tells. */
export class ScriptedStream {
  events: StreamEvent[] = [];
  readonly service: string;
  readonly pid: number;
  readonly stream: string;

  constructor(service: string, pid: number) {
    this.service = service;
    this.pid = pid;
    this.stream = `${service}-${pid}`;
  }

  tell(atMs: number, kind: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { service, pid, stream } = this;
    const seq = this.events.length + 1;
    const time = new Date(atMs).toISOString();
    this.events.push({ service, pid, stream, seq, fields: { kind, time, pid, seq, ...fields } });
  }

  /** After calls that overlap: a service tells them as they happen. */
  renumber(): void {
    const sorted = this.events.toSorted((one, other) => timeOf(one) - timeOf(other));
    this.events = sorted.map(({ fields, ...event }, index) => {
      const seq = index + 1;
      return { ...event, seq, fields: { ...fields, seq } };
    });
  }
}

export const timeOf = ({ fields }: StreamEvent): number => Date.parse(String(fields["time"]));

export interface Services {
  readonly sip?: ScriptedStream | undefined;
  readonly whisper?: ScriptedStream | undefined;
  readonly llama?: ScriptedStream | undefined;
  readonly kokoro?: ScriptedStream | undefined;
}

export interface AllServices extends Services {
  readonly sip: ScriptedStream;
  readonly whisper: ScriptedStream;
  readonly llama: ScriptedStream;
  readonly kokoro: ScriptedStream;
}

export function streamsOf({ sip, whisper, llama, kokoro }: Services): ScriptedStream[] {
  return [sip, whisper, llama, kokoro].filter((stream) => stream !== undefined);
}

export function newServices(firstPid = 100): AllServices {
  return {
    sip: new ScriptedStream("sip", firstPid),
    whisper: new ScriptedStream("whisper", firstPid + 1),
    llama: new ScriptedStream("llama", firstPid + 2),
    kokoro: new ScriptedStream("kokoro", firstPid + 3),
  };
}

export interface ScriptedCall {
  readonly number: number;
  readonly callId: string;
  readonly atMs: number;
  readonly turns: number;
  readonly question?: (turn: number) => string;
  readonly answer?: (turn: number) => string;
}

/** A call that is answered, talks for some turns of five seconds, and is ended by the caller. */
export function scriptCall(services: Services, call: ScriptedCall): void {
  const { callId, number, atMs, turns } = call;
  const { sip, llama } = services;
  const phone = {
    key: String(number),
    line: "200@pbx",
    direction: "incoming",
    remote: `"Caller ${number}" <sip:55${number}@192.0.2.1>`,
  };
  const name = { callId, key: `${callId}-${number}` };
  sip?.tell(atMs, "ringing", phone);
  llama?.tell(atMs + 20, "began", name);
  sip?.tell(atMs + 50, "established", { callId, codec: "PCMA", ...phone });
  for (let turn = 1; turn <= turns; turn += 1) scriptTurn(services, call, turn);
  const endMs = atMs + (turns + 1) * turnMs;
  sip?.tell(endMs, "ended", {
    by: "remote",
    status: undefined,
    reason: "BYE",
    durationMs: endMs - atMs - 50,
    statistics: { receivedPackets: 990, lostPackets: 10, jitterMs: 2.5, meanOpinionScore: 4.1 },
    ...phone,
  });
  llama?.tell(endMs + 300, "ended", name);
}

const turnMs = 5000;

interface ScriptedTurn {
  readonly turn: number;
  readonly atMs: number;
  /** Since the call began. */
  readonly saidMs: number;
  readonly question: string;
  readonly answer: string;
  readonly phoneKey: string;
  readonly name: { readonly callId: string; readonly key: string };
}

function scriptTurn(services: Services, call: ScriptedCall, turn: number): void {
  const { callId, number } = call;
  const scripted: ScriptedTurn = {
    turn,
    atMs: call.atMs + turn * turnMs,
    saidMs: turn * turnMs,
    question: call.question?.(turn) ?? `question ${turn} of call ${number}`,
    answer: call.answer?.(turn) ?? `answer ${turn} to call ${number}.`,
    phoneKey: String(number),
    name: { callId, key: `${callId}-${number}` },
  };
  scriptQuestion(services, scripted);
  scriptAnswer(services, scripted);
}

function scriptQuestion({ sip, whisper, llama }: Services, scripted: ScriptedTurn): void {
  const { turn, atMs, saidMs, question, phoneKey, name } = scripted;
  whisper?.tell(atMs - 1500, "speech-start", { ...name, atMs: saidMs - 1500 });
  whisper?.tell(atMs, "final", { ...name, ...finalFields(saidMs, question) });
  sip?.tell(atMs + 1, "transcript", { key: phoneKey, text: question });
  llama?.tell(atMs + 2, "transcript", { ...name, text: question });
  llama?.tell(atMs + 3, "asked", { ...name, turn, messages: turn * 2 });
}

function scriptAnswer({ llama, kokoro }: Services, scripted: ScriptedTurn): void {
  const { turn, atMs, answer: text, name } = scripted;
  llama?.tell(atMs + 120, "clause", { ...name, turn, text });
  kokoro?.tell(atMs + 121, "text", { ...name, number: turn, characters: text.length, text });
  llama?.tell(atMs + 140, "answered", { ...name, turn, ...answeredFields });
  kokoro?.tell(atMs + 180, "speaking", { ...name, number: turn, voiceMs: 60, engine: "flite" });
  llama?.tell(atMs + 200, "turn", { ...name, turn, ...stages });
  llama?.tell(atMs + 1500, "heard", { ...name, turn, characters: text.length, isAll: true });
}

const answeredFields = {
  round: 0,
  outcome: "stop",
  firstTokenMs: 90,
  totalMs: 137,
  tokens: 12,
  tokensPerSecond: 88,
};

export const stages = {
  silenceMs: 500,
  recognitionMs: 2,
  gatherMs: 1,
  firstTokenMs: 90,
  clauseMs: 27,
  voiceMs: 60,
  lineMs: 20,
  totalMs: 700,
};

function finalFields(endMs: number, text: string): Readonly<Record<string, unknown>> {
  return {
    startMs: endMs - 1500,
    endMs,
    text,
    words: [],
    language: "en",
    averageLogProbability: -0.2,
    noSpeechProbability: 0.01,
    speechProbability: 0.93,
    audioMs: 1500,
    queuedMs: 1,
    decodeMs: 140,
    silenceMs: 500,
    textMs: 1.5,
  };
}
