/** The rows of calls, each made anew from the parts of its call, and what can be searched of them. */
import type { Database } from "bun:sqlite";
import { greetingTurn } from "./call-record.ts";
import { callKeyOf, type PartDetails } from "./part.ts";
import { type ToldUtterance, toldUtterances } from "./told-utterances.ts";

/** Words of one call that can be searched. */
const maxIndexedCharacters = 500_000;

interface MemberRow {
  readonly service: string;
  readonly stream: string;
  readonly key: string;
  readonly id: number;
  readonly callId: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly isStartTold: number;
  readonly details: string;
}

interface CountRow {
  readonly service: string;
  readonly count: number;
  readonly answerMs: number | null;
}

export class CallRows {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** To be called when parts of the call have changed; a call without any is removed. */
  refresh(call: number): void {
    const sql = "SELECT * FROM parts WHERE call = ? ORDER BY startedMs";
    const members = this.#db.query<MemberRow, [number]>(sql).all(call);
    const key = this.#db
      .query<{ key: string }, [number]>("SELECT key FROM calls WHERE id = ?")
      .get(call)?.key;
    const head = members.find((member) => callKeyOf(member) === key) ?? members[0];
    if (head === undefined) this.#remove(call);
    else this.#update(call, head, members);
  }

  /** Brings the words of some calls up to date; true when there may be more of them. */
  index(limit: number): boolean {
    const sql = "SELECT id FROM calls WHERE isIndexed = 0 ORDER BY id LIMIT ?";
    const rows = this.#db.query<{ id: number }, [number]>(sql).all(limit);
    for (const { id } of rows) {
      this.#db
        .query("INSERT OR REPLACE INTO search (rowid, text) VALUES (?, ?)")
        .run(id, this.#words(id));
      this.#db.query("UPDATE calls SET isIndexed = 1 WHERE id = ?").run(id);
    }
    return rows.length === limit;
  }

  #remove(call: number): void {
    this.#db.query("DELETE FROM calls WHERE id = ?").run(call);
    this.#db.query("DELETE FROM search WHERE rowid = ?").run(call);
  }

  #update(call: number, head: MemberRow, members: readonly MemberRow[]): void {
    const details = readDetails(head.details);
    const utterances = toldUtterances(this.#utterances(call)).length;
    const turns = best(this.#turnCounts(call), turnWitnesses);
    const startedMs = Math.min(...members.map((member) => member.startedMs));
    const sql = `UPDATE calls SET service = ?, callId = ?, startedMs = ?, endedMs = ?,
        direction = ?, line = ?, remote = ?, name = ?, answeredMs = ?, endedBy = ?, endReason = ?,
        status = ?, codec = ?, meanOpinionScore = ?, jitterMs = ?, lossFraction = ?,
        language = ?, utterances = ?, turns = ?, answerMs = ?, isIndexed = 0
      WHERE id = ?`;
    const { service, callId, endedMs } = head;
    const values = [
      [service, callId, startedMs, endedMs],
      phoneColumns(details),
      [this.#language(call), utterances, turns?.count ?? 0],
      [turns?.answerMs ?? null, call],
    ];
    this.#db.query(sql).run(...values.flat());
  }

  #utterances(call: number): ToldUtterance[] {
    const sql = `SELECT p.service, u.atMs, u.text FROM parts p JOIN utterances u ON u.part = p.id
      WHERE p.call = ? AND u.text <> '' ORDER BY u.atMs`;
    return this.#db.query<ToldUtterance, [number]>(sql).all(call);
  }

  /** The greeting is a turn to be shown, and no answer to anything. */
  #turnCounts(call: number): CountRow[] {
    const sql = `SELECT p.service, count(*) FILTER (WHERE t.turn <> ${greetingTurn}) AS count,
        avg(t.totalMs) FILTER (WHERE t.turn <> ${greetingTurn}) AS answerMs
      FROM parts p JOIN turns t ON t.part = p.id WHERE p.call = ? GROUP BY p.service`;
    return this.#db.query<CountRow, [number]>(sql).all(call);
  }

  #language(call: number): string {
    const sql = `SELECT u.language FROM parts p JOIN utterances u ON u.part = p.id
      WHERE p.call = ? AND u.language <> ''
      GROUP BY u.language ORDER BY count(*) DESC, u.language LIMIT 1`;
    return this.#db.query<{ language: string }, [number]>(sql).get(call)?.language ?? "";
  }

  #words(call: number): string {
    const answered = `SELECT p.service, t.question || ' ' || t.answer AS text
      FROM parts p JOIN turns t ON t.part = p.id WHERE p.call = ? ORDER BY t.atMs`;
    const texts = [
      ...toldUtterances(this.#utterances(call)).map(({ text }) => text),
      ...witnessed(this.#texts(answered, call), turnWitnesses),
    ];
    return texts.join("\n").slice(0, maxIndexedCharacters);
  }

  #texts(sql: string, call: number): TextRow[] {
    return this.#db.query<TextRow, [number]>(sql).all(call);
  }
}

interface TextRow {
  readonly service: string;
  readonly text: string;
}

/** Several services tell the same words: the first one here that tells any is believed. */
export const turnWitnesses = ["llama", "kokoro"];

function best<Row extends { readonly service: string }>(
  rows: readonly Row[],
  witnesses: readonly string[],
): Row | undefined {
  const service = witnesses.find((name) => rows.some((row) => row.service === name));
  return rows.find((row) => row.service === service);
}

function witnessed(rows: readonly TextRow[], witnesses: readonly string[]): string[] {
  const service = best(rows, witnesses)?.service;
  return rows.filter((row) => row.service === service).map((row) => row.text);
}

/** Columns that a telephone fills, in the order of the statement, and what stands there without one. */
const phoneDefaults: Readonly<Partial<Record<keyof PartDetails, string | null>>> = {
  direction: "",
  line: "",
  remote: "",
  name: "",
  answeredMs: null,
  endedBy: "",
  endReason: "",
  status: null,
  codec: "",
  meanOpinionScore: null,
  jitterMs: null,
  lossFraction: null,
};

function phoneColumns(details: PartDetails): (string | number | null)[] {
  const told = new Map<string, unknown>(Object.entries(details));
  return Object.entries(phoneDefaults).map(([name, missing]) => {
    const value = told.get(name);
    return typeof value === "string" || typeof value === "number" ? value : missing;
  });
}

function readDetails(text: string): PartDetails {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
