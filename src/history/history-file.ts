/** Opens the file of the history: checked, moved aside when it is broken, and brought up to date. */
import { Database, SQLiteError } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { migrate, requireKnownVersion } from "./schema.ts";

export interface HistoryFileOptions {
  /** Its folder is made where there is none. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told when a broken file was put aside, and as what. */
  readonly onAside?: (file: string) => void;
}

const busyLimitMs = 500;
const privateFolderMode = 0o700;
const privateFileMode = 0o600;
/** Of 4 KiB each, in the write-ahead log. */
const checkpointPages = 4000;
/** A write-ahead log that stays longer than this after a checkpoint is cut. */
const maxLogBytes = 4 * 1024 * 1024;

/** Throws what the disk or SQLite says when there can be no history now; a broken file is no reason. */
export function openHistoryFile(options: HistoryFileOptions): Database {
  const { path } = options;
  mkdirSync(dirname(path), { recursive: true, mode: privateFolderMode });
  try {
    return openChecked(path);
  } catch (error) {
    if (!isBrokenFile(error) || !existsSync(path)) throw error;
    moveAside(options, error);
    return openChecked(path);
  }
}

/** What is in the file cannot be believed any more. */
export function isBrokenFile(error: unknown): boolean {
  if (error instanceof BrokenHistory) return true;
  return error instanceof SQLiteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code ?? "");
}

class BrokenHistory extends Error {}

/** More statements than the history has: each is compiled once. */
const cachedStatements = 100;

function openChecked(path: string): Database {
  Database.MAX_QUERY_CACHE_SIZE = Math.max(Database.MAX_QUERY_CACHE_SIZE, cachedStatements);
  const db = new Database(path, { create: true, strict: true });
  try {
    chmodSync(path, privateFileMode);
    db.run(`PRAGMA busy_timeout = ${busyLimitMs}`);
    // First, since the check reads the whole file, and this is tried again and again.
    requireKnownVersion(db);
    // Before anything is written: what is moved aside is as it was found.
    const verdict = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
    if (verdict?.quick_check !== "ok")
      throw new BrokenHistory(verdict?.quick_check ?? "no verdict");
    const pages = db.query<{ page_count: number }, []>("PRAGMA page_count").get();
    // Only a new file takes it: what retention frees is given back to the disk.
    if (pages?.page_count === 0) db.run("PRAGMA auto_vacuum = INCREMENTAL");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    // What was said in a call that is removed does not stay in free pages.
    db.run("PRAGMA secure_delete = ON");
    // Whoever reads does it, on a thread of its own; here only when that falls behind.
    db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    db.run(`PRAGMA journal_size_limit = ${maxLogBytes}`);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function moveAside({ path, clock, log, onAside }: HistoryFileOptions, error: unknown): void {
  const stamp = new Date(clock.wallMs()).toISOString().replaceAll(/[-:.]/g, "");
  const aside = freeName(`${path}.broken-${stamp}`);
  // The log and the index of a database belong to it, and would spoil a new one.
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  log.error("the history is broken: it was moved aside, and a new one begins", {
    reason: describeError(error),
    file: aside,
    advice: "`sqlite3 FILE .recover` may get calls back out of it",
  });
  onAside?.(aside);
}

function freeName(path: string): string {
  let name = path;
  for (let number = 2; existsSync(name); number += 1) name = `${path}-${number}`;
  return name;
}
