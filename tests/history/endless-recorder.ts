/** A process that writes history until it is killed: `endless-recorder.ts FILE`; says how much was taken. */
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { HistoryRecorder } from "../../src/history/history-recorder.ts";

const path = process.argv.at(-1) ?? "";
const log = createLogger({ level: "error", clock: systemClock, sink: () => undefined });
const recorder = new HistoryRecorder({ path, clock: systemClock, log, isRunning: () => true });
let seq = recorder.since("whisper", 1)?.seq ?? 0;
systemClock.every(1, () => {
  for (let count = 0; count < 50; count += 1) {
    seq += 1;
    const fields = { kind: "final", key: `2-${seq >> 4}`, callId: "2", text: `text ${seq}` };
    recorder.take({ service: "whisper", pid: 1, stream: "1-x", seq, fields });
  }
  process.stdout.write(`${recorder.status().written}\n`);
});
