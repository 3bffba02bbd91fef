/** Keeps the agent's own voice, as it comes back over a line, away from those who listen to the caller. */
import { alignmentSlackHops, EchoAlignment } from "./echo-alignment.ts";
import { EchoBacklog } from "./echo-backlog.ts";
import { EchoBand, hopSamples } from "./echo-band.ts";
import { EchoCanceller } from "./echo-canceller.ts";
import { Spectrum, transform, transformSamples } from "./echo-fft.ts";
import { EchoHop, groupHops } from "./echo-hop.ts";
import { EchoJump } from "./echo-jump.ts";
import { EchoLag } from "./echo-lag.ts";
import { EchoLimits } from "./echo-limits.ts";
import { EchoNoise } from "./echo-noise.ts";
import { PhaseSpectrum } from "./echo-phases.ts";
import { audiblePower, EchoSpectra } from "./echo-spectra.ts";
import { EchoJudge, type EchoVerdict } from "./echo-verdict.ts";

export interface EchoGuardOptions {
  /** Rate of what is played. What is heard is at 16 kHz always. */
  readonly rateHz: 8000 | 16_000;
}

export interface EchoGuardStatus {
  /** From playing until the echo is heard, to 20 ms; undefined while no echo was found. */
  readonly delayMs: number | undefined;
  /** How much weaker the echo is at its loudest; undefined while no echo was found. */
  readonly lossDb: number | undefined;
  /** What the filter takes off it, as far as the line's noise lets that be seen. */
  readonly cancelledDb: number;
  /** Frames of 20 ms that were heard, those of them that were taken out, and those of these that were given late. */
  readonly frames: number;
  readonly dampedFrames: number;
  readonly lateFrames: number;
  /** Times that the delay changed suddenly. */
  readonly jumps: number;
}

const hopMs = 20;
/** A hop at 16 kHz. */
const heardHop = 2 * hopSamples;
/** The newest hop of the window at 8 kHz. */
const newestAt = transformSamples - hopSamples;
/** The filter reaches this much before the lag that was found. */
const leadHops = 1;
/** Lags nearer than this to where the filter is are within its reach. */
const reachHops = 2;
/** Nothing comes back any more of what was played a second ago. */
const idleHops = 50;
/** Shorter jumps are none. */
const leastJump = 8;
/** What is louder than the line's noise by this factor may be the caller. */
const soundFactor = 4;
/** An agent falls silent when a caller speaks: who speaks on for a second is a new echo, perhaps. */
const doubtAfterHops = 50;

const noSamples = new Float32Array(0);

/** One call. All memory is of fixed size, and nothing is allocated for a frame of 20 ms. */
export class EchoGuard {
  readonly #spectra: EchoSpectra;
  readonly #alignment = new EchoAlignment();
  readonly #lag = new EchoLag();
  readonly #limits: EchoLimits;
  readonly #canceller = new EchoCanceller();
  readonly #jump: EchoJump;
  readonly #judge = new EchoJudge();
  readonly #noise = new EchoNoise(heardHop);
  readonly #backlog = new EchoBacklog(heardHop);
  readonly #band = new EchoBand(16_000);
  readonly #hop = new EchoHop();
  /** The last 512 samples heard, at 8 kHz. */
  readonly #window = new Float64Array(transformSamples);
  readonly #newest = this.#window.subarray(newestAt);
  readonly #spectrum = new Spectrum();
  readonly #phases = new PhaseSpectrum();
  readonly #echo = new Float64Array(hopSamples);
  readonly #error = new Float64Array(hopSamples);
  readonly #findJump = (): boolean => this.#followJump();
  /** What did not fill a frame, then the block. */
  #pending = new Float32Array(2 * heardHop);
  #pendingLength = 0;
  /** Where it ends, behind what was given last time. */
  #pendingEnd = 0;
  #heardSamples = 0;
  /** The lag at which the filter begins. */
  #start: number | undefined;
  /** The hop played that a lag of 0 stands for at the moment. */
  #newestHop = 0;
  #callerHops = 0;
  #dampedFrames = 0;
  #lateFrames = 0;
  /** Sound that turned out to be the caller's, and where in the block it is given. */
  #late: Float32Array = noSamples;
  #lateAt = 0;
  /** A block with late sound. */
  #given = noSamples;
  #jumps = 0;

  constructor(options: EchoGuardOptions) {
    this.#spectra = new EchoSpectra(options.rateHz);
    this.#limits = new EchoLimits(this.#spectra);
    this.#jump = new EchoJump(this.#canceller, this.#spectra);
  }

  /** What is sent to the caller, in the order and at the time in which it is sent; `undefined`: so many samples of silence. */
  played(samples: Float32Array | undefined, count = samples?.length ?? 0): void {
    if (samples === undefined) this.#spectra.addSilence(count);
    else this.#spectra.add(samples);
  }

  /**
   * What the caller's line brings, without echo: `samples` themselves, changed in place, when they are whole
   * frames of 320; otherwise the frames that they complete, in a buffer that is valid until the next call.
   * Sound that was taken for an echo and is the caller's is given late, between frames, in such a buffer:
   * it is more then than what came, by 300 ms at most.
   */
  clean(samples: Float32Array): Float32Array {
    if (this.#pendingLength === 0 && samples.length % heardHop === 0) {
      this.#cleanFrames(samples, samples.length);
      return this.#withLate(samples);
    }
    const length = this.#append(samples);
    const whole = length - (length % heardHop);
    this.#cleanFrames(this.#pending, whole);
    // When nothing can come back, nothing is held back.
    const given = this.#spectra.inaudibleHops >= idleHops ? length : whole;
    this.#heardSamples += given - whole;
    this.#pendingLength = length - given;
    return this.#withLate(this.#pending.subarray(0, given));
  }

  status(): EchoGuardStatus {
    const { gain, restGain } = this.#judge;
    const isFound = this.#start !== undefined;
    const lag = (this.#start ?? 0) + leadHops - alignmentSlackHops;
    return {
      delayMs: isFound ? Math.max(0, lag * hopMs) : undefined,
      lossDb: isFound ? -toDb(gain) : undefined,
      cancelledDb: isFound ? Math.max(0, toDb(gain / restGain)) : 0,
      frames: Math.floor(this.#heardSamples / heardHop),
      dampedFrames: this.#dampedFrames,
      lateFrames: this.#lateFrames,
      jumps: this.#jumps,
    };
  }

  /** Moves what was given last time out of the way; returns how much there is now. */
  #append(samples: Float32Array): number {
    const old = this.#pending;
    const kept = this.#pendingLength;
    const end = this.#pendingEnd;
    const length = kept + samples.length;
    if (length > old.length) this.#pending = new Float32Array(length);
    this.#pending.set(old.subarray(end - kept, end));
    this.#pending.set(samples, kept);
    this.#pendingEnd = length;
    return length;
  }

  #cleanFrames(samples: Float32Array, length: number): void {
    for (let at = 0; at < length; at += heardHop) {
      const verdict = this.#hear(samples, at);
      const { power } = this.#hop;
      if (verdict !== "caller") this.#noise.measure(power);
      if (verdict === "clear") this.#noise.keep(power, samples, at);
      if (verdict === "echo") this.#takeOut(samples, at);
      else if (verdict === "caller") this.#makeUp(at);
      else this.#backlog.forget();
      this.#heardSamples += heardHop;
    }
  }

  #takeOut(samples: Float32Array, at: number): void {
    const { isLocated, power, noise } = this.#hop;
    if (isLocated) this.#backlog.forget();
    else this.#backlog.keep(samples, at, power > soundFactor * noise);
    this.#noise.replace(samples, at);
    this.#dampedFrames += 1;
  }

  /** The beginning of what the caller says was taken out before anybody could know. */
  #makeUp(at: number): void {
    if (this.#hop.isLocated || this.#late.length > 0) return this.#backlog.forget();
    this.#late = this.#backlog.take();
    this.#lateAt = at;
    this.#lateFrames += this.#late.length / heardHop;
  }

  #withLate(samples: Float32Array): Float32Array {
    const late = this.#late;
    if (late.length === 0) return samples;
    const at = this.#lateAt;
    const length = samples.length + late.length;
    if (length > this.#given.length) this.#given = new Float32Array(length);
    this.#given.set(samples.subarray(0, at));
    this.#given.set(late, at);
    this.#given.set(samples.subarray(at), at + late.length);
    this.#late = noSamples;
    return this.#given.subarray(0, length);
  }

  #hear(samples: Float32Array, at: number): EchoVerdict {
    const hop = this.#hop;
    this.#align();
    this.#window.copyWithin(0, hopSamples);
    hop.power = this.#band.process(samples, at, this.#window, newestAt);
    hop.noise = this.#noise.power;
    hop.findPeaks(this.#spectra, this.#newestHop, this.#start);
    if (hop.peak < audiblePower) {
      this.#judge.idle();
      this.#callerHops = 0;
      return "clear";
    }
    transform(this.#window, this.#spectrum);
    this.#phases.take(this.#spectrum);
    this.#lag.add(this.#phases, this.#spectra, this.#newestHop);
    this.#place();
    this.#limits.add(hop, this.#newestHop);
    if (!hop.isLocated) this.#limits.limit(hop, this.#phases, this.#newestHop);
    this.#cancel();
    const verdict = this.#judge.judge(hop, this.#findJump);
    this.#watch(verdict);
    return verdict;
  }

  #align(): void {
    const near = Math.floor(this.#heardSamples / heardHop);
    const moved = this.#alignment.note(near, this.#spectra.hops);
    this.#newestHop = this.#alignment.newest(near);
    if (moved === 0) return;
    this.#lag.move(moved);
    this.#limits.move(moved);
    if (this.#start !== undefined) this.#start += moved;
  }

  /** Puts the filter where the echo is. */
  #place(): void {
    const { best } = this.#lag;
    if (best === undefined) return;
    const start = best - leadHops;
    if (this.#start === undefined) {
      this.#judge.locate(Math.floor(best / groupHops));
      this.#hop.findPeaks(this.#spectra, this.#newestHop, start);
    } else if (Math.abs(start - this.#start) < reachHops) return;
    this.#start = start;
    this.#canceller.reset();
    this.#judge.restart();
  }

  #cancel(): void {
    const hop = this.#hop;
    hop.left = hop.power;
    hop.doubt = 0;
    if (this.#start === undefined) return;
    const first = this.#newestHop - this.#start;
    this.#canceller.predict(this.#spectra, first, this.#echo, 0);
    let sum = 0;
    for (let index = 0; index < hopSamples; index += 1) {
      const error = (this.#newest[index] ?? 0) - (this.#echo[index] ?? 0);
      this.#error[index] = error;
      sum += error * error;
    }
    this.#canceller.learn(this.#spectra, first, this.#error);
    hop.left = Math.min(hop.power, sum / hopSamples);
    hop.doubt = this.#canceller.doubtPower;
  }

  #followJump(): boolean {
    if (this.#start === undefined) return false;
    const first = this.#newestHop - this.#start;
    const delay = this.#jump.find(first, this.#newest, this.#hop.left);
    if (delay === undefined || Math.abs(delay) < leastJump) return false;
    const hops = Math.round(delay / hopSamples);
    this.#start += hops;
    this.#canceller.delay(delay - hops * hopSamples);
    this.#canceller.doubt();
    this.#jumps += 1;
    return true;
  }

  /** A line that was switched to loudspeaker must not pass for a caller for long. */
  #watch(verdict: EchoVerdict): void {
    this.#callerHops = verdict === "caller" || verdict === "held" ? this.#callerHops + 1 : 0;
    if (this.#callerHops < doubtAfterHops) return;
    this.#callerHops = 0;
    this.#canceller.doubt();
  }
}

function toDb(power: number): number {
  return 10 * Math.log10(power);
}
