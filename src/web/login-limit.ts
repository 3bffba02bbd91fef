/** How often passwords may be tried: a pause that grows with each failure, for each address and for all. */
import type { Clock } from "../core/clock.ts";

interface Failures {
  count: number;
  /** Nothing is tried before. */
  nextMs: number;
  lastMs: number;
}

/** People mistype. */
const freeFailures = 4;
const firstPauseMs = 2000;
const longestPauseMs = 15 * 60 * 1000;
/** All addresses together: a swarm of them is slowed down, and those who logged in before are not. */
const freeFailuresOfAll = 30;
const firstPauseOfAllMs = 250;
const longestPauseOfAllMs = 5000;
const forgottenAfterMs = 3600 * 1000;
const maxAddresses = 2000;
const maxTrusted = 100;

export class LoginLimit {
  readonly #clock: Clock;
  /** The longest untouched first. */
  readonly #addresses = new Map<string, Failures>();
  /** From where somebody logged in, the longest ago first. */
  readonly #trusted = new Set<string>();
  #all: Failures = { count: 0, nextMs: 0, lastMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Milliseconds to wait, or 0: then it counts as a failure until `succeeded` is told, so that many tries
   * at the same time are no way around.
   */
  admit(address: string): number {
    const nowMs = this.#clock.nowMs();
    const group = addressGroup(address);
    const own = this.#known(group, nowMs);
    if (nowMs - this.#all.lastMs > forgottenAfterMs) this.#all.count = 0;
    const nextOfAllMs = this.#trusted.has(group) ? 0 : this.#all.nextMs;
    const waitMs = Math.max(own.nextMs, nextOfAllMs) - nowMs;
    if (waitMs > 0) return Math.ceil(waitMs);
    fail(own, nowMs, { free: freeFailures, firstMs: firstPauseMs, longestMs: longestPauseMs });
    fail(this.#all, nowMs, {
      free: freeFailuresOfAll,
      firstMs: firstPauseOfAllMs,
      longestMs: longestPauseOfAllMs,
    });
    return 0;
  }

  succeeded(address: string): void {
    const group = addressGroup(address);
    this.#addresses.delete(group);
    this.#all.count = Math.max(0, this.#all.count - 1);
    this.#trusted.delete(group);
    this.#trusted.add(group);
    for (const oldest of this.#trusted) {
      if (this.#trusted.size <= maxTrusted) break;
      this.#trusted.delete(oldest);
    }
  }

  #known(address: string, nowMs: number): Failures {
    const known = this.#addresses.get(address);
    const isFresh = known !== undefined && nowMs - known.lastMs <= forgottenAfterMs;
    const own = isFresh ? known : { count: 0, nextMs: 0, lastMs: nowMs };
    this.#addresses.delete(address);
    this.#addresses.set(address, own);
    for (const oldest of this.#addresses.keys()) {
      if (this.#addresses.size <= maxAddresses) break;
      this.#addresses.delete(oldest);
    }
    return own;
  }
}

/**
 * What counts as one address: of IPv6 the first 64 bits, since whoever has one of them has all; an address
 * of IPv4 that is written as one of IPv6 is what it is.
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [plain = ""] = address.toLowerCase().split("%");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}

interface Pace {
  readonly free: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

function fail(failures: Failures, nowMs: number, { free, firstMs, longestMs }: Pace): void {
  failures.count += 1;
  failures.lastMs = nowMs;
  const beyond = failures.count - free;
  if (beyond > 0)
    failures.nextMs = nowMs + Math.min(longestMs, firstMs * 2 ** Math.min(beyond - 1, 30));
}
