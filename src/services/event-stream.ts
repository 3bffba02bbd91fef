/**
 * Tells listeners what calls say, a JSON object a line. Lines are numbered and the last ones are kept, so
 * that a listener that was away or slow goes on where it was; what is gone by then is counted for it.
 */
import type { Clock } from "../core/clock.ts";
import { EventRing, type EventRingLimits } from "./event-ring.ts";

/** Where lines go; an open TcpLink in the running service. */
export interface EventReader {
  /** Never waits; false when the bytes were not taken. */
  write(bytes: Uint8Array): boolean;
  /** What the reader has not taken from us yet. */
  readonly pendingBytes: number;
}

export interface EventSubscription {
  /** To be called when nothing is pending any more. */
  drained(): void;
  /** Whether the reader wants what is not kept, such as unfinished texts; at first it does. */
  wantPassing(isWanted: boolean): void;
  /** The reader is gone. */
  cancel(): void;
}

/** How far somebody has read. */
export interface EventPosition {
  /** One life of one service: process ids come again, this does not. */
  readonly stream: string;
  /** Number of the last line that was read. */
  readonly seq: number;
}

export interface EventSource {
  /**
   * Undefined when there are too many listeners; the reader has been told. Without `since` from the next
   * event on; a position in another stream means all that is kept.
   */
  subscribe(reader: EventReader, since?: EventPosition): EventSubscription | undefined;
}

export interface EventStreamOptions<Event> {
  readonly service: string;
  readonly pid: number;
  readonly clock: Clock;
  /** The event as listeners read it, with a `kind`. */
  readonly describe: (event: Event) => Readonly<Record<string, unknown>>;
  /**
   * What nobody needs later, such as unfinished texts: it has no number, is not kept, may be left out, and
   * is not even described while nobody wants it. Without it every event is kept.
   */
  readonly isPassing?: (event: Event) => boolean;
  readonly keeps?: EventRingLimits;
}

export interface EventStreamStatus {
  readonly listeners: number;
  /** Listeners that want unfinished texts, too. */
  readonly watchers: number;
  /** Numbered so far, which is the number of the last one. */
  readonly events: number;
  /** Lines that were gone before a slow or late reader could take them. */
  readonly missed: number;
  readonly keptBytes: number;
}

const maxListeners = 16;
/** Some hundred events for each listener. */
const maxPendingBytes = 256 * 1024;
/** An hour of a busy exchange, while whoever writes the history is away. */
const defaultKeeps: EventRingLimits = { lines: 2000, bytes: 2 * 1024 * 1024 };

interface Listener {
  readonly reader: EventReader;
  /** Number of the line that it gets next. */
  next: number;
  wantsPassing: boolean;
}

export class EventStream<Event> implements EventSource {
  /** Names this life of the service. */
  readonly stream: string;
  readonly #options: EventStreamOptions<Event>;
  readonly #listeners = new Set<Listener>();
  readonly #kept: EventRing;
  readonly #encoder = new TextEncoder();
  #missed = 0;

  constructor(options: EventStreamOptions<Event>) {
    const { service, pid, clock, keeps } = options;
    this.#options = options;
    this.#kept = new EventRing(keeps ?? defaultKeeps);
    this.stream = `${service}-${pid}-${Math.round(clock.wallMs()).toString(36)}`;
  }

  publish(event: Event): void {
    if (this.#options.isPassing?.(event) === true) {
      this.#pass(event);
      return;
    }
    // Kept also while nobody listens: the first listener may be one that was killed a moment ago.
    this.#kept.push(this.#line(this.#options.describe(event), this.#kept.last + 1));
    for (const listener of this.#listeners) this.#catchUp(listener);
  }

  subscribe(reader: EventReader, since?: EventPosition): EventSubscription | undefined {
    if (this.#listeners.size >= maxListeners) {
      const reason = `${maxListeners} listeners are served already`;
      reader.write(this.#line({ kind: "refused", reason }));
      return undefined;
    }
    const { service } = this.#options;
    const { stream } = this;
    const listener: Listener = { reader, next: this.#nextAfter(since), wantsPassing: true };
    this.#listeners.add(listener);
    reader.write(this.#line({ kind: "listening", service, stream, last: this.#kept.last }));
    this.#catchUp(listener);
    return {
      drained: () => void this.#catchUp(listener),
      wantPassing(isWanted) {
        listener.wantsPassing = isWanted;
      },
      cancel: () => void this.#listeners.delete(listener),
    };
  }

  /** Somebody wants what is not kept. */
  get isWatched(): boolean {
    return this.#watchers().length > 0;
  }

  status(): EventStreamStatus {
    return {
      listeners: this.#listeners.size,
      watchers: this.#watchers().length,
      events: this.#kept.last,
      missed: this.#missed,
      keptBytes: this.#kept.bytes,
    };
  }

  #nextAfter(since: EventPosition | undefined): number {
    if (since === undefined) return this.#kept.last + 1;
    return since.stream === this.stream ? Math.min(since.seq, this.#kept.last) + 1 : 1;
  }

  #pass(event: Event): void {
    const watchers = this.#watchers();
    if (watchers.length === 0) return;
    const line = this.#line(this.#options.describe(event));
    for (const listener of watchers) {
      const isCurrent = this.#catchUp(listener);
      if (isCurrent && hasRoom(listener.reader, line)) listener.reader.write(line);
    }
  }

  #watchers(): Listener[] {
    return [...this.#listeners].filter(({ wantsPassing }) => wantsPassing);
  }

  /** Writes what is kept for the listener, as far as it takes it; true when it has everything. */
  #catchUp(listener: Listener): boolean {
    const { reader } = listener;
    if (!this.#admitGap(listener)) return false;
    let line = this.#kept.at(listener.next);
    while (line !== undefined) {
      if (!hasRoom(reader, line) || !reader.write(line)) return false;
      listener.next += 1;
      line = this.#kept.at(listener.next);
    }
    return true;
  }

  /** Says how many lines are gone before the next one is written; true when that is said. */
  #admitGap(listener: Listener): boolean {
    const count = this.#kept.first - listener.next;
    if (count <= 0) return true;
    // Said once, when there is room for what comes next, instead of line by line.
    const next = this.#kept.at(this.#kept.first);
    if (next !== undefined && !hasRoom(listener.reader, next)) return false;
    if (!listener.reader.write(this.#line({ kind: "missed", count }))) return false;
    this.#missed += count;
    listener.next = this.#kept.first;
    return true;
  }

  #line(fields: Readonly<Record<string, unknown>>, seq?: number): Uint8Array {
    const { clock, pid } = this.#options;
    const { kind, ...rest } = fields;
    const time = new Date(clock.wallMs()).toISOString();
    // The process and the key together name a call for ever.
    return this.#encoder.encode(`${JSON.stringify({ kind, time, pid, seq, ...rest })}\n`);
  }
}

/** A line that is longer than all that may wait goes to a reader that has nothing waiting. */
function hasRoom(reader: EventReader, line: Uint8Array): boolean {
  return reader.pendingBytes === 0 || reader.pendingBytes + line.length <= maxPendingBytes;
}
