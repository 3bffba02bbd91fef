/**
 * What the inbound side still owes to whisper. Sound stays here until whisper has settled it, so that
 * a whisper that starts anew hears everything that its predecessor did not finish, and nothing else.
 */
import { EnergyEndpointer } from "../audio/endpointing.ts";
import type { CuttingEvent } from "../audio/utterance-cutter.ts";
import { SampleBacklog } from "./sample-backlog.ts";

export interface AudioFeed {
  /** Live sound, 16 kHz mono; copied. */
  append(samples: Float32Array): void;
  /** No more live sound will come. */
  endInput(): void;
  /** The next block to send, undefined when nothing is left for now; valid until the next call. */
  next(): Float32Array | undefined;
  /** The connection is over: the next one begins with the first sound that is not settled. */
  rewind(): void;
  /** A transcript came back, perhaps empty: it settles the oldest chunk. */
  settle(): void;
  /**
   * Whisper has settled all sound before this position, counted in samples sent on this connection.
   * False when that many were never sent.
   */
  settleBefore(positionSamples: number): boolean;
  /** Whisper has settled all that was sent. */
  settleAll(): void;
  /** Chunks, or 1 for a stream, that were sent on any connection and are not settled. */
  readonly unsettled: number;
  /** Samples lost because they waited too long: never sent, or gone when they were needed again. */
  readonly droppedSamples: number;
}

/** Blocks far below the length at which a chunk counts as a finished utterance. */
const blockSamples = 1600;

/**
 * The way of our own inbound: a steady stream, in which whisper finds the utterances and tells by
 * position marks how far it is. After a break the sound is sent again from the last mark.
 *
 * A whisper of another kind returns transcripts and no marks, and nobody can say which sound each of
 * them belongs to. After a break its last transcript then stands for all sound that was sent before it
 * came: what a caller said while that transcript was being made may be lost, but a text that the
 * LLaMA would hear and answer twice is the worse fault. Where nothing at all came back, nothing
 * is known to have been understood, and everything is sent again.
 */
export class StreamFeed implements AudioFeed {
  /** As long as whisper settles nothing, it keeps the newest sound and lets go of the oldest. */
  readonly #backlog: SampleBacklog;
  /** In the backlog's positions: what is sent next, and the end of what was ever sent. */
  #cursor = 0;
  #everSentEnd = 0;
  /** Since the start of this connection, as whisper counts. */
  #sentSamples = 0;
  #settledSamples = 0;
  #sentAtTranscript = 0;
  #hasMarks = false;
  #droppedSamples = 0;

  constructor(limitSamples: number) {
    this.#backlog = new SampleBacklog(limitSamples);
  }

  get unsettled(): number {
    return this.#backlog.start < this.#everSentEnd ? 1 : 0;
  }

  get droppedSamples(): number {
    return this.#droppedSamples;
  }

  append(samples: Float32Array): void {
    this.#backlog.append(samples);
    const unsent = this.#backlog.start - this.#cursor;
    if (unsent <= 0) return;
    this.#droppedSamples += unsent;
    this.#cursor += unsent;
  }

  endInput(): void {
    // Nothing is held back in a stream.
  }

  next(): Float32Array | undefined {
    const block = this.#backlog.read(this.#cursor, blockSamples);
    if (block === undefined) return undefined;
    this.#cursor += block.length;
    this.#sentSamples += block.length;
    this.#everSentEnd = Math.max(this.#everSentEnd, this.#cursor);
    return block;
  }

  rewind(): void {
    if (!this.#hasMarks) this.#settle(this.#sentAtTranscript);
    const unsettled = this.#sentSamples - this.#settledSamples;
    const kept = this.#cursor - this.#backlog.start;
    this.#droppedSamples += unsettled - kept;
    this.#cursor = this.#backlog.start;
    this.#sentSamples = 0;
    this.#settledSamples = 0;
    this.#sentAtTranscript = 0;
    this.#hasMarks = false;
  }

  settle(): void {
    this.#sentAtTranscript = this.#sentSamples;
  }

  settleBefore(positionSamples: number): boolean {
    if (positionSamples > this.#sentSamples) return false;
    this.#hasMarks = true;
    this.#settle(positionSamples);
    return true;
  }

  settleAll(): void {
    this.settleBefore(this.#sentSamples);
  }

  /** Counted back from the cursor, since sound that was dropped unsent has no position. */
  #settle(positionSamples: number): void {
    this.#settledSamples = Math.max(this.#settledSamples, positionSamples);
    this.#backlog.forgetBefore(this.#cursor - (this.#sentSamples - this.#settledSamples));
  }
}

/** Chunks of the legacy inbound are 0.5 to 3 s long. */
const chunkLimits = { maxUtteranceMs: 3000, minSamples: 8000 } as const;

/** The way of the legacy inbound: cuts at pauses, and each chunk is one utterance. */
export class ChunkFeed implements AudioFeed {
  readonly #cutter = new EnergyEndpointer({ maxUtteranceMs: chunkLimits.maxUtteranceMs });
  readonly #limitSamples: number;
  #chunks: Float32Array[] = [];
  #waitingSamples = 0;
  /** Chunks sent on this connection, and on any, that are not settled; always the first ones. */
  #sent = 0;
  #everSent = 0;
  #sentSamples = 0;
  /** Sent on this connection and dropped before their transcripts came back. */
  #orphans = 0;
  #droppedSamples = 0;

  constructor(limitSamples: number) {
    this.#limitSamples = limitSamples;
  }

  get unsettled(): number {
    return this.#everSent;
  }

  get droppedSamples(): number {
    return this.#droppedSamples;
  }

  append(samples: Float32Array): void {
    this.#cutter.push(samples, this.#onEvent);
  }

  endInput(): void {
    this.#cutter.flush(this.#onEvent);
  }

  next(): Float32Array | undefined {
    const chunk = this.#chunks[this.#sent];
    if (chunk === undefined) return undefined;
    this.#sent += 1;
    this.#everSent = Math.max(this.#everSent, this.#sent);
    this.#sentSamples += chunk.length;
    return chunk;
  }

  rewind(): void {
    this.#sent = 0;
    this.#sentSamples = 0;
    this.#orphans = 0;
  }

  settle(): void {
    if (this.#orphans > 0) this.#orphans -= 1;
    else if (this.#sent > 0) this.#dropFirst();
  }

  /** Marks say nothing that the transcripts did not say: there is one for each chunk. */
  settleBefore(positionSamples: number): boolean {
    return positionSamples <= this.#sentSamples;
  }

  settleAll(): void {
    this.#orphans = 0;
    while (this.#sent > 0) this.#dropFirst();
  }

  readonly #onEvent = (event: CuttingEvent): void => {
    if (event.kind !== "utterance") return;
    const chunk = padded(event.samples, chunkLimits.minSamples);
    this.#chunks.push(chunk);
    this.#waitingSamples += chunk.length;
    while (this.#waitingSamples > this.#limitSamples) {
      // Its transcript is still to come, before those of all later chunks.
      if (this.#sent > 0) this.#orphans += 1;
      this.#droppedSamples += this.#dropFirst();
    }
  };

  #dropFirst(): number {
    const dropped = this.#chunks.shift()?.length ?? 0;
    this.#waitingSamples -= dropped;
    this.#sent = Math.max(0, this.#sent - 1);
    this.#everSent = Math.max(0, this.#everSent - 1);
    return dropped;
  }
}

function padded(samples: Float32Array, least: number): Float32Array {
  if (samples.length >= least) return samples;
  const longer = new Float32Array(least);
  longer.set(samples);
  return longer;
}
