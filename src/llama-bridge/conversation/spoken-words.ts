/** The words of one answer: how they get to the voice, and how much of them the caller has heard. */
import type { Conversation } from "./conversation.ts";
import type { SpeechSink } from "./turn-options.ts";

export interface SpokenWordsOptions {
  readonly conversation: Conversation;
  readonly speech: SpeechSink;
}

export class SpokenWords {
  readonly #conversation: Conversation;
  readonly #speech: SpeechSink;
  #turn: number;
  #text = "";
  #heardChars = 0;
  #isFinished = false;
  #isCut = false;

  constructor({ conversation, speech }: SpokenWordsOptions, turn: number) {
    this.#conversation = conversation;
    this.#speech = speech;
    this.#turn = turn;
  }

  get turn(): number {
    return this.#turn;
  }

  /** All that was given to the voice as this turn. */
  get text(): string {
    return this.#text;
  }

  get heardChars(): number {
    return this.#heardChars;
  }

  /** The voice was told that this turn has no more words. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The voice was told to say no more of this turn. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** New words, which the conversation is told of too. */
  say(text: string): void {
    this.#conversation.say(this.#turn, text);
    this.repeat(text);
  }

  /** Words that the conversation knows. */
  repeat(text: string): void {
    if (text === "") return;
    this.#text += text;
    this.#speech.speak(text, this.#turn);
  }

  /** As words that were cut before the first of them was heard. */
  withhold(text: string): void {
    this.#text = text;
    this.#isCut = true;
    this.#conversation.heard(this.#turn, 0);
  }

  /** The voice may tell at once that it has played all of them. */
  finish(): void {
    this.#isFinished = true;
    this.#speech.finish(this.#turn);
  }

  cut(isTold: boolean): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#conversation.heard(this.#turn, this.#heardChars);
    if (this.#text !== "") this.#speech.cancel(this.#turn, isTold);
  }

  /** What was heard of an interrupted turn may be told better later. */
  heard(characters: number): void {
    this.#heardChars = characters;
    if (this.#isCut) this.#conversation.heard(this.#turn, characters);
  }

  /** What follows goes by a new number; it begins with what was said from `from` to `to`. */
  renew(from = this.#text.length, to = this.#text.length): void {
    const again = this.#text.slice(from, to);
    this.#turn = this.#conversation.resumeTurn(from, to);
    this.#text = "";
    this.#heardChars = 0;
    this.#isFinished = false;
    this.#isCut = false;
    this.repeat(again);
  }
}
