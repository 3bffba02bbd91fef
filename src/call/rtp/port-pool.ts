/** The ports for RTP: pairs of an even one for RTP and the odd one above for RTCP (RFC 3550 section 11). */

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const lowestPort = 1024;
const highestPort = 65_535;

/** Reads `FROM-TO`; undefined when it is none, or has no room for one pair. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const range = { from: Number(match[1]), to: Number(match[2]) };
  if (range.from < lowestPort || range.to > highestPort) return undefined;
  return firstPair(range) + 1 <= range.to ? range : undefined;
}

/** Hands out pairs by their even port, the one that rested longest first. */
export class RtpPortPool {
  readonly range: PortRange;
  /** Pairs in all, free or not. */
  readonly size: number;
  /** In the order in which they became free. */
  readonly #free = new Set<number>();
  readonly #taken = new Set<number>();

  constructor(range: PortRange) {
    this.range = range;
    for (let port = firstPair(range); port + 1 <= range.to; port += 2) this.#free.add(port);
    this.size = this.#free.size;
  }

  get free(): number {
    return this.#free.size;
  }

  /** Undefined when all are taken. */
  take(): number | undefined {
    for (const port of this.#free) {
      this.#free.delete(port);
      this.#taken.add(port);
      return port;
    }
    return undefined;
  }

  /** Ports that are not out are ignored, so that giving back twice does no harm. */
  giveBack(port: number): void {
    if (this.#taken.delete(port)) this.#free.add(port);
  }
}

function firstPair(range: PortRange): number {
  return range.from + (range.from % 2);
}
