/** How far apart the packets of streams arrive, by the clock of whoever receives them. */
import { percentile } from "./statistics.ts";

export interface PacingResult {
  readonly packets: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export class PacketPacing {
  readonly #gapsMs: number[] = [];

  /** To be called for each packet of one stream. */
  stream(): (arrivalMs: number) => void {
    let lastMs: number | undefined;
    return (arrivalMs) => {
      if (lastMs !== undefined) this.#gapsMs.push(arrivalMs - lastMs);
      lastMs = arrivalMs;
    };
  }

  result(): PacingResult {
    const gaps = this.#gapsMs;
    if (gaps.length === 0) return { packets: 0, p99Ms: Number.NaN, maxMs: Number.NaN };
    const maxMs = gaps.reduce((most, gap) => Math.max(most, gap), 0);
    return { packets: gaps.length, p99Ms: percentile(gaps, 0.99), maxMs };
  }
}
