/** What the turns of a call are made of: parts, texts and time limits. */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { AnswerEnd, ChatAsker } from "../chat/chat-messages.ts";
import type { Conversation } from "./conversation.ts";
import type { CallStyle } from "./said-answer.ts";
import type { ToolPlanner } from "./tool.ts";

/**
 * Takes what the agent says; all of it belongs to the turn whose number it carries. Numbers rise: words
 * of a new turn come when the turn before is finished or cancelled, and none of an older one after
 * them. An answer that goes on after a false interruption goes on in a new turn.
 *
 * In return `TurnMachine.played(turn, characters, isAll)` is called: when more of a turn is known to
 * have been heard, at the latest when all of it was, and once more when it was cancelled, with what
 * was heard until then. Characters are counted over all that was given to `speak` for that very turn,
 * so that what is told of the part before an interruption is never taken for the part after it. A
 * better figure may follow at any time; what comes within `settleMs` of the caller's silence decides
 * where an interrupted answer goes on. Where the voice reports nothing, the sink has to guess.
 */
export interface SpeechSink {
  /** The next words of a turn, as they come from the model: not cut at any place that matters. */
  speak(text: string, turn: number): void;
  /** The turn is complete, no word of it follows: what waits for more words can be spoken. */
  finish(turn: number): void;
  /**
   * Nothing more of the turn is to be heard, from now on. `isTold`: the recogniser told SPEECH, so the
   * voice has heard of it and is silent already. Otherwise this side decided, because of a text, and
   * the sink has to tell the voice.
   */
  cancel(turn: number, isTold: boolean): void;
}

/** All in milliseconds. */
export interface TurnLimits {
  /** Without a word from the recogniser, a caller talks no longer than this: the end was lost. */
  readonly talkMs: number;
  /** After they stopped, so long their text may take before it counts as no text at all. */
  readonly settleMs: number;
  /** A text that comes so long after them is still theirs, though the agent may have gone on. */
  readonly lateTextMs: number;
  /** Above what the chat client and the tools allow themselves. */
  readonly answerMs: number;
  /** For playing an answer: this much, and so much for each of its characters. */
  readonly playMs: number;
  readonly playCharMs: number;
  /** After the last word so long until a tool takes the caller away: networks and phones hold sound back. */
  readonly partingMs: number;
}

export const defaultTurnLimits: TurnLimits = {
  talkMs: 15_000,
  settleMs: 250,
  lateTextMs: 2000,
  answerMs: 130_000,
  playMs: 10_000,
  playCharMs: 120,
  partingMs: 400,
};

/** Of one answer, in characters: more is not spoken. */
export const defaultMaxTurnChars = 2000;

/** How one request to the model ended, for events and statistics. */
export interface AnswerReport {
  readonly turn: number;
  /** 0, and one more for each round of tools. */
  readonly round: number;
  readonly end: AnswerEnd;
  /** From the caller's first sound, as it was told, or the bound of length to the end of generating. */
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
  /** What the model says beyond is cut at the end of a sentence, over all rounds of tools. */
  readonly maxTurnChars?: number | undefined;
  /**
   * The recogniser of this call tells SPEECH and SILENCE: a text without them was a short sound, and
   * while the agent speaks, it is no turn of the caller. Not unless given.
   */
  readonly tellsSpeech?: (() => boolean) | undefined;
  /** Words that interrupt the agent however short they are, besides those that are known. */
  readonly stopWords?: readonly string[] | undefined;
  /** A turn of the caller is about to be answered: from here on what stands above may be another. */
  readonly beginsTurn?: (() => void) | undefined;
  readonly answered?: ((report: AnswerReport) => void) | undefined;
  /** The caller made a short sound while the agent spoke. */
  readonly ignored?: ((text: string) => void) | undefined;
  /**
   * The caller did not interrupt after all: the answer goes on as that turn, and so many characters
   * are said again.
   */
  readonly resumed?: ((turn: number, characters: number) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}
