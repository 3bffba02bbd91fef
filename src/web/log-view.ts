/** What pages and routes know of the common log; what is private is hidden in all of it. */
import type { LogFilter } from "../supervisor/log-filter.ts";
import type { LogPage } from "../supervisor/log-pages.ts";
import type { LogPosition } from "../supervisor/log-parts.ts";
import type { ServiceRecord } from "../supervisor/service-record.ts";

export interface LogPageAsked {
  readonly filter: LogFilter;
  readonly limit: number;
  readonly before: LogPosition | undefined;
  readonly signal: AbortSignal;
}

export interface LogReader {
  /** Oldest first, with the place behind them. */
  records(records: readonly ServiceRecord[], place: LogPosition | undefined): void;
  /** Between what it has and what follows there is more than is sent. */
  missed(): void;
  /** The log cannot be read. */
  failed(reason: string): void;
}

/** What cannot be done is a WildfireError("state"). */
export interface LogDesk {
  readonly folder: string;
  /** Rejects when it cannot be read, or too many read it. */
  page(asked: LogPageAsked): Promise<LogPage>;
  /** From that place on, or from now; returns what ends it. Throws when too many follow. */
  follow(filter: LogFilter, from: LogPosition | undefined, reader: LogReader): () => void;
  /** All records that match, a line each, oldest first; read as fast as it is taken. */
  text(filter: LogFilter): ReadableStream<Uint8Array>;
}
