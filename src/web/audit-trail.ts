/**
 * Who did what: kept longer than log files are. Refused tries have a share of their own, so that nobody can
 * wash the deeds of others out by being refused often.
 */
import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { describeError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";

export interface Deed {
  /** What the route calls it: `service restart`. */
  readonly action: string;
  readonly target: string;
  readonly who: string;
  readonly role: string;
  /** `session`, `token`, `local` or `none`. */
  readonly by: string;
  readonly address: string;
  /** Of the answer. */
  readonly status: number;
}

export interface AuditEntry extends Deed {
  readonly id: number;
  /** Of the first, when the same came several times in a row. */
  readonly atMs: number;
  readonly lastMs: number;
  readonly times: number;
}

export interface AuditQuery {
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  /** Only entries that are older than that one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface AuditTrailOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const folderMode = 0o700;
const fileMode = 0o600;
const maxDone = 20_000;
const maxRefused = 5000;
/** The same refused try within so long is one entry that counts. */
const togetherMs = 60_000;
const maxCharacters = 200;
const pruneEvery = 50;

const schema = `
CREATE TABLE IF NOT EXISTS deeds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, atMs INTEGER NOT NULL, lastMs INTEGER NOT NULL,
  times INTEGER NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, who TEXT NOT NULL,
  role TEXT NOT NULL, "by" TEXT NOT NULL, address TEXT NOT NULL, status INTEGER NOT NULL,
  isRefused INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deedsByKind ON deeds (isRefused, id);
CREATE INDEX IF NOT EXISTS deedsByTry ON deeds (address, action, id) WHERE isRefused = 1;
`;

export class AuditTrail {
  readonly #options: AuditTrailOptions;
  #db: Database | undefined;
  #added = 0;

  /** Where it cannot be kept, the log says so and has the deeds all the same. */
  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#attempt(() => {
      const { path } = options;
      mkdirSync(dirname(path), { recursive: true, mode: folderMode });
      const db = new Database(path, { create: true, strict: true });
      chmodSync(path, fileMode);
      db.run("PRAGMA busy_timeout = 500");
      db.run("PRAGMA journal_mode = WAL");
      db.run("PRAGMA synchronous = NORMAL");
      db.run(schema);
      this.#db = db;
    });
  }

  get isKept(): boolean {
    return this.#db !== undefined;
  }

  add(deed: Deed): void {
    this.#attempt(() => {
      const isRefused = deed.status >= 400;
      if (isRefused && this.#countAgain(deed)) return;
      this.#insert(deed, isRefused);
      this.#added += 1;
      if (this.#added % pruneEvery === 1) this.#prune();
    });
  }

  /** The latest first. */
  list({ who, action, before, limit }: AuditQuery): readonly AuditEntry[] {
    const sql = `SELECT id, atMs, lastMs, times, action, target, who, role, "by", address, status
      FROM deeds WHERE id < ? AND (? = '' OR who = ?) AND (? = '' OR action = ?)
      ORDER BY id DESC LIMIT ?`;
    const [name, deed] = [who ?? "", action ?? ""];
    const from = before ?? Number.MAX_SAFE_INTEGER;
    const rows = this.#db
      ?.query<AuditEntry, [number, string, string, string, string, number]>(sql)
      .all(from, name, name, deed, deed, limit);
    return rows ?? [];
  }

  /** Of which there are entries, in alphabetical order. */
  names(column: "who" | "action"): readonly string[] {
    const sql = `SELECT DISTINCT ${column} AS name FROM deeds ORDER BY name LIMIT 200`;
    return (
      this.#db
        ?.query<{ name: string }, []>(sql)
        .all()
        .map(({ name }) => name) ?? []
    );
  }

  close(): void {
    this.#attempt(() => this.#db?.close());
    this.#db = undefined;
  }

  #countAgain({ action, target, who, address, status }: Deed): boolean {
    const nowMs = this.#options.clock.wallMs();
    const sql = `UPDATE deeds SET times = times + 1, lastMs = ? WHERE id = (
      SELECT id FROM deeds WHERE isRefused = 1 AND lastMs > ? AND action = ? AND target = ?
      AND who = ? AND address = ? AND status = ? ORDER BY id DESC LIMIT 1)`;
    const since = nowMs - togetherMs;
    const cut = [action, target, who, address].map(shortened);
    const [shortAction = "", shortTarget = "", shortWho = "", shortAddress = ""] = cut;
    const { changes } = this.#opened
      .query(sql)
      .run(nowMs, since, shortAction, shortTarget, shortWho, shortAddress, status);
    return changes > 0;
  }

  #insert({ action, target, who, role, by, address, status }: Deed, isRefused: boolean): void {
    const nowMs = this.#options.clock.wallMs();
    const sql = `INSERT INTO deeds
      (atMs, lastMs, times, action, target, who, role, "by", address, status, isRefused)
      VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const texts = [action, target, who, role, by, address].map(shortened);
    this.#opened.query(sql).run(nowMs, nowMs, ...texts, status, isRefused ? 1 : 0);
  }

  #prune(): void {
    const sql = `DELETE FROM deeds WHERE isRefused = ? AND id <= (
      SELECT id FROM deeds WHERE isRefused = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`;
    this.#opened.query(sql).run(0, 0, maxDone);
    this.#opened.query(sql).run(1, 1, maxRefused);
  }

  get #opened(): Database {
    if (this.#db === undefined) throw new Error("the audit log is not open");
    return this.#db;
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.log.warn("the audit log cannot be written; this log has it all the same", {
        reason: describeError(error),
      });
    }
  }
}

function shortened(text: string): string {
  return text.slice(0, maxCharacters).toWellFormed();
}
