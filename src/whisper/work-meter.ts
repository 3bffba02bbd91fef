/** How much decoding the calls asked for and the lanes did, over the last half minute. */

const bucketMs = 1000;
const bucketCount = 30;

interface Bucket {
  second: number;
  arrivals: number;
  busyMs: number;
  completed: number;
  completedMs: number;
}

export class WorkMeter {
  readonly #startedMs: number;
  readonly #buckets: Bucket[] = [];

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Somebody waits for one more text. */
  arrived(nowMs: number): void {
    this.#bucketAt(nowMs).arrivals += 1;
  }

  /** A lane has decoded for this long, for whomever. */
  worked(nowMs: number, decodeMs: number): void {
    this.#bucketAt(nowMs).busyMs += decodeMs;
  }

  /** A text that somebody waited for is there; its time counts as work besides. */
  completed(nowMs: number, decodeMs: number): void {
    const bucket = this.#bucketAt(nowMs);
    bucket.completedMs += decodeMs;
    bucket.completed += 1;
  }

  /** Lanes that were busy on average. */
  busyLanes(nowMs: number): number {
    return this.#sum(nowMs, "busyMs") / this.#spanMs(nowMs);
  }

  /** Lanes that what arrived would keep busy. */
  neededLanes(nowMs: number): number {
    const completed = this.#sum(nowMs, "completed");
    const meanMs = completed === 0 ? 0 : this.#sum(nowMs, "completedMs") / completed;
    return (this.#sum(nowMs, "arrivals") * meanMs) / this.#spanMs(nowMs);
  }

  /** The time that the buckets cover: whole ones, and the present one so far. */
  #spanMs(nowMs: number): number {
    const coveredMs = bucketCount * bucketMs + (nowMs % bucketMs);
    return Math.min(coveredMs, Math.max(bucketMs, nowMs - this.#startedMs));
  }

  #sum(nowMs: number, key: Exclude<keyof Bucket, "second">): number {
    this.#forgetBefore(Math.floor(nowMs / bucketMs) - bucketCount);
    let sum = 0;
    for (const bucket of this.#buckets) sum += bucket[key];
    return sum;
  }

  #bucketAt(nowMs: number): Bucket {
    const second = Math.floor(nowMs / bucketMs);
    const last = this.#buckets.at(-1);
    if (last?.second === second) return last;
    this.#forgetBefore(second - bucketCount);
    const bucket = { second, arrivals: 0, busyMs: 0, completed: 0, completedMs: 0 };
    this.#buckets.push(bucket);
    return bucket;
  }

  #forgetBefore(second: number): void {
    while ((this.#buckets[0]?.second ?? second) < second) this.#buckets.shift();
  }
}
