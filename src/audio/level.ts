/** Loudness of sound in dBFS, where a constant at full scale, thus RMS 1, is 0 dBFS. */

/** What digital silence reads as; nothing is quieter. */
export const silenceDbfs = -120;

/** The level of a root mean square. */
function rmsToDbfs(rms: number): number {
  if (!(rms > 0)) return silenceDbfs;
  return Math.max(silenceDbfs, 20 * Math.log10(rms));
}

/** RMS level of the samples; of none, silence. */
export function levelDbfs(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? silenceDbfs : rmsToDbfs(Math.sqrt(sum / samples.length));
}

/** The RMS level of what came since it was last asked. */
export class LevelMeter {
  #sum = 0;
  #count = 0;

  add(samples: Float32Array): void {
    for (const sample of samples) this.#sum += sample * sample;
    this.#count += samples.length;
  }

  takeDbfs(): number {
    const rms = this.#count === 0 ? 0 : Math.sqrt(this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
    return rmsToDbfs(rms);
  }
}

/**
 * Levels of consecutive frames with the constant offset taken out by a one-pole high-pass, whose
 * state runs on from frame to frame. A card with a DC offset would otherwise never be silent.
 */
export class FrameLevelMeter {
  readonly #feedback: number;
  #previousInput: number | undefined;
  #previousOutput = 0;
  #sum = 0;
  #count = 0;

  constructor(sampleRateHz: number, cornerHz: number) {
    this.#feedback = Math.exp((-2 * Math.PI * cornerHz) / sampleRateHz);
  }

  add(sample: number): void {
    // The first sample starts the filter settled, so that an offset makes no step.
    const previousInput = this.#previousInput ?? sample;
    const output = sample - previousInput + this.#feedback * this.#previousOutput;
    this.#previousInput = sample;
    this.#previousOutput = output;
    this.#sum += output * output;
    this.#count += 1;
  }

  /** The level since the last take. */
  takeDbfs(): number {
    const rms = this.#count === 0 ? 0 : Math.sqrt(this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
    return rmsToDbfs(rms);
  }
}
