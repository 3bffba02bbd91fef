/**
 * A process whose files may not grow beyond a limit, as on a disk that is full: writes the history of calls
 * and the sound of one, in FOLDER, and says at its end what became of both.
 */
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { HistoryRecorder } from "../../src/history/history-recorder.ts";
import { CallRecorder } from "../../src/services/call-recorder.ts";
import type { RecordingNote } from "../../src/services/call-recording.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const folder = process.argv.at(-1) ?? "";
const memory = createMemoryLog(systemClock);
const { log } = memory;
const path = join(folder, "calls.sqlite");
const history = new HistoryRecorder({ path, clock: systemClock, log, isRunning: () => true });
for (let seq = 1; seq <= 3000; seq += 1) {
  const fields = { kind: "final", key: `2-${seq >> 4}`, callId: "2", text: "word ".repeat(100) };
  history.take({ service: "whisper", pid: 1, stream: "1-x", seq, fields });
}
const sound = await CallRecorder.open({
  folder: join(folder, "audio"),
  limitBytes: 1e9,
  keepMs: 1e9,
  clock: systemClock,
  log,
});
const notes: RecordingNote[] = [];
const recording = sound?.begin("2", (note) => notes.push(note));
const frame = new Float32Array(160).fill(0.1);
for (let second = 0; second < 60; second += 1) {
  for (let count = 0; count < 50; count += 1) {
    recording?.fromCaller(new Float32Array(320).fill(0.2));
    recording?.toCaller(frame, frame.length, 8000);
  }
  await recording?.settled();
}
recording?.finish();
await recording?.settled();
for (let tries = 0; tries < 500 && history.status().troubleSinceMs === null; tries += 1)
  await new Promise((resolve) => setTimeout(resolve, 10));
const status = history.status();
await sound?.close();
history.close();
process.stdout.write(JSON.stringify({ status, notes, sound: sound?.status(), log: memory.text() }));
