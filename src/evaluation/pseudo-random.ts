/** Randomness that is the same in every run, so that two models meet the same noise and losses. */

const fnvOffset = 0x811c_9dc5;
const fnvPrime = 0x0100_0193;

/** FNV-1a over the UTF-16 code units. */
function hashText(text: string): number {
  let hash = fnvOffset;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), fnvPrime);
  }
  return hash >>> 0;
}

/** Marsaglia's xorshift with 32 bits, started from a text. */
export class PseudoRandom {
  #state: number;

  constructor(seed: string) {
    // The one state that the generator would never leave.
    this.#state = hashText(seed) || fnvOffset;
  }

  /** 0 up to, not including, 1; evenly spread. */
  unit(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state / 0x1_0000_0000;
  }

  /** Normally distributed with mean 0 and deviation 1 (Box and Muller). */
  gaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }
}
