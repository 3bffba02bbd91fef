/** Decides for each 20 ms of a caller's sound whether it is an echo, or whether somebody speaks. */
import { EchoExpectation } from "./echo-expectation.ts";
import { type EchoHop, groupCount } from "./echo-hop.ts";

/**
 * `clear`: there is nothing that could have an echo worth taking out. `caller`: louder than any echo can
 * be. `held`: a gap within what the caller says. `echo`: nothing but what was played, or silence.
 */
export type EchoVerdict = "clear" | "caller" | "held" | "echo";

/** Sound must be louder than the echo that is expected by this factor, 4 dB. */
const margin = 2.5;
/** What is expected is missed by this much for sure when the caller speaks at once, without being heard twice. */
const certainFactor = 4;
/** And louder than the noise of the line by this factor. */
const noiseFactor = 4;
/** Predictions of the filter are doubted more than it does itself: it learns from noise, too. */
const doubtFactor = 4;
/** When the filter explains all but this share of the sound, the rest is its error. */
const unexplainedShare = 0.15;
/** Echoes below -70 dBFS are left in. */
const inaudiblePower = 1e-7;
/** Hops in a row that tell of a caller, where one may be an accident. */
const confirmingHops = 2;
/** Gaps within words are not cut out of what a caller says: 160 ms. */
const holdHops = 8;
/** Only what is loud enough says how much of it comes back: as shares of the loudest that was played lately. */
const learningShare = 0.05;
const groupLearningShare = 0.08;
/** The loudest is forgotten with a time constant of ten seconds. */
const loudestDecay = 0.998;

export class EchoJudge {
  /** Of the echo as it comes. */
  readonly #plain = new EchoExpectation();
  /** Of what the filter leaves of it. */
  readonly #rest = new EchoExpectation();
  /** Of echoes with delays of one group each, while the delay is not known. */
  readonly #groups = Array.from({ length: groupCount }, () => new EchoExpectation());
  #loudest = 0;
  #suspicions = 0;
  #held = 0;

  /** Power gain of the echo at most, as it comes. */
  get gain(): number {
    return this.#plain.gain;
  }

  /** The same behind the filter. */
  get restGain(): number {
    return this.#rest.gain;
  }

  /** The delay was found, in this group; the filter begins to learn. */
  locate(group: number): void {
    let gain = 0;
    for (let index = group - 1; index <= group + 1; index += 1) {
      gain = Math.max(gain, this.#groups[index]?.gain ?? 0);
    }
    this.#plain.become(gain);
    this.restart();
  }

  /** The filter knows nothing any more. */
  restart(): void {
    this.#rest.become(this.#plain.gain);
  }

  /** Nothing was played that could come back. */
  idle(): void {
    this.#suspicions = 0;
    this.#held = 0;
  }

  /** `findJump` is asked when the sound may be the echo with another delay; true when it is. */
  judge(hop: EchoHop, findJump: () => boolean): EchoVerdict {
    const plain = hop.isLocated ? this.#plain.gain * hop.peak : this.#groupPower(hop);
    if (margin * plain < inaudiblePower) return "clear";
    if (!this.#isSuspicious(hop, plain)) return this.#calm(hop);
    if (this.#held > 0) {
      this.#held = holdHops;
      return "caller";
    }
    const floor = noiseFactor * hop.noise;
    this.#suspicions += hop.power > certainFactor * margin * plain + floor ? confirmingHops : 1;
    if (hop.isLocated && hop.power < 2 * margin * plain + floor && findJump()) {
      this.#suspicions = 0;
      this.#rest.raiseTo(this.#plain.gain / 10);
      return "echo";
    }
    if (this.#suspicions < confirmingHops) return "echo";
    this.#held = holdHops;
    this.#forgetDoubtful();
    return "caller";
  }

  #isSuspicious(hop: EchoHop, plain: number): boolean {
    const { left, power, noise } = hop;
    if (left < unexplainedShare * power) return false;
    const doubt = Math.min(doubtFactor * hop.doubt, plain);
    const rest = hop.isLocated ? Math.max(this.#rest.gain * hop.peak, doubt) : plain;
    return left > margin * rest + noiseFactor * noise;
  }

  #calm(hop: EchoHop): EchoVerdict {
    this.#suspicions = 0;
    if (this.#held > 0) {
      this.#held -= 1;
      return "held";
    }
    this.#learn(hop);
    return "echo";
  }

  #learn({ isLocated, peak, groupPeaks, power, left, noise }: EchoHop): void {
    this.#loudest = Math.max(loudestDecay * this.#loudest, peak);
    // What hides in the noise may be as loud as that.
    const least = noise / this.#loudest;
    const heard = power - 2 * noise;
    if (isLocated) {
      if (peak < learningShare * this.#loudest) return;
      this.#plain.heard(Math.max(least, heard / peak));
      this.#rest.heard(Math.max(least, (left - 2 * noise) / peak));
      return;
    }
    for (let group = 0; group < groupCount; group += 1) {
      const groupPeak = groupPeaks[group] ?? 0;
      if (groupPeak < groupLearningShare * this.#loudest) continue;
      this.#groups[group]?.heard(Math.max(least, heard / groupPeak));
    }
  }

  #groupPower(hop: EchoHop): number {
    let most = 0;
    for (let group = 0; group < groupCount; group += 1) {
      const expected = (this.#groups[group]?.gain ?? 0) * (hop.groupPeaks[group] ?? 0);
      most = Math.max(most, Math.min(expected, hop.limitOf(group)));
    }
    return most;
  }

  #forgetDoubtful(): void {
    this.#plain.forgetDoubtful();
    this.#rest.forgetDoubtful();
    for (const group of this.#groups) group.forgetDoubtful();
  }
}
