/** Reads the history: lists and searches calls page by page, and gets one call with all that is known. */
import { Database } from "bun:sqlite";
import { turnWitnesses } from "./call-rows.ts";
import type {
  AudioRecord,
  CallEventRecord,
  CallPartRecord,
  CallRecord,
  CallSummary,
  TurnRecord,
  UtteranceRecord,
} from "./call-record.ts";
import {
  type CallFilter,
  type PageMark,
  type PagePlace,
  selectByTime,
  selectByWords,
} from "./call-selection.ts";
import { snippetOf, type TextPiece } from "./found-words.ts";
import { searchExpression, type SearchTerm, searchTerms } from "./search-expression.ts";
import { toldUtterances } from "./told-utterances.ts";

/** A call of a list; with the words around what was searched for, where that was asked for. */
export interface FoundCall extends CallSummary {
  readonly snippet?: readonly TextPiece[];
}

export interface CallPage {
  /** Latest first. */
  readonly calls: readonly FoundCall[];
  /** Where the older ones begin; undefined on the last page. */
  readonly next: PageMark | undefined;
  /** Where the newer ones end; undefined on the first page. */
  readonly previous: PageMark | undefined;
}

export interface CallPageQuery {
  readonly filter: CallFilter;
  /** At most 500. */
  readonly limit: number;
  /** `next` of a page. */
  readonly after?: PageMark | undefined;
  /** `previous` of a page; counts when there is no `after`. */
  readonly newerThan?: PageMark | undefined;
  readonly hasSnippets?: boolean;
}

const nothingFound: CallPage = { calls: [], next: undefined, previous: undefined };
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

  page(query: CallPageQuery): CallPage {
    const { filter, limit } = query;
    const count = Math.min(Math.max(1, Math.floor(limit)), maxPageCalls);
    const terms = searchTerms(filter.text ?? "");
    if (filter.text !== undefined && filter.text.trim() !== "" && terms.length === 0)
      return nothingFound;
    const place = placeOf(query);
    const { sql, values } =
      terms.length === 0
        ? selectByTime(filter, place)
        : selectByWords({ filter, expression: searchExpression(filter.text ?? ""), place });
    const rows = this.#db
      .query<CallSummary, Value[]>(`SELECT ${summaryColumns} ${sql} LIMIT ?`)
      .all(...values, count + 1);
    const page = pageOf(rows, count, place);
    if (query.hasSnippets !== true || terms.length === 0) return page;
    return { ...page, calls: page.calls.map((call) => this.#withSnippet(call, terms)) };
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
      heard: toldUtterances(this.#rows<UtteranceRecord>(utterancesSql, id)),
      said: this.#turns(id),
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

  #withSnippet(call: CallSummary, terms: readonly SearchTerm[]): FoundCall {
    const snippet = snippetOf(this.#texts(call.id), terms);
    return snippet === undefined ? call : { ...call, snippet };
  }

  /** What was said, one text after the other. */
  *#texts(call: number): Generator<string> {
    const heard = toldUtterances(this.#rows<UtteranceRecord>(utterancesSql, call));
    for (const { text } of heard) yield text;
    for (const { question, answer } of this.#turns(call)) {
      yield answer;
      yield question;
    }
  }

  #rows<Row>(sql: string, call: number): Row[] {
    return this.#db.query<Row, [number]>(sql).all(call);
  }

  #turns(call: number): TurnRecord[] {
    const rows = this.#rows<TurnRecord>(turnsSql, call);
    const service = turnWitnesses.find((name) => rows.some((row) => row.service === name));
    return rows.filter((row) => row.service === service);
  }
}

function placeOf({ after, newerThan }: CallPageQuery): PagePlace {
  if (after !== undefined) return { kind: "older", than: after };
  return newerThan === undefined ? { kind: "first" } : { kind: "newer", than: newerThan };
}

/** `rows`: one more than a page has, where there are so many. */
function pageOf(rows: readonly CallSummary[], count: number, place: PagePlace): CallPage {
  const hasMore = rows.length > count;
  const isNewer = place.kind === "newer";
  const calls = isNewer ? rows.slice(0, count).toReversed() : rows.slice(0, count);
  const [first, last] = [calls[0], calls.at(-1)];
  if (first === undefined || last === undefined) return nothingFound;
  // What a page was asked to lie beside is beside it.
  const hasNext = isNewer || hasMore;
  const hasPrevious = place.kind === "older" || (isNewer && hasMore);
  return {
    calls,
    next: hasNext ? markOf(last) : undefined,
    previous: hasPrevious ? markOf(first) : undefined,
  };
}

function markOf({ startedMs, id }: CallSummary): PageMark {
  return { startedMs, id };
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

const audioSql = `SELECT a.atMs, a.path, a.bytes, a.startedMs, a.durationMs, a.problem
  FROM parts p JOIN audio a ON a.part = p.id WHERE p.call = ? ORDER BY a.atMs, a.path LIMIT ${maxRows}`;
