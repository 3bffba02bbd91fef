/** A recorder over a file of its own, on a clock that stands still. */
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallRecord } from "../../src/history/call-record.ts";
import type { StreamEvent } from "../../src/history/event-applier.ts";
import { HistoryReader } from "../../src/history/history-reader.ts";
import {
  HistoryRecorder,
  type HistoryRecorderOptions,
} from "../../src/history/history-recorder.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

export class HistoryRig {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-history-"));
  readonly path = join(this.folder, "history.db");
  clock = new FakeClock();
  readonly memory = createMemoryLog(this.clock);
  /** Processes that are gone. */
  readonly gone = new Set<number>();
  recorder: HistoryRecorder;

  constructor(options: Partial<HistoryRecorderOptions> = {}) {
    this.recorder = this.open(options);
  }

  open(options: Partial<HistoryRecorderOptions> = {}): HistoryRecorder {
    const { path, clock, memory, gone } = this;
    const isRunning = (_service: string, pid: number): boolean => !gone.has(pid);
    this.recorder = new HistoryRecorder({ path, clock, log: memory.log, isRunning, ...options });
    return this.recorder;
  }

  /** Nothing of the recorder runs any more, and another one begins. */
  killAndOpen(options: Partial<HistoryRecorderOptions> = {}): void {
    this.clock = new FakeClock();
    this.open(options);
  }

  take(events: readonly StreamEvent[]): void {
    for (const event of events) this.recorder.take(event);
  }

  /** Lets everything be written that waits, some of it in several turns. */
  settle(): void {
    this.clock.advance(300);
    while (this.recorder.status().waiting > 0 && this.recorder.status().isOpen)
      this.clock.advance(1);
  }

  read<Result>(action: (reader: HistoryReader) => Result): Result {
    const reader = HistoryReader.open(this.path);
    try {
      return action(reader);
    } finally {
      reader.close();
    }
  }

  calls(): CallRecord[] {
    return this.read((reader) => {
      const { calls } = reader.page({ filter: {}, limit: 500 });
      return calls.flatMap(({ id }) => reader.call(id) ?? []).toReversed();
    });
  }

  query(sql: string): unknown[] {
    const db = new Database(this.path, { readonly: true });
    try {
      return db.query(sql).all();
    } finally {
      db.close();
    }
  }

  close(): void {
    this.recorder.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
