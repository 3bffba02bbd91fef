/** Cuts a stream into utterances by its energy: a simple detector that needs no model. */
import {
  type EndpointingOptions,
  defaultEndpointing,
  requireSensibleEndpointing,
} from "./endpointing-options.ts";
import { FrameLevelMeter } from "./level.ts";
import { NoiseFloor } from "./noise-floor.ts";
import { cutWithin } from "./quietest.ts";

/** Why an utterance ended: the caller paused, it grew too long, or the stream ended. */
export type UtteranceEnd = "silence" | "max-length" | "flush";

/** Positions count samples from the start of the stream; ends are exclusive. */
export type EndpointingEvent =
  /** At least one utterance follows. `positionSamples` is where the speech itself began. */
  | { readonly kind: "speech-start"; readonly positionSamples: number }
  | {
      readonly kind: "utterance";
      readonly startSample: number;
      readonly endSample: number;
      /** A copy of its own. */
      readonly samples: Float32Array;
      readonly reason: UtteranceEnd;
    };

export type EndpointingListener = (event: EndpointingEvent) => void;

/** Corner of the high-pass in the level measurement; below the pitch of any voice. */
const levelCornerHz = 60;

/**
 * One stream. The result does not depend on how the stream is cut into blocks. Utterances never
 * overlap; after one that grew too long, the next begins with the very next sample. All memory is
 * taken at the start, except for the copy that an utterance event carries.
 *
 * The threshold follows the noise floor: the quietest frame of the last 1.5 s, which rises by at
 * most 10 dB a second. A noise that sets in is taken for speech until the floor has reached it: two
 * to six seconds, the longer the louder.
 */
export class EnergyEndpointer {
  readonly #options: EndpointingOptions;
  readonly #frameSamples: number;
  readonly #maxSamples: number;
  readonly #keptIdleSamples: number;
  readonly #meter: FrameLevelMeter;
  readonly #floor: NoiseFloor;
  /** The open utterance from its first sample on; between utterances the latest sound. */
  readonly #buffer: Float32Array;
  #bufferStart = 0;
  #filled = 0;
  #frameFilled = 0;
  /** Idle; perhaps speech, not yet reported; speech, reported. */
  #state: "idle" | "candidate" | "speech" = "idle";
  /** Frames above the threshold: in a row while idle, in all of the utterance afterwards. */
  #speechFrames = 0;
  #silentFrames = 0;
  /** Index in the buffer of the end of the last speech frame. */
  #speechEnd = 0;
  #speechStartSample = 0;

  constructor(options: Partial<EndpointingOptions> = {}) {
    const all = { ...defaultEndpointing, ...options };
    requireSensibleEndpointing(all);
    this.#options = all;
    this.#frameSamples = this.#toSamples(all.frameMs);
    this.#maxSamples = this.#toSamples(all.maxUtteranceMs);
    this.#keptIdleSamples = this.#toSamples(all.preRollMs + all.startMs);
    this.#meter = new FrameLevelMeter(all.sampleRateHz, levelCornerHz);
    this.#floor = new NoiseFloor({
      windowFrames: this.#toFrames(all.floorWindowMs),
      startDbfs: all.floorStartDbfs,
      lowestDbfs: all.lowestThresholdDbfs - all.aboveFloorDb,
      riseDbPerFrame: (all.floorRiseDbPerSecond * all.frameMs) / 1_000,
    });
    this.#buffer = new Float32Array(this.#maxSamples + this.#keptIdleSamples + this.#frameSamples);
  }

  /** Samples taken in since the start. */
  get positionSamples(): number {
    return this.#bufferStart + this.#filled;
  }

  /** True from the speech-start event to the last utterance event that belongs to it. */
  get isSpeaking(): boolean {
    return this.#state === "speech";
  }

  /** Sound before this position can no longer become part of an utterance. */
  get earliestOpenSample(): number {
    return this.#bufferStart;
  }

  /** What the line sounds like when nobody speaks. */
  get noiseFloorDbfs(): number {
    return this.#floor.dbfs;
  }

  /** Takes finite samples in any block size; the listener must not call back into this object. */
  push(samples: Float32Array, onEvent: EndpointingListener): void {
    for (let index = 0; index < samples.length; index += 1) {
      const sample = samples[index] ?? 0;
      this.#buffer[this.#filled] = sample;
      this.#filled += 1;
      this.#meter.add(sample);
      this.#frameFilled += 1;
      if (this.#frameFilled === this.#frameSamples) this.#endFrame(onEvent);
    }
  }

  /** The stream ends or is interrupted: reports the open utterance. More may be pushed later. */
  flush(onEvent: EndpointingListener): void {
    this.#frameFilled = 0;
    this.#meter.takeDbfs();
    if (this.#state === "speech") this.#closeUtterance("flush", onEvent);
    this.#becomeIdle();
  }

  #endFrame(onEvent: EndpointingListener): void {
    this.#frameFilled = 0;
    const isSpeech = this.#judgeFrame(this.#meter.takeDbfs());
    if (this.#state === "idle") this.#idleFrame(isSpeech);
    else this.#openFrame(isSpeech);
    this.#reportStart(onEvent);
    this.#endOrSplit(onEvent);
  }

  /** The floor learns from the frame after the frame was judged, so that an onset cannot hide. */
  #judgeFrame(frameDbfs: number): boolean {
    const { aboveFloorDb, hysteresisDb, lowestThresholdDbfs } = this.#options;
    const startDbfs = Math.max(lowestThresholdDbfs, this.#floor.dbfs + aboveFloorDb);
    this.#floor.add(frameDbfs);
    return frameDbfs > (this.#state === "idle" ? startDbfs : startDbfs - hysteresisDb);
  }

  #idleFrame(isSpeech: boolean): void {
    this.#speechFrames = isSpeech ? this.#speechFrames + 1 : 0;
    if (this.#speechFrames >= this.#toFrames(this.#options.startMs)) this.#openUtterance();
    else this.#forgetOldSound();
  }

  #openFrame(isSpeech: boolean): void {
    if (!isSpeech) {
      this.#silentFrames += 1;
      return;
    }
    this.#silentFrames = 0;
    this.#speechFrames += 1;
    this.#speechEnd = this.#filled;
  }

  #openUtterance(): void {
    const onset = this.#filled - this.#speechFrames * this.#frameSamples;
    this.#speechStartSample = this.#bufferStart + onset;
    this.#dropBefore(Math.max(0, onset - this.#toSamples(this.#options.preRollMs)));
    this.#state = "candidate";
    this.#silentFrames = 0;
    this.#speechEnd = this.#filled;
  }

  #reportStart(onEvent: EndpointingListener): void {
    if (this.#state !== "candidate") return;
    if (this.#speechFrames < this.#toFrames(this.#options.minSpeechMs)) return;
    this.#state = "speech";
    onEvent({ kind: "speech-start", positionSamples: this.#speechStartSample });
  }

  #endOrSplit(onEvent: EndpointingListener): void {
    if (this.#state === "idle") return;
    if (this.#silentFrames >= this.#toFrames(this.#options.endSilenceMs)) {
      if (this.#state === "speech") this.#closeUtterance("silence", onEvent);
      this.#becomeIdle();
    } else if (this.#filled + this.#frameSamples > this.#maxSamples) {
      if (this.#state === "speech") this.#splitUtterance(onEvent);
      else this.#becomeIdle();
    }
  }

  #closeUtterance(reason: "silence" | "flush", onEvent: EndpointingListener): void {
    // After a split there may be nothing but silence left.
    if (this.#speechEnd === 0) return;
    const end = this.#speechEnd + this.#toSamples(this.#options.trailingMs);
    this.#report(Math.min(end, this.#filled), reason, onEvent);
  }

  #splitUtterance(onEvent: EndpointingListener): void {
    const cut = cutWithin(this.#buffer.subarray(0, this.#filled));
    this.#report(cut, "max-length", onEvent);
  }

  #report(end: number, reason: UtteranceEnd, onEvent: EndpointingListener): void {
    const startSample = this.#bufferStart;
    const samples = this.#buffer.slice(0, end);
    this.#dropBefore(end);
    this.#speechEnd = Math.max(0, this.#speechEnd - end);
    onEvent({ kind: "utterance", startSample, endSample: startSample + end, samples, reason });
  }

  #becomeIdle(): void {
    this.#state = "idle";
    this.#speechFrames = 0;
    this.#silentFrames = 0;
    this.#forgetOldSound();
  }

  /** Makes room when the next frame would not fit; seldom, so that copying costs next to nothing. */
  #forgetOldSound(): void {
    if (this.#filled + this.#frameSamples <= this.#buffer.length) return;
    this.#dropBefore(this.#filled - this.#keptIdleSamples);
  }

  #dropBefore(index: number): void {
    this.#buffer.copyWithin(0, index, this.#filled);
    this.#filled -= index;
    this.#bufferStart += index;
  }

  #toSamples(ms: number): number {
    return Math.round((ms * this.#options.sampleRateHz) / 1_000);
  }

  #toFrames(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.#options.frameMs));
  }
}

/**
 * Cuts 16 kHz sound into views of at most `maxSamples` (at least 3), each cut in the quietest place
 * of the last third that it may reach. Joined they are the input again.
 */
export function splitAtQuietest(samples: Float32Array, maxSamples: number): Float32Array[] {
  const pieces: Float32Array[] = [];
  let start = 0;
  while (samples.length - start > maxSamples) {
    const end = start + cutWithin(samples.subarray(start, start + maxSamples));
    pieces.push(samples.subarray(start, end));
    start = end;
  }
  pieces.push(samples.subarray(start));
  return pieces;
}
