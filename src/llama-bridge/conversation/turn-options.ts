/** What the turns of a call are made of: parts, texts and time limits. */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { AnswerEnd, ChatAsker } from "../chat/chat-messages.ts";
import type { Conversation } from "./conversation.ts";
import type { CallStyle } from "./exchange.ts";
import type { ToolPlanner } from "./tool.ts";

/** Takes what the agent says; all of it belongs to the turn whose number it carries. */
export interface SpeechSink {
  /** The next words of a turn, as they come from the model: not cut at any place that matters. */
  speak(text: string, turn: number): void;
  /** The turn is complete: what waits for more words can be spoken. `played` is awaited. */
  finish(turn: number): void;
  /** Nothing more of the turn is to be heard, from now on. */
  cancel(turn: number): void;
}

/** All in milliseconds. */
export interface TurnLimits {
  /** Without a word from the recogniser, a caller talks no longer than this: the end was lost. */
  readonly talkMs: number;
  /** After they stopped, so long their text may take before it counts as no text at all. */
  readonly settleMs: number;
  /** Above what the chat client and the tools allow themselves. */
  readonly answerMs: number;
  /** For playing an answer: this much, and so much for each of its characters. */
  readonly playMs: number;
  readonly playCharMs: number;
}

export const defaultTurnLimits: TurnLimits = {
  talkMs: 15_000,
  settleMs: 700,
  answerMs: 130_000,
  playMs: 10_000,
  playCharMs: 120,
};

/** How one request to the model ended, for events and statistics. */
export interface AnswerReport {
  readonly turn: number;
  /** 0, and one more for each round of tools. */
  readonly round: number;
  readonly end: AnswerEnd;
  /** From the caller's first sound, as it was told, to the end of generating. */
  readonly cancelMs?: number;
}

export interface TurnMachineOptions {
  readonly conversation: Conversation;
  readonly asker: ChatAsker;
  readonly speech: SpeechSink;
  readonly tools?: ToolPlanner | undefined;
  /** `text` for models that know no tools: they are told in the system prompt and write marks. */
  readonly toolStyle?: CallStyle | undefined;
  /** Said once for each failure; the empty text says nothing. */
  readonly apology: string;
  readonly limits?: Partial<TurnLimits> | undefined;
  readonly answered?: ((report: AnswerReport) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}
