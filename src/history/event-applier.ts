/** Turns numbered events into rows, once each: what was written is remembered with the rows themselves. */
import { type Database, SQLiteError } from "bun:sqlite";
import { timeIn } from "../services/event-fields.ts";
import { CallRows } from "./call-rows.ts";
import { type EventFields, textOf } from "./event-fields.ts";
import { ruleFor } from "./event-rules.ts";
import { lostReason } from "./part.ts";
import { PartBook } from "./part-book.ts";
import { RowWriter } from "./row-writer.ts";
import { telephones, tellsStart } from "../services/service-ranks.ts";

/** An event of a service and where it stood among the others. */
export interface StreamEvent {
  readonly service: string;
  readonly pid: number;
  /** Which life of the service. */
  readonly stream: string;
  readonly seq: number;
  readonly fields: EventFields;
}

export interface StreamPosition {
  readonly stream: string;
  readonly seq: number;
}

interface StreamRow {
  readonly service: string;
  readonly pid: number;
  readonly stream: string;
  seq: number;
  lastMs: number;
}

/** The end of a call is assumed when nothing is heard of it for so long. */
const silentLimitMs = 30 * 60 * 1000;
/** A telephone tells the end of each call, but that may be gone before it is read. */
const telephoneLimitMs = 24 * 3600 * 1000;
/** Open calls that are looked at in one go. */
const sweepLimit = 200;
/** What every event of a call has, which is kept with the call and not with the event. */
const callHead = ["kind", "time", "pid", "seq", "key", "callId"];
const headNames = new Set(callHead);
/** Telephones say with each event who the call is with. */
const phoneHeadNames = new Set([...callHead, "line", "direction", "remote", "name"]);

export class EventApplier {
  readonly #db: Database;
  readonly #book: PartBook;
  readonly #rows: RowWriter;
  readonly #calls: CallRows;
  readonly #streams = new Map<string, StreamRow>();
  readonly #movedStreams = new Set<StreamRow>();
  #dataVersion = 0;
  #refused = 0;

  constructor(db: Database) {
    this.#db = db;
    this.#book = new PartBook(db);
    this.#rows = new RowWriter(db);
    this.#calls = new CallRows(db);
  }

  /** Events that no table took, which would be a fault of ours. */
  get refused(): number {
    return this.#refused;
  }

  /** All or nothing; throws the error of the disk. */
  apply(events: readonly StreamEvent[], nowMs: number): void {
    this.#atOnce(() => {
      for (const event of events) this.#take(event, nowMs);
    });
  }

  /** Calls of services that are gone, and calls that fell silent, come to their end; throws as `apply`. */
  sweep(nowMs: number, isGone: (stream: string) => boolean): void {
    this.#atOnce(() => {
      for (const part of this.#book.open(sweepLimit)) {
        const limitMs = telephones.includes(part.service) ? telephoneLimitMs : silentLimitMs;
        if (isGone(part.stream)) this.#book.assumeEnd(part, lostReason);
        else if (nowMs - part.lastMs > limitMs) {
          this.#book.assumeEnd(part, "nothing was heard of it any more");
        }
      }
    });
  }

  /** Makes what was written searchable, some calls at a time; true when there may be more. */
  index(limit: number): boolean {
    return this.#db.transaction(() => this.#calls.index(limit)).immediate();
  }

  /** How far the events of that process are written; undefined when nothing is known of it. */
  position(service: string, pid: number): StreamPosition | undefined {
    const sql = `SELECT stream, seq FROM streams WHERE service = ? AND pid = ?
      ORDER BY lastMs DESC LIMIT 1`;
    return this.#db.query<StreamPosition, [string, number]>(sql).get(service, pid) ?? undefined;
  }

  /** Those with calls that have no end. */
  openStreams(): readonly Omit<StreamRow, "seq">[] {
    const sql = `SELECT DISTINCT s.service, s.pid, s.stream, s.lastMs FROM parts p
      JOIN streams s ON s.stream = p.stream WHERE p.endedMs IS NULL`;
    return this.#db.query<StreamRow, []>(sql).all();
  }

  /** Rows were removed by somebody else. */
  forget(): void {
    this.#book.forget();
    this.#streams.clear();
    this.#movedStreams.clear();
  }

  #atOnce(action: () => void): void {
    try {
      this.#db
        .transaction(() => {
          this.#noticeOthers();
          action();
          for (const call of this.#book.save()) this.#calls.refresh(call);
          this.#saveStreams();
        })
        .immediate();
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Another process writes too, as when one takes over from another: what is remembered here may be old. */
  #noticeOthers(): void {
    const row = this.#db.query<{ data_version: number }, []>("PRAGMA data_version").get();
    const version = row?.data_version ?? 0;
    if (version !== this.#dataVersion) this.forget();
    this.#dataVersion = version;
  }

  #take(event: StreamEvent, nowMs: number): void {
    const stream = this.#streamOf(event);
    if (event.seq <= stream.seq) return;
    stream.seq = event.seq;
    stream.lastMs = nowMs;
    this.#movedStreams.add(stream);
    try {
      this.#write(event, timeIn(event.fields, nowMs));
    } catch (error) {
      if (isTrouble(error)) throw error;
      this.#refused += 1;
    }
  }

  #write({ service, pid, stream, seq, fields }: StreamEvent, atMs: number): void {
    const kind = textOf(fields, "kind");
    const key = textOf(fields, "key");
    if (key === "") {
      const others = withoutHead(fields, serviceHeadNames);
      this.#rows.event(undefined, { service, stream, seq, atMs, kind, fields: others });
      return;
    }
    const callId = textOf(fields, "callId");
    const isStart = tellsStart(service, kind);
    const part = this.#book.take({ service, stream, pid, key, callId, atMs, isStart });
    const rule = ruleFor(service, kind);
    if (rule !== undefined)
      rule({ part, seq, atMs, fields }, { book: this.#book, rows: this.#rows });
    else {
      const head = telephones.includes(service) ? phoneHeadNames : headNames;
      const others = withoutHead(fields, head);
      this.#rows.event(part, { service, stream, seq, atMs, kind, fields: others });
    }
  }

  #streamOf({ service, pid, stream }: StreamEvent): StreamRow {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const sql = "SELECT service, pid, stream, seq, lastMs FROM streams WHERE stream = ?";
    const row = this.#db.query<StreamRow, [string]>(sql).get(stream);
    const found = row ?? { service, pid, stream, seq: 0, lastMs: 0 };
    this.#streams.set(stream, found);
    return found;
  }

  #saveStreams(): void {
    const sql = `INSERT INTO streams (stream, service, pid, seq, lastMs) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, lastMs = excluded.lastMs`;
    const statement = this.#db.query(sql);
    for (const { stream, service, pid, seq, lastMs } of this.#movedStreams) {
      statement.run(stream, service, pid, seq, lastMs);
    }
    this.#movedStreams.clear();
    if (this.#streams.size > maxStreams) this.#streams.clear();
  }
}

const maxStreams = 1000;
const serviceHeadNames = new Set(["kind", "time", "pid", "seq"]);

function withoutHead(fields: EventFields, head: ReadonlySet<string>): EventFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !head.has(name)));
}

const faultsOfTheRow = /^SQLITE_(?:CONSTRAINT|TOOBIG|MISMATCH|RANGE)/;

/** The disk or the file refuses, so that another event would fare no better. */
function isTrouble(error: unknown): boolean {
  return error instanceof SQLiteError && !faultsOfTheRow.test(error.code ?? "");
}
