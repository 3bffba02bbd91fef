/** What goes back to the sender of a call's audio: its transcripts, and what it may forget. */
import { encodePositionMark, encodeReturnedTranscript } from "../wire/text-frames.ts";

/** How often the sender of a stream learns, while nobody speaks, what it may forget. */
const markIntervalMs = 1000;

export interface ReturnPathOptions {
  /** False when the peer does not read: what was not written is lost. */
  readonly write: (bytes: Uint8Array) => boolean;
  readonly onLost: () => void;
}

export class ReturnPath {
  readonly #options: ReturnPathOptions;
  #isStream = false;
  #markedSample = 0;
  #lastMarkMs = 0;

  constructor(options: ReturnPathOptions) {
    this.#options = options;
  }

  /**
   * The sender streams, so it learns positions. The sender of utterances counts transcripts, and an
   * empty one tells it that an utterance held no words.
   */
  streams(): void {
    this.#isStream = true;
  }

  /** The transcript of an utterance that ended before `endSample` of the stream. */
  transcript(text: string, endSample: number): void {
    if (!this.#isStream) {
      this.#write(encodeReturnedTranscript(text));
    } else if (text === "") {
      this.#mark(endSample);
    } else {
      this.#markedSample = Math.max(this.#markedSample, endSample);
      this.#write(encodeReturnedTranscript(text, this.#markedSample));
    }
  }

  /** Nothing waits, and no sound before `sample` will become part of an utterance. */
  settled(sample: number, nowMs: number): void {
    if (!this.#isStream || nowMs - this.#lastMarkMs < markIntervalMs) return;
    this.#lastMarkMs = nowMs;
    this.#mark(sample);
  }

  #mark(sample: number): void {
    if (sample <= this.#markedSample) return;
    this.#markedSample = sample;
    this.#write(encodePositionMark(sample));
  }

  #write(bytes: Uint8Array): void {
    if (!this.#options.write(bytes)) this.#options.onLost();
  }
}
