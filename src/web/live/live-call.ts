/** One call as the page shows it, put together from what each service tells of it. */
import type { TurnTiming } from "./turn-stages.ts";

export interface TranscriptLine {
  readonly number: number;
  readonly who: "caller" | "agent";
  /** Which service told it. */
  readonly source: string;
  text: string;
  readonly atMs: number;
  /** Of the agent: which turn it belongs to. */
  readonly turn: number | undefined;
  isInterrupted: boolean;
}

export interface LineQuality {
  readonly jitterMs: number | undefined;
  /** 0..1, of what we hear. */
  readonly lossFraction: number | undefined;
  /** 1..4.5 */
  readonly meanOpinionScore: number | undefined;
}

/** RMS of the last quarter of a second, in dBFS. */
export interface CallLoudness {
  readonly callerDbfs: number;
  readonly agentDbfs: number;
}

/** What one service knows as a call of its own. */
export interface LivePart {
  readonly service: string;
  readonly pid: number;
  readonly key: string;
  /** As in the history: the lower, the sooner it is believed about beginning and end. */
  readonly rank: number;
  lastMs: number;
  isOver: boolean;
}

export interface LiveCall {
  /** Unique for the life of the web service. */
  readonly id: string;
  /** Empty until it is answered; comes again with later calls. */
  callId: string;
  readonly parts: LivePart[];
  line: string;
  remote: string;
  direction: string;
  codec: string;
  startedMs: number;
  answeredMs: number | undefined;
  /** Wall clock; undefined while it goes on. */
  endedMs: number | undefined;
  endReason: string;
  readonly transcript: TranscriptLine[];
  /** Lines so far, also those that are gone from `transcript`. */
  lines: number;
  /** What the caller is saying; `tentative` may still change. */
  partial: { readonly committed: string; readonly tentative: string } | undefined;
  isCallerSpeaking: boolean;
  isAgentSpeaking: boolean;
  /** The model was asked and has not answered. */
  isThinking: boolean;
  lastTurn: TurnTiming | undefined;
  quality: LineQuality | undefined;
  /** Known while somebody looks. */
  loudness: CallLoudness | undefined;
}

/** Who has the floor; the caller comes first when both speak. */
export type Speaker = "caller" | "agent" | "thinking" | "nobody";

export function speakerOf(call: LiveCall): Speaker {
  if (call.endedMs !== undefined) return "nobody";
  if (call.isCallerSpeaking) return "caller";
  if (call.isAgentSpeaking) return "agent";
  return call.isThinking ? "thinking" : "nobody";
}

export function newLiveCall(id: string, startedMs: number): LiveCall {
  return {
    id,
    callId: "",
    parts: [],
    line: "",
    remote: "",
    direction: "",
    codec: "",
    startedMs,
    answeredMs: undefined,
    endedMs: undefined,
    endReason: "",
    transcript: [],
    lines: 0,
    partial: undefined,
    isCallerSpeaking: false,
    isAgentSpeaking: false,
    isThinking: false,
    lastTurn: undefined,
    quality: undefined,
    loudness: undefined,
  };
}

/** Older lines are in the history. */
const maxLines = 200;
const maxLineCharacters = 8000;

/** Takes its place by time: services tell of the same moment one after the other. */
export function addLine(
  call: LiveCall,
  line: Omit<TranscriptLine, "number" | "isInterrupted">,
): void {
  if (line.text.trim() === "") return;
  const { transcript } = call;
  call.lines += 1;
  const at = transcript.findLastIndex(({ atMs }) => atMs <= line.atMs) + 1;
  transcript.splice(at, 0, { ...line, number: call.lines, isInterrupted: false });
  if (transcript.length > maxLines) transcript.shift();
}

export interface AgentClause {
  readonly turn: number | undefined;
  readonly text: string;
  readonly atMs: number;
}

/** Another clause of the same turn goes on where the last one ended. */
export function addAgentClause(call: LiveCall, { turn, text, atMs }: AgentClause): void {
  const last = call.transcript.findLast(({ who }) => who === "agent");
  const goesOn = last !== undefined && last.turn === turn && turn !== undefined;
  if (goesOn) last.text = `${last.text} ${text.trim()}`.slice(0, maxLineCharacters);
  else addLine(call, { who: "agent", source: "llama", text: text.trim(), atMs, turn });
}

/** The caller spoke over what the agent said last. */
export function markInterrupted(call: LiveCall): void {
  const last = call.transcript.findLast(({ who }) => who === "agent");
  if (last !== undefined) last.isInterrupted = true;
}

export function hasPartOf(call: LiveCall, ...services: readonly string[]): boolean {
  return call.parts.some(({ service }) => services.includes(service));
}

/** Both turned out to be one call. */
export function absorb(call: LiveCall, other: LiveCall): void {
  call.parts.push(...other.parts);
  for (const line of other.transcript) addLine(call, line);
  call.partial ??= other.partial;
  call.lastTurn ??= other.lastTurn;
  call.isCallerSpeaking ||= other.isCallerSpeaking;
  call.isAgentSpeaking ||= other.isAgentSpeaking;
  call.isThinking ||= other.isThinking;
}
