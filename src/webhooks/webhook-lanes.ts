/** What waits for one receiver: a lane for each call, whose messages go one after the other; pure. */
import type { WaitingMessage } from "./webhook-spool.ts";

export interface Lane {
  readonly name: string;
  readonly queue: WaitingMessage[];
  /** Failures of its first message. */
  failures: number;
  /** Its first message is not tried before, unless all others wait, too. */
  nextMs: number;
  /** Its first message is under way. */
  isBusy: boolean;
}

export class WebhookLanes {
  readonly #lanes = new Map<string, Lane>();
  /** Those whose first message may be sent, in the order in which they became so. */
  readonly #ready = new Set<Lane>();
  /** Those whose first message failed and waits. */
  readonly #delayed = new Set<Lane>();
  #count = 0;

  /** Messages that wait or are under way. */
  get count(): number {
    return this.#count;
  }

  add(message: WaitingMessage): void {
    this.#count += 1;
    const known = this.#lanes.get(message.lane);
    if (known !== undefined) {
      known.queue.push(message);
      return;
    }
    const { lane: name, tries: failures } = message;
    const lane = { name, queue: [message], failures, nextMs: 0, isBusy: false };
    this.#lanes.set(lane.name, lane);
    this.#ready.add(lane);
  }

  /** A lane to send the first message of, which nobody else takes until it is given back. */
  take(nowMs: number): Lane | undefined {
    for (const lane of this.#delayed) if (lane.nextMs <= nowMs) this.#wake(lane);
    const [lane] = this.#ready;
    if (lane === undefined) return undefined;
    this.#ready.delete(lane);
    lane.isBusy = true;
    return lane;
  }

  /** As `take`, also before its time: some message must show whether a receiver is back. */
  takeAny(nowMs: number): Lane | undefined {
    const due = this.take(nowMs);
    if (due !== undefined) return due;
    const [earliest] = [...this.#delayed].toSorted((one, other) => one.nextMs - other.nextMs);
    if (earliest === undefined) return undefined;
    this.#delayed.delete(earliest);
    earliest.isBusy = true;
    return earliest;
  }

  /** Its first message is done with; one that was cleared meanwhile stays so. */
  finished(lane: Lane): void {
    if (!this.#has(lane)) return;
    lane.queue.shift();
    lane.isBusy = false;
    this.#count -= 1;
    lane.failures = 0;
    lane.nextMs = 0;
    if (lane.queue.length === 0) this.#lanes.delete(lane.name);
    else this.#ready.add(lane);
  }

  failed(lane: Lane, nextMs: number): void {
    lane.failures += 1;
    this.putOff(lane, nextMs);
  }

  /** It could not be tried, which is no fault of its message. */
  putOff(lane: Lane, nextMs: number): void {
    if (!this.#has(lane)) return;
    lane.isBusy = false;
    lane.nextMs = nextMs;
    this.#delayed.add(lane);
  }

  /** Messages before that one had to make room. */
  forgetBefore(id: number): void {
    for (const lane of this.#lanes.values()) {
      const [first] = lane.queue;
      if (lane.isBusy || first === undefined || first.id >= id) continue;
      const kept = lane.queue.filter((message) => message.id >= id);
      this.#count -= lane.queue.length - kept.length;
      lane.queue.splice(0, lane.queue.length, ...kept);
      lane.failures = 0;
      if (kept.length > 0) continue;
      this.#lanes.delete(lane.name);
      this.#ready.delete(lane);
      this.#delayed.delete(lane);
    }
  }

  /** All may be tried at once. */
  wakeAll(): void {
    for (const lane of this.#delayed) this.#wake(lane);
  }

  /** When the next one may be tried; undefined when none waits. */
  get nextMs(): number | undefined {
    let earliest: number | undefined;
    for (const { nextMs } of this.#delayed) {
      if (earliest === undefined || nextMs < earliest) earliest = nextMs;
    }
    return earliest;
  }

  clear(): void {
    this.#lanes.clear();
    this.#ready.clear();
    this.#delayed.clear();
    this.#count = 0;
  }

  #has(lane: Lane): boolean {
    return this.#lanes.get(lane.name) === lane;
  }

  #wake(lane: Lane): void {
    this.#delayed.delete(lane);
    this.#ready.add(lane);
  }
}
