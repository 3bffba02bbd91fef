/** Tells listeners what calls say, a JSON object a line; who reads too slowly misses some, and is told. */
import type { Clock } from "../core/clock.ts";

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
  /** The reader is gone. */
  cancel(): void;
}

export interface EventSource {
  /** Undefined when there are too many listeners; the reader has been told. */
  subscribe(reader: EventReader): EventSubscription | undefined;
}

export interface EventStreamOptions<Event> {
  readonly service: string;
  readonly pid: number;
  readonly clock: Clock;
  /** The event as listeners read it, with a `kind`; called only while somebody listens. */
  readonly describe: (event: Event) => Readonly<Record<string, unknown>>;
}

export interface EventStreamStatus {
  readonly listeners: number;
  readonly events: number;
  /** Lines that were not written because their reader was too slow. */
  readonly missed: number;
}

const maxListeners = 16;
/** Some hundred events for each listener. */
const maxPendingBytes = 256 * 1024;

interface Listener {
  readonly reader: EventReader;
  missed: number;
}

export class EventStream<Event> implements EventSource {
  readonly #options: EventStreamOptions<Event>;
  readonly #listeners = new Set<Listener>();
  #events = 0;
  #missed = 0;

  constructor(options: EventStreamOptions<Event>) {
    this.#options = options;
  }

  /** Costs nothing while nobody listens. */
  publish(event: Event): void {
    if (this.#listeners.size === 0) return;
    this.#events += 1;
    const line = this.#line(this.#options.describe(event));
    for (const listener of this.#listeners) this.#tell(listener, line);
  }

  subscribe(reader: EventReader): EventSubscription | undefined {
    if (this.#listeners.size >= maxListeners) {
      const reason = `${maxListeners} listeners are served already`;
      reader.write(this.#line({ kind: "refused", reason }));
      return undefined;
    }
    const listener: Listener = { reader, missed: 0 };
    this.#listeners.add(listener);
    reader.write(this.#line({ kind: "listening", service: this.#options.service }));
    return {
      drained: () => this.#catchUp(listener),
      cancel: () => void this.#listeners.delete(listener),
    };
  }

  status(): EventStreamStatus {
    return { listeners: this.#listeners.size, events: this.#events, missed: this.#missed };
  }

  #tell(listener: Listener, line: Uint8Array): void {
    const { reader } = listener;
    const hasRoom = reader.pendingBytes + line.length <= maxPendingBytes;
    if (hasRoom && this.#catchUp(listener) && reader.write(line)) return;
    listener.missed += 1;
    this.#missed += 1;
  }

  /** Says how many lines were left out before the next one is written; true when that is said. */
  #catchUp(listener: Listener): boolean {
    const { missed, reader } = listener;
    if (missed === 0) return true;
    if (!reader.write(this.#line({ kind: "missed", count: missed }))) return false;
    listener.missed = 0;
    return true;
  }

  #line(fields: Readonly<Record<string, unknown>>): Uint8Array {
    const { clock, pid } = this.#options;
    const { kind, ...rest } = fields;
    const time = new Date(clock.wallMs()).toISOString();
    // The process and the key together name a call for ever.
    return new TextEncoder().encode(`${JSON.stringify({ kind, time, pid, ...rest })}\n`);
  }
}
