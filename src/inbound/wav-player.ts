/** Plays samples as a caller would speak them: on an absolute schedule, so that delays do not add up. */
import type { Clock, Timer } from "../core/clock.ts";

export interface WavPlayerOptions {
  /** 16 kHz mono. */
  readonly samples: Float32Array;
  /** 1 is real time. */
  readonly speed: number;
  readonly loop: boolean;
  readonly clock: Clock;
  /** Called with blocks of at most 20 ms. */
  readonly onSamples: (samples: Float32Array) => void;
}

const frameSamples = 320;
const frameMs = 20;
const samplesPerMs = 16;

export class WavPlayer {
  readonly #options: WavPlayerOptions;
  readonly #startedAtMs: number;
  readonly #timer: Timer;
  readonly #done = Promise.withResolvers<void>();
  #played = 0;

  constructor(options: WavPlayerOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
    const tickMs = Math.max(1, frameMs / options.speed);
    this.#timer = options.clock.every(tickMs, () => this.#tick());
  }

  /** Resolves when the last sample was played, or `stop` was called. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  stop(): void {
    this.#timer.cancel();
    this.#done.resolve();
  }

  #tick(): void {
    const { samples, speed, loop, clock, onSamples } = this.#options;
    const due = Math.floor((clock.nowMs() - this.#startedAtMs) * speed * samplesPerMs);
    while (this.#played < due) {
      if (!loop && this.#played >= samples.length) {
        this.stop();
        return;
      }
      const at = this.#played % samples.length;
      const block = samples.subarray(at, Math.min(at + frameSamples, samples.length));
      this.#played += block.length;
      onSamples(block);
    }
  }
}
