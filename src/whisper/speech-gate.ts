/** Tells when a line is so quiet, or so evenly noisy, that nobody can be speaking. */
import { FrameLevelMeter } from "../audio/level.ts";
import { NoiseFloor } from "../audio/noise-floor.ts";
import { voiceWindowSamples } from "./voice-activity.ts";

const sampleRateHz = 16_000;
/** Below the pitch of any voice. */
const levelCornerHz = 60;
const windowsPerSecond = sampleRateHz / voiceWindowSamples;
const floorWindowMs = 1500;
/** Speech that is weaker than this above the noise is not understood anyway. */
const aboveFloorDb = 4;
/** Longer than this, silence before the release of a last "t" or "k" is silence. */
const closureWindows = 1;
/** What is no further above it is the noise itself. */
const bareNoiseDb = 2;
const lowestThresholdDbfs = -62;
const floorRiseDbPerSecond = 10;
/**
 * Pauses do not close the gate: a detector that has forgotten what came before takes the next beat
 * of music, the next dialled digit or the noise behind a caller for speech more easily.
 */
export const holdWindows = Math.ceil(4 * windowsPerSecond);
/** What the energy alone takes for speech, when there is no better detector. */
const speechAboveFloorDb = 9;

export interface GateVerdict {
  /** False: certainly no speech. */
  readonly isOpen: boolean;
  /**
   * Nothing but the noise of the line for more than the closure of a plosive: a detector that says
   * speech in it only remembers some.
   */
  readonly isBare: boolean;
  /** What the energy alone says. */
  readonly isLoud: boolean;
}

/** One stream, window by window of 512 samples at 16 kHz. */
export class SpeechGate {
  readonly #meter = new FrameLevelMeter(sampleRateHz, levelCornerHz);
  readonly #floor = new NoiseFloor({
    windowFrames: Math.ceil((floorWindowMs * windowsPerSecond) / 1000),
    startDbfs: lowestThresholdDbfs,
    lowestDbfs: lowestThresholdDbfs - aboveFloorDb,
    riseDbPerFrame: floorRiseDbPerSecond / windowsPerSecond,
  });
  #openWindows = 0;
  #bareWindows = 0;

  /** The floor learns from the window after it was judged, so that an onset cannot hide. */
  judge(window: Float32Array): GateVerdict {
    for (const sample of window) this.#meter.add(sample);
    const levelDbfs = this.#meter.takeDbfs();
    const floorDbfs = this.#floor.dbfs;
    this.#floor.add(levelDbfs);
    const isAudible = levelDbfs > Math.max(lowestThresholdDbfs, floorDbfs + aboveFloorDb);
    this.#openWindows = isAudible ? holdWindows : Math.max(0, this.#openWindows - 1);
    const isLoud = levelDbfs > Math.max(lowestThresholdDbfs, floorDbfs + speechAboveFloorDb);
    const isNoise = levelDbfs < Math.max(lowestThresholdDbfs, floorDbfs + bareNoiseDb);
    this.#bareWindows = isNoise ? this.#bareWindows + 1 : 0;
    return { isOpen: this.#openWindows > 0, isLoud, isBare: this.#bareWindows > closureWindows };
  }
}
