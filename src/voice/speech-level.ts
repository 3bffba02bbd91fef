/** How loud a voice speaks, pauses left out, and by how much it must be turned up or down. */

/** RMS level of speech that is aimed at, in dBFS. */
const targetDbfs = -20;

const frameMs = 20;
/** Frames below this are pauses and breath. */
const speechPower = 10 ** (-45 / 10);
const enoughSpeechMs = 200;
const settledSpeechMs = 2000;
/** A voice that differs so much is another one: what was measured before says nothing about it. */
const otherVoiceDb = 6;
const maxGainDb = 20;

/** Measures one clause while it is synthesised. */
export class SpeechLevelMeter {
  readonly #frameSamples: number;
  #framePower = 0;
  #frameFilled = 0;
  #power = 0;
  #frames = 0;

  constructor(rateHz: number) {
    this.#frameSamples = Math.round((rateHz * frameMs) / 1000);
  }

  get speechMs(): number {
    return this.#frames * frameMs;
  }

  /** Undefined until there was speech. */
  get levelDbfs(): number | undefined {
    return this.#frames === 0 ? undefined : 10 * Math.log10(this.#power / this.#frames);
  }

  add(samples: Float32Array): void {
    for (const sample of samples) {
      this.#framePower += sample * sample;
      this.#frameFilled += 1;
      if (this.#frameFilled === this.#frameSamples) this.#endFrame();
    }
  }

  #endFrame(): void {
    const power = this.#framePower / this.#frameSamples;
    this.#framePower = 0;
    this.#frameFilled = 0;
    if (power < speechPower) return;
    this.#power += power;
    this.#frames += 1;
  }
}

/** What was learnt of the voice so far; one for all calls that are spoken to by the same engines. */
export class LevelMemory {
  #levelDbfs: number | undefined;

  /** The gain for a clause, as far as it is known now. */
  gainDb(meter: SpeechLevelMeter): number {
    const level = this.#estimate(meter);
    if (level === undefined) return 0;
    return Math.max(-maxGainDb, Math.min(maxGainDb, targetDbfs - level));
  }

  /** The clause is complete. */
  learn(meter: SpeechLevelMeter): void {
    if (meter.speechMs >= enoughSpeechMs) this.#levelDbfs = this.#estimate(meter);
  }

  #estimate(meter: SpeechLevelMeter): number | undefined {
    const level = meter.levelDbfs;
    const before = this.#levelDbfs;
    if (level === undefined) return before;
    if (before === undefined) return level;
    if (meter.speechMs < enoughSpeechMs) return before;
    if (Math.abs(level - before) > otherVoiceDb) return level;
    return before + (level - before) * Math.min(1, meter.speechMs / settledSpeechMs);
  }
}
