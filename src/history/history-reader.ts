/** Reads the history: lists and searches calls page by page, and gets one call with all that is known. */
import { Database } from "bun:sqlite";
import { turnWitnesses, utteranceWitnesses } from "./call-rows.ts";
import type {
  AudioRecord,
  CallEventRecord,
  CallPartRecord,
  CallRecord,
  CallSummary,
  TurnRecord,
  UtteranceRecord,
} from "./call-record.ts";
import { searchExpression } from "./search-expression.ts";

export interface CallFilter {
  /** Words that were said or answered; all of them, the last one may be incomplete. */
  readonly text?: string | undefined;
  /** Part of a number or a name of the other side. */
  readonly remote?: string | undefined;
  readonly line?: string | undefined;
  /** Calls that began then or later. */
  readonly fromMs?: number | undefined;
  /** Calls that began before. */
  readonly beforeMs?: number | undefined;
}

/** Opaque to readers; as the page before gave it. */
export interface PageMark {
  readonly startedMs: number;
  readonly id: number;
}

export interface CallPage {
  /** Latest first. */
  readonly calls: readonly CallSummary[];
  /** Undefined on the last page. */
  readonly next: PageMark | undefined;
}

export interface CallPageQuery {
  readonly filter: CallFilter;
  /** At most 500. */
  readonly limit: number;
  readonly after?: PageMark | undefined;
}

const maxPageCalls = 500;
const busyLimitMs = 500;
/** Of one call; what is beyond is not read. */
const maxRows = 5000;
const summaryColumns = `c.id, c.key, c.service, c.callId, c.direction, c.line, c.remote, c.name,
  c.language, c.startedMs, c.answeredMs, c.endedMs, c.endedBy, c.endReason, c.status, c.codec,
  c.meanOpinionScore, c.jitterMs, c.lossFraction, c.utterances, c.turns, c.answerMs`;

type Value = string | number;

export class HistoryReader {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A connection of its own beside the one that writes; throws where there is no history yet. */
  static open(path: string): HistoryReader {
    const db = new Database(path, { readwrite: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${busyLimitMs}`);
    return new HistoryReader(db);
  }

  close(): void {
    this.#db.close();
  }

  /** Brings what was written into the file itself; waits for the disk, and for nobody else. */
  checkpoint(): void {
    this.#db.run("PRAGMA wal_checkpoint(PASSIVE)");
  }

  page({ filter, limit, after }: CallPageQuery): CallPage {
    const count = Math.min(Math.max(1, Math.floor(limit)), maxPageCalls);
    const expression = filter.text === undefined ? "" : searchExpression(filter.text);
    if (filter.text !== undefined && filter.text.trim() !== "" && expression === "") {
      return { calls: [], next: undefined };
    }
    const { sql, values } =
      expression === "" ? listing(filter, after) : matching(filter, expression, after);
    const rows = this.#db.query<CallSummary, Value[]>(`${sql} LIMIT ?`).all(...values, count + 1);
    const calls = rows.slice(0, count);
    const last = calls.at(-1);
    const hasMore = rows.length > count && last !== undefined;
    return { calls, next: hasMore ? { startedMs: last.startedMs, id: last.id } : undefined };
  }

  /** By its key or its row; undefined when there is no such call. */
  call(which: string | number): CallRecord | undefined {
    const column = typeof which === "string" ? "key" : "id";
    const sql = `SELECT ${summaryColumns} FROM calls c WHERE c.${column} = ?`;
    const summary = this.#db.query<CallSummary, [Value]>(sql).get(which);
    if (summary === null) return undefined;
    const { id } = summary;
    return {
      ...summary,
      parts: this.#rows<CallPartRecord>(partsSql, id),
      heard: this.#witnessed<UtteranceRecord>(utterancesSql, id, utteranceWitnesses),
      said: this.#witnessed<TurnRecord>(turnsSql, id, turnWitnesses),
      events: this.#rows<CallEventRecord>(eventsSql, id),
      audio: this.#rows<AudioRecord>(audioSql, id),
    };
  }

  /** Lines that there are calls of. */
  lines(): readonly string[] {
    const sql = "SELECT DISTINCT line FROM calls WHERE line <> '' ORDER BY line LIMIT 200";
    return this.#db
      .query<{ line: string }, []>(sql)
      .all()
      .map(({ line }) => line);
  }

  #rows<Row>(sql: string, call: number): Row[] {
    return this.#db.query<Row, [number]>(sql).all(call);
  }

  #witnessed<Row extends { readonly service: string }>(
    sql: string,
    call: number,
    witnesses: readonly string[],
  ): Row[] {
    const rows = this.#rows<Row>(sql, call);
    const service = witnesses.find((name) => rows.some((row) => row.service === name));
    return rows.filter((row) => row.service === service);
  }
}

interface Selection {
  readonly sql: string;
  readonly values: Value[];
}

function listing(filter: CallFilter, after: PageMark | undefined): Selection {
  const { conditions, values } = narrowing(filter);
  if (after !== undefined) {
    conditions.push("(c.startedMs, c.id) < (?, ?)");
    values.push(after.startedMs, after.id);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const sql = `SELECT ${summaryColumns} FROM calls c ${where} ORDER BY c.startedMs DESC, c.id DESC`;
  return { sql, values };
}

/** In the order of the rows, which is that of beginning but for what was told late: no sorting of all hits. */
function matching(filter: CallFilter, expression: string, after: PageMark | undefined): Selection {
  const { conditions, values } = narrowing(filter);
  const own = ["s.search MATCH ?"];
  const ownValues: Value[] = [expression];
  if (after !== undefined) {
    own.push("s.rowid < ?");
    ownValues.push(after.id);
  }
  for (const [condition, bound, ms] of rowBounds(filter)) {
    own.push(`s.rowid ${condition} (${bound})`);
    ownValues.push(ms);
  }
  const sql = `SELECT ${summaryColumns} FROM search s CROSS JOIN calls c ON c.id = s.rowid
    WHERE ${[...own, ...conditions].join(" AND ")} ORDER BY s.rowid DESC`;
  return { sql, values: [...ownValues, ...values] };
}

/** Rows outside these cannot be of that time, so that hits of other times are not looked at. */
function rowBounds({ fromMs, beforeMs }: CallFilter): [string, string, number][] {
  const bounds: [string, string, number][] = [];
  const lowest = "SELECT coalesce(min(id), 0) FROM calls WHERE startedMs >= ?";
  const highest = "SELECT coalesce(max(id), 0) FROM calls WHERE startedMs < ?";
  if (fromMs !== undefined) bounds.push([">=", lowest, fromMs]);
  if (beforeMs !== undefined) bounds.push(["<=", highest, beforeMs]);
  return bounds;
}

function narrowing(filter: CallFilter): { conditions: string[]; values: Value[] } {
  const conditions: string[] = [];
  const values: Value[] = [];
  const { remote = "", line, fromMs, beforeMs } = filter;
  if (remote.trim() !== "") {
    conditions.push("(c.remote LIKE ? ESCAPE '\\' OR c.name LIKE ? ESCAPE '\\')");
    const pattern = `%${remote.trim().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    values.push(pattern, pattern);
  }
  if (line !== undefined) {
    conditions.push("c.line = ?");
    values.push(line);
  }
  if (fromMs !== undefined) {
    conditions.push("c.startedMs >= ?");
    values.push(fromMs);
  }
  if (beforeMs !== undefined) {
    conditions.push("c.startedMs < ?");
    values.push(beforeMs);
  }
  return { conditions, values };
}

const partsSql = `SELECT service, pid, key, startedMs, endedMs FROM parts WHERE call = ?
  ORDER BY startedMs, id LIMIT ${maxRows}`;

const utterancesSql = `SELECT p.service, u.atMs, u.startMs, u.endMs, u.text, u.language,
    u.averageLogProbability, u.noSpeechProbability, u.speechProbability, u.silenceMs, u.textMs,
    u.queuedMs, u.decodeMs, u.error, u.invention
  FROM parts p JOIN utterances u ON u.part = p.id WHERE p.call = ?
  ORDER BY u.atMs, p.startedMs, u.seq LIMIT ${maxRows}`;

/** Interrupted: the model was stopped, or the caller spoke before all was heard. */
const turnsSql = `SELECT p.service, t.turn, t.atMs, t.question, t.answer, t.heardCharacters,
    t.isAllHeard,
    (t.isInterrupted OR t.outcome = 'cancelled' OR (t.heardCharacters IS NOT NULL AND NOT t.isAllHeard
      AND EXISTS (SELECT 1 FROM turns n WHERE n.part = t.part AND n.turn > t.turn))) AS isInterrupted,
    t.outcome, t.rounds, t.tokens, t.tokensPerSecond, t.modelMs, t.cancelMs, t.silenceMs,
    t.recognitionMs, t.gatherMs, t.firstTokenMs, t.clauseMs, t.voiceMs, t.lineMs, t.totalMs
  FROM parts p JOIN turns t ON t.part = p.id WHERE p.call = ?
  ORDER BY p.startedMs, p.id, t.turn LIMIT ${maxRows}`;

const eventsSql = `SELECT e.atMs, e.service, e.kind, e.fields
  FROM parts p JOIN events e ON e.part = p.id WHERE p.call = ?
  ORDER BY e.atMs, e.service, e.seq LIMIT ${maxRows}`;

const audioSql = `SELECT a.atMs, a.path, a.bytes
  FROM parts p JOIN audio a ON a.part = p.id WHERE p.call = ? ORDER BY a.atMs, a.path LIMIT ${maxRows}`;
