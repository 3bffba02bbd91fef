/** The common log as the web service shows it: pages of it, what is added, and the whole as a text. */
import { dirname } from "node:path";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { redact, redactText } from "../doctor/redaction.ts";
import { type LogFilter, matchesFilter } from "../supervisor/log-filter.ts";
import { type LogPage, readLogPage } from "../supervisor/log-pages.ts";
import type { LogPosition } from "../supervisor/log-parts.ts";
import { LogTail } from "../supervisor/log-tail.ts";
import type { LogDesk, LogPageAsked, LogReader } from "../web/log-view.ts";
import {
  formatRecordText,
  parseRecordLine,
  rawOutputMessage,
  type ServiceRecord,
} from "../supervisor/service-record.ts";

export interface WebLogsOptions {
  /** Where the supervisor writes, as it says itself or as the configuration has it. */
  readonly folder: () => string;
  readonly clock: Clock;
}

const pollMs = 300;
/** More than that came since a reader left: it reads pages. */
const mostCatchUpBytes = 2 << 20;
/** Read for one reader before others have their turn. */
const chunksAtOnce = 4;
const betweenTurnsMs = 50;
const maxReadings = 6;
const maxFollowers = 16;

/** What is private is hidden in all of them. */
export class WebLogs implements LogDesk {
  readonly #options: WebLogsOptions;
  #readings = 0;
  readonly #followers = new Set<LogFollower>();

  constructor(options: WebLogsOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder();
  }

  async page(asked: LogPageAsked): Promise<LogPage> {
    const release = this.#admit();
    try {
      const page = await readLogPage({ folder: this.folder, ...asked });
      return { ...page, records: page.records.map(withoutPrivate) };
    } catch (error) {
      throw unreadable(this.folder, error);
    } finally {
      release();
    }
  }

  follow(filter: LogFilter, from: LogPosition | undefined, reader: LogReader): () => void {
    if (this.#followers.size >= maxFollowers) throw tooMany(`${maxFollowers} pages follow`);
    const { folder } = this;
    const follower = new LogFollower({ folder, filter, from, reader, clock: this.#options.clock });
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
      follower.close();
    };
  }

  text(filter: LogFilter): ReadableStream<Uint8Array> {
    return textStream(this.folder, filter, this.#admit());
  }

  close(): void {
    for (const follower of this.#followers) follower.close();
    this.#followers.clear();
  }

  /** Returns what makes room for another. */
  #admit(): () => void {
    if (this.#readings >= maxReadings) throw tooMany(`${maxReadings} others search`);
    this.#readings += 1;
    let isReleased = false;
    return () => {
      if (!isReleased) this.#readings -= 1;
      isReleased = true;
    };
  }
}

interface FollowerOptions {
  readonly folder: string;
  readonly filter: LogFilter;
  readonly from: LogPosition | undefined;
  readonly reader: LogReader;
  readonly clock: Clock;
}

/** One reader that is told what is added. */
class LogFollower {
  readonly #options: FollowerOptions;
  readonly #tail: LogTail;
  #records: ServiceRecord[] = [];
  #chunks = 0;
  #timer: Timer | undefined;
  #isReading = true;
  #isClosed = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { folder, filter } = options;
    this.#tail = new LogTail(folder, (line) => {
      const record = parseRecordLine(line);
      if (record !== undefined && matchesFilter(record, filter))
        this.#records.push(withoutPrivate(record));
    });
    void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    if (!this.#isReading) void this.#tail.close();
  }

  async #run(): Promise<void> {
    const { from, reader } = this.#options;
    try {
      const isWhole = await this.#tail.startAt(from, mostCatchUpBytes);
      if (!isWhole && !this.#isClosed) reader.missed();
      await this.#readOn();
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #readOn(): Promise<void> {
    this.#chunks = 0;
    await this.#tail.readOn(async () => await this.#handOn());
    this.#deliver();
    this.#isReading = false;
    if (this.#isClosed) await this.#tail.close();
    else this.#again();
  }

  #again(): void {
    this.#timer = this.#options.clock.after(pollMs, () => {
      this.#isReading = true;
      this.#readOn().catch(async (error: unknown) => await this.#fail(error));
    });
  }

  /** Behind each chunk. */
  async #handOn(): Promise<void> {
    this.#deliver();
    this.#chunks += 1;
    if (this.#isClosed) throw new ClosedReading();
    if (this.#chunks % chunksAtOnce !== 0) return;
    const turn = Promise.withResolvers<void>();
    this.#options.clock.after(betweenTurnsMs, turn.resolve);
    await turn.promise;
  }

  #deliver(): void {
    const records = this.#records;
    this.#records = [];
    if (records.length > 0 && !this.#isClosed)
      this.#options.reader.records(records, this.#tail.position);
  }

  async #fail(error: unknown): Promise<void> {
    await this.#tail.close().catch(() => undefined);
    if (!this.#isClosed) this.#options.reader.failed(describeError(error));
  }
}

/** Nobody waits for the rest. */
class ClosedReading extends Error {}

function textStream(
  folder: string,
  filter: LogFilter,
  release: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const lines: string[] = [];
  let room = Promise.withResolvers<void>();
  let isClosed = false;
  const tail = new LogTail(folder, (line) => {
    const record = parseRecordLine(line);
    if (record !== undefined && matchesFilter(record, filter)) lines.push(textLine(record));
  });
  const handOn = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (isClosed) throw new ClosedReading();
    if (lines.length > 0) controller.enqueue(encoder.encode(lines.splice(0).join("")));
    if ((controller.desiredSize ?? 1) > 0) return;
    room = Promise.withResolvers();
    await room.promise;
  };
  const read = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      await tail.readOn(async () => await handOn(controller));
      await handOn(controller);
      controller.close();
    } catch (error) {
      if (!isClosed) controller.error(error);
    } finally {
      await tail.close();
      release();
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => void read(controller),
      pull: () => room.resolve(),
      cancel() {
        isClosed = true;
        room.resolve();
      },
    },
    { highWaterMark: 256 * 1024, size: (chunk) => chunk?.length ?? 0 },
  );
}

/** `2026-11-23 12:30:01.250 warn  whisper: message  key=value` */
function textLine(record: ServiceRecord): string {
  const day = new Date(record.wallMs).toISOString().slice(0, 10);
  return `${day} ${formatRecordText(withoutPrivate(record))}\n`;
}

/** Words of callers, numbers and credentials are in a log when it was configured so, and stay there. */
function withoutPrivate(record: ServiceRecord): ServiceRecord {
  const { message, fields } = record;
  const { text, ...others } = fields;
  const hidden: unknown = redact(others);
  const shown = typeof hidden === "object" && hidden !== null ? { ...hidden } : {};
  const isPanic = message === rawOutputMessage && fields["stream"] === "stderr";
  const words = typeof text === "string" ? { text: isPanic ? redactText(text) : "(hidden)" } : {};
  return { ...record, message: redactText(message), fields: { ...words, ...shown } };
}

function unreadable(folder: string, error: unknown): WildfireError {
  if (error instanceof WildfireError) return error;
  return new WildfireError(
    "state",
    `the log in ${folder} cannot be read: ${describeError(error)}`,
    {
      cause: error,
      hint: "see who may read that folder",
    },
  );
}

function tooMany(what: string): WildfireError {
  return new WildfireError("state", `${what} the log already`, { hint: "try again in a moment" });
}

/** Of the file that the supervisor says it writes; undefined when it says none. */
export function logFolderIn(status: Readonly<Record<string, unknown>>): string | undefined {
  const log: unknown = status["log"];
  if (typeof log !== "object" || log === null || !("path" in log)) return undefined;
  return typeof log.path === "string" && log.path.startsWith("/") ? dirname(log.path) : undefined;
}
