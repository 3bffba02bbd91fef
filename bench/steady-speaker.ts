/**
 * Speaks into a call as a telephone does: in packets, each sent when its last sample has been spoken,
 * and remembers when that was.
 */
import type { Clock, Timer } from "../src/core/clock.ts";

export interface SteadySpeakerOptions {
  /** 16 kHz mono. */
  readonly samples: Float32Array;
  readonly clock: Clock;
  readonly send: (packet: Float32Array) => void;
}

const packetMs = 20;
const packetSamples = 320;
/** More often than packets are due, so that none waits for the next round of a late timer. */
const tickMs = 5;

export class SteadySpeaker {
  readonly #options: SteadySpeakerOptions;
  readonly #startedAtMs: number;
  readonly #timer: Timer;
  readonly #done = Promise.withResolvers<void>();
  readonly #sentAtMs: number[] = [];

  constructor(options: SteadySpeakerOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
    this.#timer = options.clock.every(tickMs, () => this.#sendDue());
  }

  /** Resolves when the last packet is out; rejects when one cannot be sent. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** When the packet with this sample went out; undefined before. */
  sentAtMs(sample: number): number | undefined {
    return this.#sentAtMs[Math.floor(sample / packetSamples)];
  }

  #sendDue(): void {
    const { samples, clock, send } = this.#options;
    const due = Math.floor((clock.nowMs() - this.#startedAtMs) / packetMs);
    try {
      while (this.#sentAtMs.length < due) {
        const start = this.#sentAtMs.length * packetSamples;
        if (start >= samples.length) {
          this.#timer.cancel();
          this.#done.resolve();
          return;
        }
        this.#sentAtMs.push(clock.nowMs());
        send(samples.subarray(start, start + packetSamples));
      }
    } catch (error) {
      this.#timer.cancel();
      this.#done.reject(error);
    }
  }
}
