/**
 * What the inbound side still owes to whisper. Sound stays here until the transcript of its utterance
 * came back, so that a whisper that starts anew hears everything that its predecessor did not finish.
 */
import { EnergyEndpointer, type EndpointingEvent } from "../audio/endpointing.ts";
import { SampleBacklog } from "./sample-backlog.ts";

export interface AudioFeed {
  /** Live sound, 16 kHz mono; copied. */
  append(samples: Float32Array): void;
  /** No more live sound will come. */
  endInput(): void;
  /** The next block to send, undefined when nothing is left for now; valid until the next call. */
  next(): Float32Array | undefined;
  /** A new connection: go back to the first sound whose transcript has not come. */
  rewind(): void;
  /** The end of the stream was announced to the peer: what is open now is its last utterance. */
  endSent(): void;
  /** The transcript of the oldest unsettled utterance came back, perhaps empty. */
  settle(): void;
  /** Utterances that were sent and are not settled. */
  readonly unsettled: number;
  /** Samples lost because they waited too long. */
  readonly droppedSamples: number;
}

/** Blocks far below the length at which a chunk counts as a finished utterance. */
const blockSamples = 1600;

/** The way of our own inbound: a steady stream, in which whisper finds the utterances. */
export class StreamFeed implements AudioFeed {
  readonly #backlog: SampleBacklog;
  /** Hears what whisper hears, and so knows to which sound each transcript belongs. */
  #tracker = new EnergyEndpointer();
  /** Ends of the utterances that were sent and are not settled. */
  #boundaries: number[] = [];
  #connectionStart = 0;
  #cursor = 0;

  constructor(limitSamples: number) {
    this.#backlog = new SampleBacklog(limitSamples);
  }

  get unsettled(): number {
    return this.#boundaries.length;
  }

  get droppedSamples(): number {
    return this.#backlog.droppedSamples;
  }

  append(samples: Float32Array): void {
    this.#backlog.append(samples);
  }

  endInput(): void {
    // Nothing is held back in a stream.
  }

  next(): Float32Array | undefined {
    this.#cursor = Math.max(this.#cursor, this.#backlog.start);
    const block = this.#backlog.read(this.#cursor, blockSamples);
    if (block === undefined) return undefined;
    this.#cursor += block.length;
    this.#tracker.push(block, this.#onEvent);
    this.#forgetSettled();
    return block;
  }

  rewind(): void {
    this.#tracker = new EnergyEndpointer();
    this.#boundaries = [];
    this.#cursor = this.#backlog.start;
    this.#connectionStart = this.#cursor;
  }

  endSent(): void {
    this.#tracker.flush(this.#onEvent);
  }

  settle(): void {
    const end = this.#boundaries.shift();
    if (end !== undefined) this.#backlog.forgetBefore(end);
  }

  readonly #onEvent = (event: EndpointingEvent): void => {
    if (event.kind === "utterance") this.#boundaries.push(this.#connectionStart + event.endSample);
  };

  /** Silence with no utterance open or unsettled before it is nobody's loss. */
  #forgetSettled(): void {
    if (this.#boundaries.length > 0) return;
    this.#backlog.forgetBefore(this.#connectionStart + this.#tracker.earliestOpenSample);
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
  #sent = 0;
  #droppedSamples = 0;

  constructor(limitSamples: number) {
    this.#limitSamples = limitSamples;
  }

  get unsettled(): number {
    return this.#sent;
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
    if (chunk !== undefined) this.#sent += 1;
    return chunk;
  }

  rewind(): void {
    this.#sent = 0;
  }

  endSent(): void {
    // Each chunk was complete when it was sent.
  }

  settle(): void {
    if (this.#sent > 0) this.#dropFirst();
  }

  readonly #onEvent = (event: EndpointingEvent): void => {
    if (event.kind !== "utterance") return;
    const chunk = padded(event.samples, chunkLimits.minSamples);
    this.#chunks.push(chunk);
    this.#waitingSamples += chunk.length;
    while (this.#waitingSamples > this.#limitSamples) this.#droppedSamples += this.#dropFirst();
  };

  #dropFirst(): number {
    const dropped = this.#chunks.shift()?.length ?? 0;
    this.#waitingSamples -= dropped;
    this.#sent = Math.max(0, this.#sent - 1);
    return dropped;
  }
}

function padded(samples: Float32Array, least: number): Float32Array {
  if (samples.length >= least) return samples;
  const longer = new Float32Array(least);
  longer.set(samples);
  return longer;
}
