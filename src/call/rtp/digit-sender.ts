/** Sends keys one after the other, a packet each packet time (RFC 4733). */
import { BoundedQueue } from "../../core/bounded-queue.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { eventOfDigit } from "./telephone-event.ts";
import { planKey, type PlannedEvent } from "./telephone-event-plan.ts";

export interface DigitSenderOptions {
  readonly clock: Clock;
  /** What falls due: a packet of a key, or undefined for a packet time of silence. */
  readonly onPacketTime: (planned: PlannedEvent | undefined, samples: number) => void;
}

export interface DigitTiming {
  readonly ptimeMs: number;
  /** How long each key is held. */
  readonly heldMs: number;
  /** Silence between two keys. */
  readonly gapMs: number;
}

const samplesPerMs = 8;
/** Far more than anybody dials. */
const maxWaitingDigits = 64;
/** The end is sent three times, each in its packet time. */
const leastGapPackets = 3;

interface WaitingKey {
  readonly event: number;
  readonly timing: DigitTiming;
}

export class DigitSender {
  readonly #options: DigitSenderOptions;
  readonly #waiting = new BoundedQueue<WaitingKey>(maxWaitingDigits);
  #plan: readonly (PlannedEvent | undefined)[] = [];
  #position = 0;
  #samples = 0;
  #timer: Timer | undefined;

  constructor(options: DigitSenderOptions) {
    this.#options = options;
  }

  /** While this is true keys take the place of the sound. */
  get isActive(): boolean {
    return this.#timer !== undefined;
  }

  /** False, and nothing is sent, when a character is no key or too many keys wait. */
  push(digits: string, timing: DigitTiming): boolean {
    const events: number[] = [];
    for (const digit of digits) {
      const event = eventOfDigit(digit);
      if (event === undefined) return false;
      events.push(event);
    }
    if (this.#waiting.length + events.length > maxWaitingDigits) return false;
    for (const event of events) this.#waiting.push({ event, timing });
    if (this.#timer === undefined) this.#nextKey();
    return true;
  }

  /** Forgets what waits. */
  stop(): void {
    this.#waiting.clear();
    this.#rest();
  }

  #nextKey(): void {
    const key = this.#waiting.shift();
    if (key === undefined) {
      this.#rest();
      return;
    }
    const { ptimeMs, heldMs, gapMs } = key.timing;
    this.#samples = ptimeMs * samplesPerMs;
    this.#plan = planKey(key.event, {
      packetSamples: this.#samples,
      heldPackets: Math.max(1, Math.round(heldMs / ptimeMs)),
      gapPackets: Math.max(leastGapPackets, Math.round(gapMs / ptimeMs)),
    });
    this.#position = 0;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.every(ptimeMs, () => this.#tick());
    this.#tick();
  }

  #tick(): void {
    if (this.#position >= this.#plan.length) {
      this.#nextKey();
      return;
    }
    const planned = this.#plan[this.#position];
    this.#position += 1;
    this.#options.onPacketTime(planned, this.#samples);
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
