/**
 * Who did what: kept longer than log files are. Refused tries have a share of their own, and so has what any
 * viewer may do, so that nobody can wash the deeds of others out by being refused or by looking often.
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
  /** Any viewer may do it. */
  readonly isForViewers?: boolean;
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
/** Each is pruned for itself; `id` is what `isRefused` holds. */
const shares = {
  done: { id: 0, max: 20_000 },
  refused: { id: 1, max: 5000 },
  viewers: { id: 2, max: 5000 },
} as const;
type Share = (typeof shares)[keyof typeof shares];
/** The same within so long is one entry that counts, but for deeds of those who may change something. */
const togetherMs = 60_000;
const maxCharacters = 200;
/** It names all settings that were changed at once. */
const maxTargetCharacters = 1000;
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
CREATE INDEX IF NOT EXISTS deedsByViewer ON deeds (address, action, id) WHERE isRefused = 2;
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
      const share = shareOf(deed);
      if (share !== shares.done && this.#countAgain(deed, share)) return;
      this.#insert(deed, share);
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

  #countAgain({ action, target, who, address, status }: Deed, share: Share): boolean {
    const nowMs = this.#options.clock.wallMs();
    const sql = `UPDATE deeds SET times = times + 1, lastMs = ? WHERE id = (
      SELECT id FROM deeds WHERE isRefused = ${share.id} AND lastMs > ? AND action = ? AND target = ?
      AND who = ? AND address = ? AND status = ? ORDER BY id DESC LIMIT 1)`;
    const since = nowMs - togetherMs;
    const texts = [shortened(action), shortenedTarget(target), shortened(who), shortened(address)];
    const { changes } = this.#opened.query(sql).run(nowMs, since, ...texts, status);
    return changes > 0;
  }

  #insert({ action, target, who, role, by, address, status }: Deed, { id }: Share): void {
    const nowMs = this.#options.clock.wallMs();
    const sql = `INSERT INTO deeds
      (atMs, lastMs, times, action, target, who, role, "by", address, status, isRefused)
      VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const rest = [who, role, by, address].map(shortened);
    const texts = [shortened(action), shortenedTarget(target), ...rest];
    this.#opened.query(sql).run(nowMs, nowMs, ...texts, status, id);
  }

  #prune(): void {
    const sql = `DELETE FROM deeds WHERE isRefused = ? AND id <= (
      SELECT id FROM deeds WHERE isRefused = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`;
    for (const { id, max } of Object.values(shares)) this.#opened.query(sql).run(id, id, max);
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

function shareOf({ status, isForViewers }: Deed): Share {
  if (status >= 400) return shares.refused;
  return isForViewers === true ? shares.viewers : shares.done;
}

function shortenedTarget(text: string): string {
  return text.slice(0, maxTargetCharacters).toWellFormed();
}

function shortened(text: string): string {
  return text.slice(0, maxCharacters).toWellFormed();
}
