/** One clause in the queue of a call: the words that are synthesised in one go. */
import { ClauseAudio } from "./clause-audio.ts";
import type { ToldText } from "./told-text.ts";

export interface ClauseOptions {
  readonly text: string;
  /** What it is a part of. */
  readonly told: ToldText | undefined;
  readonly rateHz: number;
  readonly queuedAtMs: number;
}

/** At a natural pace, for a clause whose end is not synthesised yet. */
const usualMsPerCharacter = 71;

export class QueuedClause {
  readonly text: string;
  readonly told: ToldText | undefined;
  readonly audio: ClauseAudio;
  readonly queuedAtMs: number;
  readonly #usualSamples: number;
  attempts = 0;
  /** Some of it was handed on. */
  hasBegun = false;
  /** Who speaks it, as far as the engine says so. */
  engine = "";

  constructor({ text, told, rateHz, queuedAtMs }: ClauseOptions) {
    this.text = text;
    this.told = told;
    this.audio = new ClauseAudio(rateHz);
    this.queuedAtMs = queuedAtMs;
    this.#usualSamples = (text.length * usualMsPerCharacter * rateHz) / 1000;
    told?.addPart(this);
  }

  get expectedSamples(): number {
    const { audio } = this;
    return audio.isFinished ? audio.length : Math.max(audio.length, this.#usualSamples);
  }
}

export interface Interruption {
  /** The turn that was interrupted. */
  readonly turn: number;
  /** False when there was nothing to interrupt. */
  readonly wasSpeaking: boolean;
  /** Of what was handed on, the last so many milliseconds cannot have been heard yet. */
  readonly unheardMs: number;
}
