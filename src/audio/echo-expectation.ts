/** How loud an echo may be, given what was played: the loudest that came back of it within the last second of sound. */

/** Before anything is known an echo is taken to be 2 dB weaker than the sound at most. */
const firstGain = 0.63;
/** Hops with the agent's sound over which the loudest counts. */
const windowHops = 50;
/** So many must have been heard before they say anything. */
const firstHops = 16;
/** The newest hops do not count yet: the caller may just have begun to speak, too softly to be noticed. */
const doubtfulHops = 4;
const leastGain = 1e-6;

export class EchoExpectation {
  readonly #gains = new Float64Array(windowHops);
  readonly #doubtful = new Float64Array(doubtfulHops);
  #next = 0;
  #kept = 0;
  #doubts = 0;
  #gain = firstGain;

  /** Power of an echo over the power of the loudest sound that it can be of. */
  get gain(): number {
    return this.#gain;
  }

  /** So much of so much came back in a hop. */
  heard(observed: number): void {
    const gain = Math.min(Math.max(observed, leastGain), firstGain);
    if (this.#doubts === doubtfulHops) {
      this.#keep(this.#doubtful[0] ?? firstGain);
      this.#doubtful.copyWithin(0, 1);
      this.#doubts -= 1;
    }
    this.#doubtful[this.#doubts] = gain;
    this.#doubts += 1;
  }

  /** What was heard last was the caller. */
  forgetDoubtful(): void {
    this.#doubts = 0;
  }

  /** Starts anew with what is known otherwise. */
  become(gain: number): void {
    this.#gain = gain;
    this.#kept = 0;
    this.#doubts = 0;
    this.#next = 0;
    this.#gains.fill(0);
  }

  /** From now on at least this. */
  raiseTo(gain: number): void {
    if (gain <= this.#gain) return;
    this.become(gain);
  }

  #keep(gain: number): void {
    const gains = this.#gains;
    gains[this.#next] = gain;
    this.#kept += 1;
    this.#next = (this.#next + 1) % windowHops;
    if (this.#kept < firstHops) return;
    let most = leastGain;
    for (let index = 0; index < windowHops; index += 1) most = Math.max(most, gains[index] ?? 0);
    this.#gain = most;
  }
}
