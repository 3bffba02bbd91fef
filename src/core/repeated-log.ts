/** Says the first of many equal messages at once and sums up the rest once per period. */
import type { Clock, Timer } from "./clock.ts";
import type { LogFields, LogLevel, Logger } from "./log.ts";

interface Repeat {
  readonly level: LogLevel;
  readonly fields: LogFields;
  count: number;
}

/** Distinct messages remembered per period, so that hostile input cannot grow the map. */
const maxDistinct = 100;
const periodMs = 60_000;

export class RepeatedLog {
  readonly #log: Logger;
  readonly #timer: Timer;
  readonly #repeats = new Map<string, Repeat>();
  #unlisted = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#timer = clock.every(periodMs, () => this.sumUp());
  }

  /** `makeFields` runs only for a message that is written now, so a flood of repeats costs little. */
  say(level: LogLevel, message: string, makeFields: () => LogFields = () => ({})): void {
    const known = this.#repeats.get(message);
    if (known !== undefined) {
      known.count += 1;
      if (this.#log.isEnabled("debug")) this.#log.debug(message, makeFields());
      return;
    }
    if (this.#repeats.size >= maxDistinct) {
      this.#unlisted += 1;
      return;
    }
    const fields = makeFields();
    this.#repeats.set(message, { level, count: 0, fields });
    this.#log[level](message, fields);
  }

  /** Reports what was held back and starts a new period. */
  sumUp(): void {
    for (const [message, repeat] of this.#repeats) {
      if (repeat.count === 0) continue;
      this.#log[repeat.level](message, { ...repeat.fields, moreInLastMinute: repeat.count });
    }
    if (this.#unlisted > 0) {
      this.#log.warn("other messages held back in the last minute", { count: this.#unlisted });
    }
    this.#repeats.clear();
    this.#unlisted = 0;
  }

  close(): void {
    this.sumUp();
    this.#timer.cancel();
  }
}
