/** One clause in the queue of a call, and what an interruption tells about it. */
import type { ClauseAudio } from "./clause-audio.ts";

export interface QueuedClause {
  readonly turn: number;
  readonly text: string;
  readonly audio: ClauseAudio;
  readonly queuedAtMs: number;
  attempts: number;
  /** Some of it was handed on. */
  hasBegun: boolean;
}

/** How much of a clause was handed on. */
export interface SpokenClause {
  readonly turn: number;
  readonly text: string;
  readonly samples: number;
  readonly isWhole: boolean;
  /** The share of the text that belongs to these samples, from its beginning. */
  readonly characters: number;
}

export interface Interruption {
  /** The turn that was interrupted. */
  readonly turn: number;
  /** False when there was nothing to interrupt. */
  readonly wasSpeaking: boolean;
  /** Of what was handed on, the last so many milliseconds cannot have been heard yet. */
  readonly unheardMs: number;
  /** In the order of speech, those that nobody has heard of at the end. */
  readonly clauses: readonly SpokenClause[];
}

/** For a clause whose end is not synthesised yet. */
const usualSamplesPerCharacter = 1700;

export function describeSpoken({ turn, text, audio }: QueuedClause): SpokenClause {
  const samples = audio.readSamples;
  const isWhole = audio.isExhausted;
  const expected = audio.isFinished
    ? audio.length
    : Math.max(audio.length, text.length * usualSamplesPerCharacter);
  const share = expected === 0 ? 0 : samples / expected;
  const characters = isWhole ? text.length : wholeCharacters(text, Math.floor(text.length * share));
  return { turn, text, samples, isWhole, characters };
}

/** Does not part the two halves of a character beyond the basic plane. */
function wholeCharacters(text: string, count: number): number {
  const isParted = /[\uD800-\uDBFF]/.test(text.charAt(count - 1));
  return isParted ? count - 1 : count;
}
