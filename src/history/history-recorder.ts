/**
 * Writes what the services tell into the history. It never throws into its caller and never holds events
 * up: they wait here for a moment and are written together; while the disk refuses they wait longer, within
 * a bound, and what is beyond that is counted.
 */
import type { Database } from "bun:sqlite";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import { errnoOf } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { removeOne, type RemovalOutcome } from "./call-removal.ts";
import { EventApplier, type StreamEvent, type StreamPosition } from "./event-applier.ts";
import { isBrokenFile, openHistoryFile } from "./history-file.ts";
import { HistoryRetention, type RetentionLimits } from "./history-retention.ts";

export interface HistoryRecorderOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether that process of that service runs; of those that do not, open calls are closed as lost. */
  readonly isRunning: (service: string, pid: number) => boolean;
  /** Without it nothing is ever removed. */
  readonly limits?: RetentionLimits | undefined;
  /** Recordings of calls that are removed; never throws. */
  readonly removeAudio?: (path: string) => void;
  /** Another file system than the real one, for tests. */
  readonly open?: () => Database;
}

export interface HistoryRecorderStatus {
  readonly isOpen: boolean;
  readonly written: number;
  readonly waiting: number;
  /** Not written: too many waited for a disk that refused. */
  readonly dropped: number;
  /** Not written: no table took them. */
  readonly refused: number;
  /** Batches that the disk refused; their events waited. */
  readonly failures: number;
  readonly lastProblem: string | null;
  /** Wall clock: since then the disk has refused, and what is told waits; null when all is well. */
  readonly troubleSinceMs: number | null;
  readonly removedCalls: number;
  /** A broken file that was put aside by this process, and when. */
  readonly aside: { readonly file: string; readonly atMs: number } | null;
}

const batchMs = 250;
/** Of one turn of the event loop: some milliseconds. */
const batchEvents = 100;
/** Hours of a small exchange, some ten megabytes. */
const maxWaiting = 20_000;
const firstRetryMs = 1000;
const longestRetryMs = 30_000;
const sweepMs = 5000;
/** A service that left may have lost its connection only: its last events are waited for. */
const graceMs = 10_000;
const indexedAtOnce = 5;
const maxTaken = 500;

export class HistoryRecorder {
  readonly #options: HistoryRecorderOptions;
  readonly #repeated: RepeatedLog;
  readonly #sweeper: Timer;
  readonly #counts = { written: 0, dropped: 0, failures: 0, removedCalls: 0 };
  /** Last taken, written or not, by service and process. */
  readonly #taken = new Map<string, StreamPosition>();
  #waiting: StreamEvent[] = [];
  #db: Database | undefined;
  #applier: EventApplier | undefined;
  #retention: HistoryRetention | undefined;
  #timer: Timer | undefined;
  #retryMs = firstRetryMs;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #lastProblem: string | null = null;
  #troubleSinceMs: number | null = null;
  #aside: HistoryRecorderStatus["aside"] = null;
  #isClosed = false;

  constructor(options: HistoryRecorderOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#repeated = new RepeatedLog(log, clock);
    this.#sweeper = clock.every(sweepMs, () => this.#tidy());
    this.#attempt(() => undefined);
  }

  /** Returns at once. Events of one stream are given in order; those that were given before are skipped. */
  take(event: StreamEvent): void {
    if (this.#isClosed) return;
    const { service, pid, stream, seq } = event;
    const name = `${service}/${pid}`;
    const last = this.#taken.get(name);
    if (last?.stream === stream && seq <= last.seq) return;
    if (this.#taken.size >= maxTaken) this.#taken.clear();
    this.#taken.set(name, { stream, seq });
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting.shift();
      this.#counts.dropped += 1;
    }
    this.#waiting.push(event);
    this.#timer ??= this.#options.clock.after(batchMs, () => this.#flush());
  }

  /** Where to go on in the events of that process; undefined when none of them was ever taken. */
  since(service: string, pid: number): StreamPosition | undefined {
    const taken = this.#taken.get(`${service}/${pid}`);
    return taken ?? this.#attempt((applier) => applier.position(service, pid));
  }

  status(): HistoryRecorderStatus {
    return {
      isOpen: this.#applier !== undefined,
      waiting: this.#waiting.length,
      refused: this.#applier?.refused ?? 0,
      lastProblem: this.#lastProblem,
      troubleSinceMs: this.#troubleSinceMs,
      aside: this.#aside,
      ...this.#counts,
    };
  }

  /** A call with all that is known of it, and its recordings. Throws a WildfireError when the disk refuses. */
  remove(which: string | number): RemovalOutcome["kind"] {
    const { clock, removeAudio } = this.#options;
    const outcome = this.#attempt((applier, db) => {
      const removal = removeOne(db, which, clock.wallMs());
      applier.forget();
      return removal;
    });
    if (outcome === undefined) {
      const reason = this.#lastProblem ?? "there is none now";
      throw new WildfireError("state", `the history cannot be written: ${reason}`, {
        hint: "look at the space and the rights of its disk",
      });
    }
    if (outcome.kind === "removed") {
      for (const path of outcome.paths) removeAudio?.(path);
      this.#counts.removedCalls += 1;
    }
    return outcome.kind;
  }

  /** Writes what waits, if the disk takes it, and closes the file. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#sweeper.cancel();
    this.#retryAtMs = Number.NEGATIVE_INFINITY;
    let left = this.#waiting.length;
    while (left > 0 && this.#writeBatch()) left = this.#waiting.length;
    while (this.#attempt((applier) => applier.index(indexedAtOnce)) === true);
    this.#counts.dropped += this.#waiting.length;
    this.#waiting = [];
    this.#forget();
    this.#repeated.close();
  }

  #flush(): void {
    this.#timer = undefined;
    const isWritten = this.#writeBatch();
    if (this.#waiting.length === 0) return;
    // The rest waits for the next turn of the event loop, which has other things to do.
    const delayMs = isWritten
      ? 0
      : Math.max(batchMs, this.#retryAtMs - this.#options.clock.nowMs());
    this.#timer = this.#options.clock.after(delayMs, () => this.#flush());
  }

  /** False when the disk refused; then everything still waits. */
  #writeBatch(): boolean {
    const batch = this.#waiting.slice(0, batchEvents);
    const nowMs = this.#options.clock.wallMs();
    const isWritten = this.#attempt((applier) => {
      applier.apply(batch, nowMs);
      return true;
    });
    if (isWritten !== true) return false;
    this.#waiting.splice(0, batch.length);
    this.#counts.written += batch.length;
    this.#recover();
    return true;
  }

  #recover(): void {
    this.#retryMs = firstRetryMs;
    this.#lastProblem = null;
    this.#troubleSinceMs = null;
  }

  #tidy(): void {
    const { clock, isRunning } = this.#options;
    const nowMs = clock.wallMs();
    const isDone = this.#attempt((applier) => {
      const gone = new Set<string>();
      for (const { service, pid, stream, lastMs } of applier.openStreams()) {
        const isQuiet = nowMs - lastMs > graceMs;
        const isReplaced = (applier.position(service, pid)?.stream ?? stream) !== stream;
        if (isQuiet && (isReplaced || !isRunning(service, pid))) gone.add(stream);
      }
      applier.sweep(nowMs, (stream) => gone.has(stream));
      this.#index(applier);
      return true;
    });
    // Where something waits, only its being written shows that the disk takes it.
    if (isDone === true && this.#waiting.length === 0) this.#recover();
    this.#retain();
  }

  #index(applier: EventApplier): void {
    if (!applier.index(indexedAtOnce)) return;
    this.#options.clock.after(0, () => {
      if (!this.#isClosed) this.#attempt((now) => this.#index(now));
    });
  }

  #retain(): void {
    if (this.#isClosed) return;
    const removed = this.#attempt(() => this.#retention?.step(this.#options.clock.wallMs()));
    if (removed === undefined || removed === 0) return;
    this.#counts.removedCalls += removed;
    this.#applier?.forget();
    this.#options.clock.after(0, () => this.#retain());
  }

  /** Undefined when there is no history now, or the disk refused. */
  #attempt<Result>(action: (applier: EventApplier, db: Database) => Result): Result | undefined {
    const { clock } = this.#options;
    if (clock.nowMs() < this.#retryAtMs) return undefined;
    try {
      const { applier, db } = this.#opened();
      return action(applier, db);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #opened(): { readonly applier: EventApplier; readonly db: Database } {
    if (this.#applier !== undefined && this.#db !== undefined)
      return { applier: this.#applier, db: this.#db };
    const { open, limits, removeAudio, clock } = this.#options;
    const onAside = (file: string): void => {
      this.#aside = { file, atMs: clock.wallMs() };
    };
    const db = open === undefined ? openHistoryFile({ ...this.#options, onAside }) : open();
    this.#db = db;
    if (limits !== undefined) this.#retention = new HistoryRetention({ db, limits, removeAudio });
    this.#applier = new EventApplier(db);
    return { applier: this.#applier, db };
  }

  #fail(error: unknown): void {
    const { clock } = this.#options;
    this.#counts.failures += 1;
    this.#lastProblem = describeError(error);
    this.#troubleSinceMs ??= clock.wallMs();
    this.#retryAtMs = clock.nowMs() + this.#retryMs;
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    // Opened again it is checked, and begun anew where it is broken.
    if (isBrokenFile(error)) this.#forget();
    this.#repeated.say("error", "the history cannot be written; calls go on without it", () => ({
      reason: describeError(error),
      code: errnoOf(error),
      waiting: this.#waiting.length,
      advice: "look at the space and the rights of the disk that holds the history",
    }));
  }

  #forget(): void {
    const db = this.#db;
    this.#db = undefined;
    this.#applier = undefined;
    this.#retention = undefined;
    try {
      db?.close();
    } catch (error) {
      this.#options.log.debug("the history was not closed in order", {
        reason: describeError(error),
      });
    }
  }
}
