/**
 * All events of all services for readers over HTTP: numbered anew, the last ones kept, so that a reader
 * that was away goes on where it was. A reader that does not keep up is let go: it comes back and asks.
 */

export interface HubEvent {
  readonly service: string;
  readonly pid: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface NumberedEvent extends HubEvent {
  /** Undefined for what is not kept, such as unfinished texts. */
  readonly id: string | undefined;
}

export interface HubReader {
  /** It wants unfinished texts too, which services make only for those who do. Not unless said. */
  readonly wantsPassing?: boolean;
  event(event: NumberedEvent): void;
  /** So many were gone before they could be read. */
  missed(count: number): void;
}

export interface EventHubOptions {
  /** Names this life of the hub. */
  readonly life: string;
  readonly keeps?: number;
  /** Another number of readers wants unfinished texts now. */
  readonly onWatchers?: () => void;
}

const defaultKeeps = 2000;
const idForm = /^([\w-]{1,40})\.(\d{1,15})$/;

export class EventHub {
  readonly #options: EventHubOptions;
  readonly #readers = new Set<HubReader>();
  readonly #kept = new Map<number, NumberedEvent>();
  #last = 0;

  constructor(options: EventHubOptions) {
    this.#options = options;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Readers that want unfinished texts. */
  get watchers(): number {
    return [...this.#readers].filter(({ wantsPassing }) => wantsPassing === true).length;
  }

  publish(event: HubEvent): void {
    const isPassing = event.fields["seq"] === undefined;
    const numbered = { ...event, id: isPassing ? undefined : this.#number() };
    if (!isPassing) this.#keep(numbered);
    for (const reader of this.#readers) {
      if (!isPassing || reader.wantsPassing === true) reader.event(numbered);
    }
  }

  /** Behind `since` where it is known, from the first that is kept where it is not, without it from now on. */
  subscribe(reader: HubReader, since: string | undefined): () => void {
    const { onWatchers } = this.#options;
    this.#readers.add(reader);
    onWatchers?.();
    if (since !== undefined) this.#catchUp(reader, since);
    return () => {
      this.#readers.delete(reader);
      onWatchers?.();
    };
  }

  #number(): string {
    this.#last += 1;
    return `${this.#options.life}.${this.#last}`;
  }

  #keep(event: NumberedEvent): void {
    this.#kept.set(this.#last, event);
    this.#kept.delete(this.#last - (this.#options.keeps ?? defaultKeeps));
  }

  #catchUp(reader: HubReader, since: string): void {
    const [, life, number] = idForm.exec(since) ?? [];
    const read = life === this.#options.life ? Math.min(Number(number), this.#last) : 0;
    const first = this.#last - this.#kept.size + 1;
    // Of another life nobody knows how many there were.
    if (read > 0 && read + 1 < first) reader.missed(first - read - 1);
    for (let seq = Math.max(read + 1, first); seq <= this.#last; seq += 1) {
      const event = this.#kept.get(seq);
      if (event !== undefined) reader.event(event);
    }
  }
}
