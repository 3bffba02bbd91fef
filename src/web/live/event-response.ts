/** A response that goes on: server-sent events, within a bound for readers that do not keep up. */
import type { Clock } from "../../core/clock.ts";
import { RequestError } from "../answers.ts";

/** Where the writer of a stream writes. */
export interface EventWriter {
  /** `data` on one line. With an id a browser that comes back says how far it was. */
  send(event: {
    readonly data: string;
    readonly id?: string | undefined;
    readonly name?: string;
  }): void;
}

export interface EventResponseOptions {
  readonly request: Request;
  readonly clock: Clock;
  /** Who was let in may stay; asked now and then, and when somebody was logged out. */
  readonly mayStay: () => boolean;
  /** Begins to write, and returns what ends it. */
  readonly begin: (writer: EventWriter) => () => void;
}

const maxStreams = 64;
/** What a reader may leave in our hands. */
const maxPendingBytes = 512 * 1024;
const heartbeatMs = 15_000;
/** How long a browser waits before it comes back. */
const retryMs = 1000;

/** Counts those that are open, so that they are bounded together. */
export class EventResponses {
  /** What ends each of them, and what tells whether it may go on. */
  readonly #open = new Map<() => void, () => boolean>();

  get count(): number {
    return this.#open.size;
  }

  /** Throws a RequestError(503) when there are too many, and what `begin` throws. */
  open(options: EventResponseOptions): Response {
    if (this.#open.size >= maxStreams) {
      throw new RequestError(503, `${maxStreams} event streams are open already`, {
        hint: "close pages that nobody looks at",
        headers: { "retry-after": "10" },
      });
    }
    const headers = {
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no",
    };
    // Nobody would read it, and nobody would end it.
    if (options.request.method === "HEAD") return new Response(null, { headers });
    const writing: { end?: () => void } = {};
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          writing.end = this.#write(options, controller);
        },
        cancel: () => writing.end?.(),
      },
      { highWaterMark: maxPendingBytes, size: (chunk) => chunk?.length ?? 0 },
    );
    return new Response(stream, { headers });
  }

  /** Ends the streams of those who may not read them any more. */
  recheck(): void {
    for (const [end, mayStay] of this.#open) {
      if (!mayStay()) end();
    }
  }

  close(): void {
    for (const end of this.#open.keys()) end();
  }

  /** Returns what ends it. */
  #write(options: EventResponseOptions, controller: Controller): () => void {
    const { request, clock, mayStay, begin } = options;
    const encoder = new TextEncoder();
    const source: { stop?: () => void } = {};
    const end = (): void => {
      if (!this.#open.delete(end)) return;
      heartbeat.cancel();
      source.stop?.();
      closeQuietly(controller);
    };
    const write = (text: string): void => {
      if (!this.#open.has(end)) return;
      controller.enqueue(encoder.encode(text));
      // It comes back and asks for what it missed.
      if ((controller.desiredSize ?? 0) <= 0) end();
    };
    const heartbeat = clock.every(heartbeatMs, () => (mayStay() ? write(":\n\n") : end()));
    this.#open.set(end, mayStay);
    request.signal.addEventListener("abort", end);
    write(`retry: ${retryMs}\n\n`);
    try {
      source.stop = begin({ send: (event) => write(formatEvent(event)) });
    } catch (error) {
      end();
      throw error;
    }
    if (!this.#open.has(end)) source.stop();
    return end;
  }
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

function formatEvent({ data, id, name }: Parameters<EventWriter["send"]>[0]): string {
  const head =
    (id === undefined ? "" : `id: ${id}\n`) + (name === undefined ? "" : `event: ${name}\n`);
  return `${head}data: ${data.replaceAll(/[\r\n]+/g, " ")}\n\n`;
}

function closeQuietly(controller: Controller): void {
  try {
    controller.close();
  } catch {
    // The reader is gone already.
  }
}
