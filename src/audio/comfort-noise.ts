/** Comfort noise (RFC 3389): the payload that describes it, and noise that sounds like it. */

/** Spectral coefficients beyond these are ignored, as the RFC allows. */
const maxOrder = 12;
/** Whatever a peer asks for, what it calls silence is not loud. */
const loudestDbov = -30;
/** Keeps the filter away from ringing for ever. */
const maxReflection = 0.98;
/** The level follows a new description with this share of the difference for each sample. */
const glide = 1 / 160;
/** Of noise spread evenly over -1..1. */
const uniformRms = 1 / Math.sqrt(3);

export class ComfortNoise {
  readonly #random: () => number;
  readonly #reflections = new Float64Array(maxOrder);
  /** Backward prediction errors of the lattice filter. */
  readonly #delays = new Float64Array(maxOrder + 1);
  #order = 0;
  #target = 0;
  #gain = 0;

  /** `random` gives 0..1, evenly spread. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Silence, until the next description. */
  reset(): void {
    this.#target = 0;
    this.#gain = 0;
    this.#order = 0;
    this.#delays.fill(0);
  }

  /** Takes the first `length` bytes of a payload (RFC 3389 section 3) as the description from now on. */
  describe(payload: Uint8Array, length: number): void {
    if (length === 0) return;
    const levelDbov = Math.min(-((payload[0] ?? 0) & 0x7f), loudestDbov);
    this.#order = Math.min(length - 1, maxOrder);
    let power = 1;
    for (let index = 0; index < this.#order; index += 1) {
      const reflection = parseReflection(payload[index + 1] ?? 127);
      this.#reflections[index] = reflection;
      power /= 1 - reflection * reflection;
    }
    this.#delays.fill(0, this.#order);
    // The filter makes noise louder by `power`; the level is meant for what comes out.
    this.#target = 10 ** (levelDbov / 20) / Math.sqrt(power) / uniformRms;
  }

  /** Writes `count` samples to the beginning of `out`. */
  generate(out: Float32Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#gain += (this.#target - this.#gain) * glide;
      out[index] = this.#filter((2 * this.#random() - 1) * this.#gain);
    }
  }

  /** All-pole lattice: stable for any coefficients below 1. */
  #filter(excitation: number): number {
    const delays = this.#delays;
    let forward = excitation;
    for (let stage = this.#order - 1; stage >= 0; stage -= 1) {
      const reflection = this.#reflections[stage] ?? 0;
      const delayed = delays[stage] ?? 0;
      forward -= reflection * delayed;
      delays[stage + 1] = delayed + reflection * forward;
    }
    delays[0] = forward;
    return forward;
  }
}

/** The payload for noise without a spectrum, given its level with full scale as 0: one byte in `out`. */
export function encodeComfortNoise(levelDbfs: number, out: Uint8Array): number {
  const level = Number.isNaN(levelDbfs) ? 127 : Math.round(-levelDbfs);
  out[0] = Math.min(Math.max(level, 0), 127);
  return 1;
}

/** RFC 3389 section 3.2. */
function parseReflection(byte: number): number {
  const reflection = ((byte - 127) * 258) / 32_768;
  return Math.min(Math.max(reflection, -maxReflection), maxReflection);
}
