/** The parts that events are about: found or begun, joined to calls, and written back together. */
import type { Database } from "bun:sqlite";
import { type EventFields, objectOf, textOf } from "./event-fields.ts";
import { joinParts } from "./join-parts.ts";
import { callKeyOf, type Part, type PartDetails } from "./part.ts";

/** An event of a call, and in whose stream it stood. */
export interface PartEvent {
  readonly service: string;
  readonly stream: string;
  readonly pid: number;
  readonly key: string;
  readonly callId: string;
  readonly atMs: number;
  /** It is the first of the part, if it is the first that is seen of it. */
  readonly isStart: boolean;
}

interface PartRow {
  readonly id: number;
  readonly call: number | null;
  readonly service: string;
  readonly stream: string;
  readonly pid: number;
  readonly key: string;
  readonly callId: string;
  readonly startedMs: number;
  readonly lastMs: number;
  readonly endedMs: number | null;
  readonly isStartTold: number;
  readonly details: string;
}

/** Parts in memory; more calls at a time than an exchange of this size has. */
const maxCached = 5000;
/** Parts that may have to do with one another when they had the same id: what is further away is not looked at. */
const neighbourMs = 24 * 3600 * 1000;
const maxNeighbours = 200;

export class PartBook {
  readonly #db: Database;
  readonly #parts = new Map<string, Part>();
  readonly #unsaved = new Set<Part>();
  readonly #unjoined = new Set<Part>();
  readonly #changedCalls = new Set<number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The part of an event; its calls count as changed. */
  take(event: PartEvent): Part {
    const part = this.#find(event.stream, event.key) ?? this.#begin(event);
    part.lastMs = Math.max(part.lastMs, event.atMs);
    if (part.details.isEndAssumed === true) this.#reopen(part);
    if (part.callId === "" && event.callId !== "") {
      part.callId = event.callId;
      this.#unjoined.add(part);
    }
    this.changed(part);
    return part;
  }

  /** Its details are other ones. */
  changed(part: Part): void {
    this.#unsaved.add(part);
  }

  end(part: Part, endedMs: number): void {
    part.endedMs = endedMs;
    this.#unsaved.add(part);
    this.#unjoined.add(part);
  }

  /** Nobody tells any more when it ended; the last that was seen of it stands for that. */
  assumeEnd(part: Part, endReason: string): void {
    part.details = { ...part.details, isEndAssumed: true, endedBy: "service", endReason };
    this.end(part, part.lastMs);
  }

  /** Those without an end, the oldest first. */
  open(limit: number): Part[] {
    const sql = "SELECT * FROM parts WHERE endedMs IS NULL ORDER BY lastMs LIMIT ?";
    const rows = this.#db.query<PartRow, [number]>(sql).all(limit);
    return rows.map((row) => this.#cached(row));
  }

  /** Writes what has changed and says which calls that concerns. */
  save(): ReadonlySet<number> {
    this.#write();
    const unjoined = [...this.#unjoined];
    this.#unjoined.clear();
    for (const part of unjoined) this.#join(part);
    this.#write();
    const changed = new Set(this.#changedCalls);
    this.#changedCalls.clear();
    if (this.#parts.size > maxCached) this.#parts.clear();
    return changed;
  }

  /** What is in memory is not what is in the file. */
  forget(): void {
    this.#parts.clear();
    this.#unsaved.clear();
    this.#unjoined.clear();
    this.#changedCalls.clear();
  }

  #find(stream: string, key: string): Part | undefined {
    const known = this.#parts.get(`${stream}/${key}`);
    if (known !== undefined) return known;
    const sql = "SELECT * FROM parts WHERE stream = ? AND key = ?";
    const row = this.#db.query<PartRow, [string, string]>(sql).get(stream, key);
    return row === null ? undefined : this.#cached(row);
  }

  #cached(row: PartRow): Part {
    const name = `${row.stream}/${row.key}`;
    const known = this.#parts.get(name);
    if (known !== undefined) return known;
    const part: Part = { ...row, details: readDetails(row.details) };
    this.#parts.set(name, part);
    return part;
  }

  #begin({ service, stream, pid, key, callId, atMs, isStart }: PartEvent): Part {
    const sql = `INSERT INTO parts (service, stream, pid, key, callId, startedMs, lastMs, isStartTold)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`;
    const row = this.#db
      .query<PartRow, (string | number)[]>(sql)
      .get(service, stream, pid, key, callId, atMs, atMs, isStart ? 1 : 0);
    if (row === null) throw new Error("a part was not written");
    const part = this.#cached(row);
    this.#unjoined.add(part);
    return part;
  }

  #reopen(part: Part): void {
    const { isEndAssumed: _assumed, endedBy: _by, endReason: _reason, ...details } = part.details;
    part.details = details;
    part.endedMs = null;
    this.#unjoined.add(part);
  }

  #write(): void {
    const sql = `UPDATE parts SET call = ?, callId = ?, lastMs = ?, endedMs = ?, details = ? WHERE id = ?`;
    const statement = this.#db.query(sql);
    for (const part of this.#unsaved) {
      const { call, callId, lastMs, endedMs, details, id } = part;
      statement.run(call, callId, lastMs, endedMs, JSON.stringify(details), id);
      if (call !== null) this.#changedCalls.add(call);
    }
    this.#unsaved.clear();
  }

  #join(part: Part): void {
    const parts = this.#neighbours(part);
    const byId = new Map(parts.map((one) => [one.id, one]));
    for (const [id, headId] of joinParts(parts)) {
      const [one, head] = [byId.get(id), byId.get(headId)];
      if (one !== undefined && head !== undefined) this.#assign(one, head);
    }
  }

  #assign(part: Part, head: Part): void {
    const call = this.#callOf(head);
    if (part.call === call) return;
    if (part.call !== null) this.#changedCalls.add(part.call);
    part.call = call;
    this.#changedCalls.add(call);
    this.#unsaved.add(part);
  }

  #callOf(head: Part): number {
    const key = callKeyOf(head);
    const insert =
      "INSERT INTO calls (key, service, startedMs) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    const find = this.#db.query<{ id: number }, [string]>("SELECT id FROM calls WHERE key = ?");
    const known = find.get(key);
    if (known !== null) return known.id;
    this.#db.query(insert).run(key, head.service, head.startedMs);
    const made = find.get(key);
    if (made === null) throw new Error("a call was not written");
    return made.id;
  }

  #neighbours(part: Part): Part[] {
    if (part.callId === "") return [part];
    const sql = `SELECT * FROM parts WHERE callId = ? AND startedMs BETWEEN ? AND ?
      ORDER BY startedMs DESC LIMIT ${maxNeighbours}`;
    const rows = this.#db
      .query<PartRow, [string, number, number]>(sql)
      .all(part.callId, part.startedMs - neighbourMs, part.startedMs + neighbourMs);
    // The oldest first, so that the rows of calls are mostly in the order in which calls began.
    return rows.toReversed().map((row) => this.#cached(row));
  }
}

function readDetails(text: string): PartDetails {
  const details: EventFields = objectOf({ details: parse(text) }, "details");
  return { ...details, pending: textOf(details, "pending") };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
