/** Fills a history with calls by the hundred thousand, faster than services could tell them. */
import { systemClock } from "../../src/core/clock.ts";
import { CallRows } from "../../src/history/call-rows.ts";
import { openHistoryFile } from "../../src/history/history-file.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const firstMs = Date.UTC(2026, 0, 1, 9);
const minuteMs = 60_000;

/** A call a minute; each says `every`, and its number in words that are its own. */
export function fillWithCalls(path: string, count: number): void {
  const db = openHistoryFile({ path, clock: systemClock, log: createMemoryLog(systemClock).log });
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  const startMs = `${firstMs} + i * ${minuteMs}`;
  db.transaction(() => {
    db.run(`${numbers} INSERT INTO calls (id, key, service, callId, direction, line, remote, name,
        startedMs, answeredMs, endedMs, endedBy, utterances, turns, answerMs)
      SELECT i, 'sip/' || i, 'sip', '2', 'incoming', (i % 7) || '@pbx', '0301' || i, 'Caller ' || i,
        ${startMs}, ${startMs} + 1000, ${startMs} + 31000, 'peer', 1, 1, 640.5 FROM n`);
    db.run(`${numbers} INSERT INTO parts (id, call, service, stream, pid, key, callId, startedMs, lastMs, endedMs)
      SELECT i, i, 'llama', 'llama-1', 1, i, '2', ${startMs}, ${startMs}, ${startMs} + 31000 FROM n`);
    db.run(`${numbers} INSERT INTO turns (part, turn, atMs, question, answer, totalMs)
      SELECT i, 1, ${startMs} + 5000, 'every question ' || i || ' rare' || (i % 1000),
        'the answer to every question number ' || i, 640.5 FROM n`);
    const rows = new CallRows(db);
    while (rows.index(5000));
  })();
  db.close();
}
