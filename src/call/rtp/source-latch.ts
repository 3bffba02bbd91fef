/**
 * Whose packets belong to the call ("symmetric RTP", RFC 4961). Behind address translation packets come
 * from elsewhere than the session description says, so the first good source is believed and answered.
 * From then on nobody else may put sound into the call, unless that source falls silent.
 */

/** How long after a latch the source of the session description may still push out another one. */
const settlingMs = 1000;
/** A source that is silent for this long may be followed by another. */
const silenceMs = 2000;

export interface MediaSource {
  readonly address: string;
  readonly port: number;
}

export class SourceLatch {
  /** Only the source of the session description counts. */
  readonly #isStrict: boolean;
  #expected: MediaSource | undefined;
  #source: MediaSource | undefined;
  #latchedAtMs = 0;
  /** Where packets came from before the session description named another place. */
  #left: MediaSource | undefined;
  #leftAtMs = 0;
  #heardAtMs = 0;

  constructor(options: { readonly isStrict: boolean }) {
    this.#isStrict = options.isStrict;
  }

  /** Where the packets come from; undefined while nobody has sent good ones. */
  get source(): MediaSource | undefined {
    return this.#source;
  }

  /** Where to send: to the source, and until it is known to where the session description says. */
  get target(): MediaSource | undefined {
    return this.#source ?? this.#expected;
  }

  /**
   * The session description names this source. When it named another before, all is open again, except
   * that packets still under way from there do not latch for a moment.
   */
  expect(expected: MediaSource, nowMs: number): void {
    if (this.#isExpected(expected.address, expected.port)) return;
    this.#expected = expected;
    this.#left = this.#source;
    this.#leftAtMs = nowMs;
    this.#source = undefined;
  }

  /** Whether a packet from there may count, if it is a good one. */
  allows(address: string, port: number, nowMs: number): boolean {
    if (this.#isStrict) return this.#isExpected(address, port);
    if (this.#isLeaving(address, port, nowMs)) return false;
    const source = this.#source;
    if (source === undefined || isSame(source, address, port)) return true;
    if (nowMs - this.#heardAtMs > silenceMs) return true;
    const isSettling = nowMs - this.#latchedAtMs < settlingMs;
    return isSettling && this.#isExpected(address, port);
  }

  /** A good packet came from a source that `allows` let in. */
  accept(address: string, port: number, nowMs: number): void {
    this.#heardAtMs = nowMs;
    if (this.#source !== undefined && isSame(this.#source, address, port)) return;
    this.#source = { address, port };
    this.#latchedAtMs = nowMs;
  }

  #isLeaving(address: string, port: number, nowMs: number): boolean {
    if (this.#left === undefined || nowMs - this.#leftAtMs >= settlingMs) return false;
    return isSame(this.#left, address, port) && !this.#isExpected(address, port);
  }

  #isExpected(address: string, port: number): boolean {
    return this.#expected !== undefined && isSame(this.#expected, address, port);
  }
}

function isSame(source: MediaSource, address: string, port: number): boolean {
  return source.port === port && source.address === address;
}
