/** Cuts a stream into utterances by its energy: a simple detector that needs no model. */
import {
  type EndpointingOptions,
  defaultEndpointing,
  requireSensibleEndpointing,
} from "./endpointing-options.ts";
import { FrameLevelMeter } from "./level.ts";
import { NoiseFloor } from "./noise-floor.ts";
import { type CuttingListener, UtteranceCutter } from "./utterance-cutter.ts";

/** Corner of the high-pass in the level measurement; below the pitch of any voice. */
const levelCornerHz = 60;

/**
 * One stream. The result does not depend on how the stream is cut into blocks.
 *
 * The threshold follows the noise floor: the quietest frame of the last 1.5 s, which rises by at
 * most 10 dB a second. A noise that sets in is taken for speech until the floor has reached it: two
 * to six seconds, the longer the louder.
 */
export class EnergyEndpointer {
  readonly #options: EndpointingOptions;
  readonly #meter: FrameLevelMeter;
  readonly #floor: NoiseFloor;
  readonly #cutter: UtteranceCutter;
  readonly #frame: Float32Array;
  #frameFilled = 0;

  constructor(options: Partial<EndpointingOptions> = {}) {
    const all = { ...defaultEndpointing, ...options };
    requireSensibleEndpointing(all);
    this.#options = all;
    this.#meter = new FrameLevelMeter(all.sampleRateHz, levelCornerHz);
    this.#floor = new NoiseFloor({
      windowFrames: Math.ceil(all.floorWindowMs / all.frameMs),
      startDbfs: all.floorStartDbfs,
      lowestDbfs: all.lowestThresholdDbfs - all.aboveFloorDb,
      riseDbPerFrame: (all.floorRiseDbPerSecond * all.frameMs) / 1_000,
    });
    this.#frame = new Float32Array(Math.round((all.frameMs * all.sampleRateHz) / 1_000));
    this.#cutter = new UtteranceCutter({
      ...all,
      frameSamples: this.#frame.length,
      startProbability: 0.5,
      endProbability: 0.5,
      pauseMs: 0,
    });
  }

  /** Samples taken in since the start. */
  get positionSamples(): number {
    return this.#cutter.positionSamples + this.#frameFilled;
  }

  /** True from the speech-start event to the last utterance event that belongs to it. */
  get isSpeaking(): boolean {
    return this.#cutter.isSpeaking;
  }

  /** Sound before this position can no longer become part of an utterance. */
  get earliestOpenSample(): number {
    return this.#cutter.earliestOpenSample;
  }

  /** What the line sounds like when nobody speaks. */
  get noiseFloorDbfs(): number {
    return this.#floor.dbfs;
  }

  /** Takes finite samples in any block size; the listener must not call back into this object. */
  push(samples: Float32Array, onEvent: CuttingListener): void {
    for (let index = 0; index < samples.length; index += 1) {
      const sample = samples[index] ?? 0;
      this.#frame[this.#frameFilled] = sample;
      this.#meter.add(sample);
      this.#frameFilled += 1;
      if (this.#frameFilled === this.#frame.length) this.#endFrame(onEvent);
    }
  }

  /** The stream ends or is interrupted: reports the open utterance. More may be pushed later. */
  flush(onEvent: CuttingListener): void {
    const rest = this.#frame.subarray(0, this.#frameFilled);
    this.#frameFilled = 0;
    this.#meter.takeDbfs();
    this.#cutter.flush(rest, onEvent);
  }

  #endFrame(onEvent: CuttingListener): void {
    this.#frameFilled = 0;
    const isSpeech = this.#judgeFrame(this.#meter.takeDbfs());
    this.#cutter.addFrame(this.#frame, isSpeech ? 1 : 0, onEvent);
  }

  /** The floor learns from the frame after the frame was judged, so that an onset cannot hide. */
  #judgeFrame(frameDbfs: number): boolean {
    const { aboveFloorDb, hysteresisDb, lowestThresholdDbfs } = this.#options;
    const startDbfs = Math.max(lowestThresholdDbfs, this.#floor.dbfs + aboveFloorDb);
    this.#floor.add(frameDbfs);
    return frameDbfs > (this.#cutter.isOpen ? startDbfs - hysteresisDb : startDbfs);
  }
}
