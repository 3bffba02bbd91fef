/** What a caller hears of the agent: when its packets came, and which of them hold sound. */
import { setTimeout as sleep } from "node:timers/promises";

interface HeardFrame {
  readonly atMs: number;
  readonly isSounding: boolean;
  /** Not even something soft. */
  readonly isEmpty: boolean;
}

/** -50 dBFS, which is more than 40 dB below the peaks of speech at -20 dBFS. */
const leastPeak = 10 ** (-50 / 20);
const pollMs = 5;
const frameMs = 20;

export class AgentEar {
  /** Oldest first; times are those of performance.now(). */
  readonly #frames: HeardFrame[] = [];
  #lastSoundMs = Number.NEGATIVE_INFINITY;
  #speechMs = 0;

  /** A frame of 20 ms has come, -1..1. */
  hear(samples: Float32Array): void {
    const atMs = performance.now();
    const isSounding = samples.some((sample) => Math.abs(sample) >= leastPeak);
    const isEmpty = samples.every((sample) => sample === 0);
    this.#frames.push({ atMs, isSounding, isEmpty });
    if (!isSounding) return;
    this.#lastSoundMs = atMs;
    this.#speechMs += frameMs;
  }

  /** Frames with sound, all together. */
  get soundingMs(): number {
    return this.#speechMs;
  }

  /** When sound came last. */
  get lastSoundMs(): number {
    return this.#lastSoundMs;
  }

  /** The first frame with sound that came behind that moment. */
  firstSoundAfter(ms: number): number | undefined {
    return this.#from(ms).find(({ isSounding }) => isSounding)?.atMs;
  }

  /** The first frame that is not empty, however soft it is. */
  firstFrameAfter(ms: number): number | undefined {
    return this.#from(ms).find(({ isEmpty }) => !isEmpty)?.atMs;
  }

  /**
   * The last frame with sound before the agent was silent for `quietMs`, from that moment on; undefined
   * while it has not been silent for so long. The moment itself when there was no sound.
   */
  lastSoundBeforeQuiet(ms: number, quietMs: number): number | undefined {
    let lastMs = ms;
    for (const { atMs, isSounding } of this.#from(ms)) {
      if (atMs - lastMs >= quietMs) return lastMs;
      if (isSounding) lastMs = atMs;
    }
    return undefined;
  }

  /** The longest time without sound between two frames that have some, behind that moment. */
  longestGapAfter(ms: number): number {
    const sounding = this.#from(ms).filter(({ isSounding }) => isSounding);
    return sounding.reduce(
      (longest, { atMs }, index) => Math.max(longest, atMs - (sounding[index - 1]?.atMs ?? atMs)),
      0,
    );
  }

  /** Resolves when there was no sound for so long. */
  async quiet(quietMs: number, limitMs: number): Promise<void> {
    await until(limitMs, "a silent agent", () =>
      performance.now() - this.#lastSoundMs >= quietMs ? true : undefined,
    );
  }

  #from(ms: number): readonly HeardFrame[] {
    const first = this.#frames.findLastIndex(({ atMs }) => atMs < ms);
    return this.#frames.slice(first + 1);
  }
}

/** The first answer of `probe` that is not undefined; rejects when there is none in time. */
export async function until<T>(
  limitMs: number,
  what: string,
  probe: () => T | undefined,
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    const found = probe();
    if (found !== undefined) return found;
    if (performance.now() - startedMs > limitMs) {
      throw new Error(`${what} did not come within ${limitMs} ms`);
    }
    await sleep(pollMs);
  }
}
