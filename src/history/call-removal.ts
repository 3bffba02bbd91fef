/** Removes a call with all that is known of it, and gives its space back. */
import type { Database } from "bun:sqlite";

/** Given back to the disk at once. */
const pagesAtOnce = 64;
/** Words that were removed are merged out of the index so many pages at a time. */
const indexPagesAtOnce = 16;

/** Within a transaction; returns the recordings of the call, whose files are removed after it. */
export function removeCall(db: Database, call: number): string[] {
  const parts = db.query<{ id: number }, [number]>("SELECT id FROM parts WHERE call = ?").all(call);
  const paths = parts.flatMap(({ id }) => removePart(db, id));
  db.query("DELETE FROM search WHERE rowid = ?").run(call);
  db.query("DELETE FROM calls WHERE id = ?").run(call);
  return paths;
}

function removePart(db: Database, part: number): string[] {
  const sql = "DELETE FROM audio WHERE part = ? RETURNING path";
  const audio = db.query<{ path: string }, [number]>(sql).all(part);
  for (const table of ["utterances", "turns", "events"]) {
    db.query(`DELETE FROM ${table} WHERE part = ?`).run(part);
  }
  db.query("DELETE FROM parts WHERE id = ?").run(part);
  return audio.map(({ path }) => path);
}

/** A little of what was removed: to be called again. */
export function giveBack(db: Database): void {
  db.query("INSERT INTO search (search, rank) VALUES ('merge', ?)").run(indexPagesAtOnce);
  db.run(`PRAGMA incremental_vacuum(${pagesAtOnce})`);
}

/** Why a call is still there, or which recordings are left to remove. */
export type RemovalOutcome =
  | { readonly kind: "removed"; readonly paths: readonly string[] }
  | { readonly kind: "unknown" }
  /** It goes on, or has just ended: what is still told of it would make it anew. */
  | { readonly kind: "too-early" };

/** As long as services tell of a call after its end, and some more. */
const settledMs = 15_000;

interface OneCall {
  readonly id: number;
  readonly endedMs: number | null;
}

/** By key or row. Throws the error of the disk; then everything is still there. */
export function removeOne(db: Database, which: string | number, nowMs: number): RemovalOutcome {
  const column = typeof which === "string" ? "key" : "id";
  const sql = `SELECT id, endedMs FROM calls WHERE ${column} = ?`;
  const outcome = db
    .transaction((): RemovalOutcome => {
      const call = db.query<OneCall, [string | number]>(sql).get(which);
      if (call === null) return { kind: "unknown" };
      if (call.endedMs === null || nowMs - call.endedMs < settledMs) return { kind: "too-early" };
      return { kind: "removed", paths: removeCall(db, call.id) };
    })
    .immediate();
  if (outcome.kind === "removed") giveBack(db);
  return outcome;
}
