/** Removes the oldest calls, a few at a time, until the history is as short and as small as it is to be. */
import type { Database } from "bun:sqlite";
import { giveBack, removeCall } from "./call-removal.ts";

export interface RetentionLimits {
  /** Calls that began longer ago than this are removed. */
  readonly days: number;
  /** Of the file and of the recordings that it names, together. */
  readonly bytes: number;
}

export interface HistoryRetentionOptions {
  readonly db: Database;
  readonly limits: RetentionLimits;
  /** Removes a recording's file; never throws. */
  readonly removeAudio?: ((path: string) => void) | undefined;
}

const dayMs = 24 * 3600 * 1000;
/** Of one turn of the event loop: some milliseconds. */
const callsAtOnce = 10;
const eventsAtOnce = 200;

export class HistoryRetention {
  readonly #options: HistoryRetentionOptions;

  constructor(options: HistoryRetentionOptions) {
    this.#options = options;
  }

  /** Calls that were removed; after 0 there is nothing left to do for now. Throws the error of the disk. */
  step(nowMs: number): number {
    const { db, limits } = this.#options;
    const cutoffMs = nowMs - limits.days * dayMs;
    const isTooLarge = this.bytes() > limits.bytes;
    const calls = this.#oldest(isTooLarge ? Number.MAX_SAFE_INTEGER : cutoffMs);
    const paths = db
      .transaction(() => {
        const sql = `DELETE FROM events WHERE id IN
          (SELECT id FROM events WHERE part IS NULL AND atMs < ? LIMIT ${eventsAtOnce})`;
        db.query(sql).run(cutoffMs);
        db.query("DELETE FROM streams WHERE lastMs < ?").run(cutoffMs);
        return calls.flatMap((call) => removeCall(db, call));
      })
      .immediate();
    for (const path of paths) this.#options.removeAudio?.(path);
    if (calls.length > 0) giveBack(db);
    return calls.length;
  }

  /** Of what is kept: pages in use, and recordings. */
  bytes(): number {
    const { db } = this.#options;
    const sql = `SELECT (SELECT page_count FROM pragma_page_count()) AS pages,
      (SELECT freelist_count FROM pragma_freelist_count()) AS free,
      (SELECT page_size FROM pragma_page_size()) AS size,
      (SELECT audioBytes FROM totals) AS audio`;
    const row = db.query<Sizes, []>(sql).get();
    return row === null ? 0 : (row.pages - row.free) * row.size + row.audio;
  }

  /** A call that is on is not taken from under the events that are still to come. */
  #oldest(beforeMs: number): number[] {
    const sql = `SELECT id FROM calls WHERE startedMs < ? AND endedMs IS NOT NULL ORDER BY startedMs, id LIMIT ${callsAtOnce}`;
    const rows = this.#options.db.query<{ id: number }, [number]>(sql).all(beforeMs);
    return rows.map(({ id }) => id);
  }
}

interface Sizes {
  readonly pages: number;
  readonly free: number;
  readonly size: number;
  readonly audio: number;
}
