/** Opens the file in which webhooks wait: private, checked, and moved aside when it is broken. */
import { Database, SQLiteError } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

const schemaVersion = 1;
const schema = `
CREATE TABLE receivers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, addedMs INTEGER NOT NULL,
  goneMs INTEGER, delivered INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, lane TEXT NOT NULL,
  atMs INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE deliveries (
  receiver INTEGER NOT NULL, message INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (receiver, message)
) WITHOUT ROWID;
CREATE INDEX deliveriesOfMessage ON deliveries (message);
CREATE TABLE positions (
  stream TEXT PRIMARY KEY, seq INTEGER NOT NULL, lastMs INTEGER NOT NULL
) WITHOUT ROWID;
`;

const busyLimitMs = 500;
const folderMode = 0o700;
const fileMode = 0o600;
const maxLogBytes = 4 * 1024 * 1024;

/** Throws what the disk or SQLite says when there can be no file now. */
export function openSpoolFile(path: string, log: Logger): Database {
  mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  try {
    return openChecked(path);
  } catch (error) {
    if (!isBrokenSpool(error) || !existsSync(path)) throw error;
    moveAside(path, log, error);
    return openChecked(path);
  }
}

/** Nobody is to be told any more: bodies are private, and none may go out later. Throws as above. */
export function removeSpoolFile(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

/** What is in the file cannot be believed any more. */
export function isBrokenSpool(error: unknown): boolean {
  if (error instanceof BrokenSpool) return true;
  return error instanceof SQLiteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code ?? "");
}

class BrokenSpool extends Error {}

function openChecked(path: string): Database {
  const db = new Database(path, { create: true, strict: true });
  try {
    chmodSync(path, fileMode);
    db.run(`PRAGMA busy_timeout = ${busyLimitMs}`);
    const verdict = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
    if (verdict?.quick_check !== "ok") throw new BrokenSpool("its check failed");
    const version = db.query<{ user_version: number }, []>("PRAGMA user_version").get();
    if (version?.user_version === 0) {
      // What was delivered leaves no hole in the disk.
      db.run("PRAGMA auto_vacuum = FULL");
      db.run("PRAGMA journal_mode = WAL");
      db.transaction(() => {
        db.run(schema);
        db.run(`PRAGMA user_version = ${schemaVersion}`);
      }).immediate();
    } else if (version?.user_version !== schemaVersion) {
      throw new BrokenSpool(`it is of version ${version?.user_version}`);
    }
    db.run("PRAGMA synchronous = NORMAL");
    db.run(`PRAGMA journal_size_limit = ${maxLogBytes}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** One is kept to look at. */
function moveAside(path: string, log: Logger, error: unknown): void {
  const aside = `${path}.broken`;
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(aside + suffix, { force: true });
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  log.error("the webhooks that waited cannot be read: they were moved aside", {
    reason: describeError(error),
    file: aside,
  });
}
