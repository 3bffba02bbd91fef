/** Cuts a stream into utterances from one probability of speech per frame, whoever judged it. */
import { cutWithin } from "./quietest.ts";

/** Why an utterance ended: the caller paused, it grew too long, or the stream ended. */
export type UtteranceEnd = "silence" | "max-length" | "flush";

export interface Utterance {
  readonly startSample: number;
  readonly endSample: number;
  /** A copy of its own. */
  readonly samples: Float32Array;
  /** Mean over the frames from the onset to the last one with speech. */
  readonly speechProbability: number;
}

/** Positions count samples from the start of the stream; ends are exclusive. */
export type CuttingEvent =
  /** At least one utterance follows. `positionSamples` is where the speech itself began. */
  | { readonly kind: "speech-start"; readonly positionSamples: number }
  /** Perhaps the end: unless `resume` follows, the utterance will be exactly this. */
  | ({ readonly kind: "pause" } & Utterance)
  | { readonly kind: "resume" }
  | ({
      readonly kind: "utterance";
      readonly reason: UtteranceEnd;
      /** Since the last frame with speech, when the utterance was known to be over. */
      readonly silenceSamples: number;
    } & Utterance);

export type CuttingListener = (event: CuttingEvent) => void;

export interface CuttingOptions {
  readonly sampleRateHz: number;
  readonly frameSamples: number;
  /** A frame at least this probable may start speech. */
  readonly startProbability: number;
  /** Once begun, speech goes on while a frame is at least this probable: words end softly. */
  readonly endProbability: number;
  /** Unbroken time of speech that may be a start. */
  readonly startMs: number;
  /** Less speech than this, in all, was a click: nothing is reported of it. */
  readonly minSpeechMs: number;
  /** Silence after which `pause` is reported; 0 never reports it. Not below `trailingMs`. */
  readonly pauseMs: number;
  /** Silence after which the utterance is over. */
  readonly endSilenceMs: number;
  /** Sound kept from before the start, where soft consonants are. */
  readonly preRollMs: number;
  /** Silence kept after the last speech. */
  readonly trailingMs: number;
  /** Longest utterance, pre-roll and trailing silence included. */
  readonly maxUtteranceMs: number;
}

/**
 * One stream. Utterances never overlap; after one that grew too long, the next begins with the very
 * next sample. All memory is taken at the start, except for the copies that events carry.
 */
export class UtteranceCutter {
  readonly #options: CuttingOptions;
  readonly #maxSamples: number;
  readonly #keptIdleSamples: number;
  /** The open utterance from its first sample on; between utterances the latest sound. */
  readonly #buffer: Float32Array;
  #bufferStart = 0;
  #filled = 0;
  /** Idle; perhaps speech, not yet reported; speech, reported. */
  #state: "idle" | "candidate" | "speech" = "idle";
  #isPaused = false;
  /** Frames with speech: in a row while idle, in all of the utterance afterwards. */
  #speechFrames = 0;
  #silentFrames = 0;
  /** Index in the buffer of the end of the last speech frame. */
  #speechEnd = 0;
  #speechStartSample = 0;
  /** Of the frames from the onset on; after a split, from the frame that was cut on. */
  readonly #probabilities: Float32Array;
  #judgedFrames = 0;
  /** Index in the buffer of the end of the last whole frame. */
  #judgedEnd = 0;

  constructor(options: CuttingOptions) {
    this.#options = options;
    this.#maxSamples = this.#toSamples(options.maxUtteranceMs);
    this.#keptIdleSamples = this.#toSamples(options.preRollMs + options.startMs);
    this.#buffer = new Float32Array(
      this.#maxSamples + this.#keptIdleSamples + options.frameSamples,
    );
    this.#probabilities = new Float32Array(
      Math.ceil(this.#buffer.length / options.frameSamples) + 1,
    );
  }

  /** Samples taken in since the start. */
  get positionSamples(): number {
    return this.#bufferStart + this.#filled;
  }

  /** True while frames are held to the lower threshold of speech that has begun. */
  get isOpen(): boolean {
    return this.#state !== "idle";
  }

  /** True from the speech-start event to the last utterance event that belongs to it. */
  get isSpeaking(): boolean {
    return this.#state === "speech";
  }

  /** Sound before this position can no longer become part of an utterance. */
  get earliestOpenSample(): number {
    if (this.#state !== "idle") return this.#bufferStart;
    return this.#bufferStart + Math.max(0, this.#filled - this.#keptIdleSamples);
  }

  /** Takes one whole frame; the listener must not call back into this object. */
  addFrame(frame: Float32Array, probability: number, onEvent: CuttingListener): void {
    this.#buffer.set(frame, this.#filled);
    this.#filled += frame.length;
    this.#judgedEnd = this.#filled;
    if (this.#state === "idle") this.#idleFrame(probability);
    else this.#openFrame(probability, onEvent);
    this.#reportStart(onEvent);
    this.#endOrSplit(onEvent);
  }

  /** The open utterance so far, a view that is valid until the next call; undefined when none is. */
  peek(): Float32Array | undefined {
    const isOpen = this.#state === "speech" && this.#speechEnd > 0;
    return isOpen ? this.#buffer.subarray(0, this.#filled) : undefined;
  }

  /**
   * The stream ends or is interrupted: reports the open utterance, with the last sound that did not
   * fill a frame. More may follow later.
   */
  flush(rest: Float32Array, onEvent: CuttingListener): void {
    this.#buffer.set(rest, this.#filled);
    this.#filled += rest.length;
    if (this.#state === "speech") this.#closeUtterance("flush", onEvent);
    this.#becomeIdle();
  }

  #idleFrame(probability: number): void {
    const isSpeech = probability >= this.#options.startProbability;
    if (!isSpeech) {
      this.#speechFrames = 0;
      this.#judgedFrames = 0;
    } else {
      this.#speechFrames += 1;
      this.#note(probability);
    }
    if (this.#speechFrames >= this.#toFrames(this.#options.startMs)) this.#openUtterance();
    else this.#forgetOldSound();
  }

  #openFrame(probability: number, onEvent: CuttingListener): void {
    this.#note(probability);
    if (probability < this.#options.endProbability) {
      this.#silentFrames += 1;
      this.#reportPause(onEvent);
      return;
    }
    this.#silentFrames = 0;
    this.#speechFrames += 1;
    this.#speechEnd = this.#filled;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    onEvent({ kind: "resume" });
  }

  #note(probability: number): void {
    this.#probabilities[this.#judgedFrames] = probability;
    this.#judgedFrames += 1;
  }

  #openUtterance(): void {
    const onset = this.#filled - this.#speechFrames * this.#options.frameSamples;
    this.#speechStartSample = this.#bufferStart + onset;
    this.#dropBefore(Math.max(0, onset - this.#toSamples(this.#options.preRollMs)));
    this.#state = "candidate";
    this.#silentFrames = 0;
    this.#speechEnd = this.#filled;
  }

  #reportStart(onEvent: CuttingListener): void {
    if (this.#state !== "candidate") return;
    if (this.#speechFrames < this.#toFrames(this.#options.minSpeechMs)) return;
    this.#state = "speech";
    onEvent({ kind: "speech-start", positionSamples: this.#speechStartSample });
  }

  #reportPause(onEvent: CuttingListener): void {
    const { pauseMs } = this.#options;
    if (this.#state !== "speech" || this.#isPaused || pauseMs === 0) return;
    // After a split there may be nothing but silence left, which is no utterance to foresee.
    if (this.#silentFrames < this.#toFrames(pauseMs) || this.#speechEnd === 0) return;
    this.#isPaused = true;
    onEvent({ kind: "pause", ...this.#take(this.#naturalEnd()) });
  }

  #endOrSplit(onEvent: CuttingListener): void {
    if (this.#state === "idle") return;
    if (this.#silentFrames >= this.#toFrames(this.#options.endSilenceMs)) {
      if (this.#state === "speech") this.#closeUtterance("silence", onEvent);
      this.#becomeIdle();
    } else if (this.#filled + this.#options.frameSamples > this.#maxSamples) {
      if (this.#state === "speech" && this.#speechEnd > 0) this.#splitUtterance(onEvent);
      else this.#becomeIdle();
    }
  }

  #closeUtterance(reason: "silence" | "flush", onEvent: CuttingListener): void {
    if (this.#speechEnd > 0) this.#report(this.#naturalEnd(), reason, onEvent);
  }

  #naturalEnd(): number {
    return Math.min(this.#speechEnd + this.#toSamples(this.#options.trailingMs), this.#filled);
  }

  /** In a pause the best place is known, and what was foreseen comes true. */
  #splitUtterance(onEvent: CuttingListener): void {
    const open = this.#buffer.subarray(0, this.#filled);
    const end = this.#isPaused ? this.#naturalEnd() : cutWithin(open);
    this.#report(end, "max-length", onEvent);
  }

  #report(end: number, reason: UtteranceEnd, onEvent: CuttingListener): void {
    const utterance = this.#take(end);
    const silenceSamples = this.#filled - this.#speechEnd;
    this.#dropBefore(end);
    this.#isPaused = false;
    this.#forgetOldFrames();
    this.#speechEnd = Math.max(0, this.#speechEnd - end);
    onEvent({ kind: "utterance", reason, silenceSamples, ...utterance });
  }

  #take(end: number): Utterance {
    const startSample = this.#bufferStart;
    return {
      startSample,
      endSample: startSample + end,
      samples: this.#buffer.slice(0, end),
      speechProbability: this.#meanProbability(end),
    };
  }

  /** Over the frames that begin before `end`, without the silent ones at its end. */
  #meanProbability(end: number): number {
    const { frameSamples, endProbability } = this.#options;
    const first = this.#judgedEnd - this.#judgedFrames * frameSamples;
    let frames = Math.min(this.#judgedFrames, Math.ceil((end - first) / frameSamples));
    while (frames > 0 && (this.#probabilities[frames - 1] ?? 0) < endProbability) frames -= 1;
    let sum = 0;
    for (const probability of this.#probabilities.subarray(0, frames)) sum += probability;
    return sum / Math.max(1, frames);
  }

  /** After a split the frame that was cut counts on both sides. */
  #forgetOldFrames(): void {
    const kept = Math.ceil(Math.max(0, this.#judgedEnd) / this.#options.frameSamples);
    const old = Math.max(0, this.#judgedFrames - kept);
    this.#probabilities.copyWithin(0, old, this.#judgedFrames);
    this.#judgedFrames -= old;
  }

  #becomeIdle(): void {
    this.#state = "idle";
    this.#isPaused = false;
    this.#speechFrames = 0;
    this.#silentFrames = 0;
    this.#judgedFrames = 0;
    this.#forgetOldSound();
  }

  /** Makes room when the next frame would not fit; seldom, so that copying costs next to nothing. */
  #forgetOldSound(): void {
    if (this.#filled + this.#options.frameSamples <= this.#buffer.length) return;
    this.#dropBefore(this.#filled - this.#keptIdleSamples);
  }

  #dropBefore(index: number): void {
    this.#buffer.copyWithin(0, index, this.#filled);
    this.#filled -= index;
    this.#judgedEnd -= index;
    this.#bufferStart += index;
  }

  #toSamples(ms: number): number {
    return Math.round((ms * this.#options.sampleRateHz) / 1_000);
  }

  #toFrames(ms: number): number {
    const frameMs = (this.#options.frameSamples * 1_000) / this.#options.sampleRateHz;
    return Math.max(1, Math.ceil(ms / frameMs));
  }
}
