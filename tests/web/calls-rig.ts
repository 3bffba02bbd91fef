/** The web service over a history that was written before, as after a restart. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import type { StreamEvent } from "../../src/history/event-applier.ts";
import { HistoryRecorder } from "../../src/history/history-recorder.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { WebRig } from "./web-rig.ts";

export class CallsRig extends WebRig {
  readonly historyFolder = join(this.stateFolder, "history");
  readonly audioFolder = join(this.historyFolder, "audio");
  readonly historyFile = join(this.historyFolder, "calls.sqlite");

  /** Before the start; searchable at once. */
  fill(events: readonly StreamEvent[]): void {
    const { log } = createMemoryLog(systemClock);
    const path = this.historyFile;
    const recorder = new HistoryRecorder({ path, clock: systemClock, log, isRunning: () => true });
    for (const event of events) recorder.take(event);
    recorder.close();
  }

  /** A file where recorders put theirs; returns its path. */
  addRecording(number: number, bytes: Uint8Array): string {
    mkdirSync(this.audioFolder, { recursive: true, mode: 0o700 });
    const name = `20260101T090000000Z_2_${String(number).padStart(6, "0")}.wav`;
    const path = join(this.audioFolder, name);
    writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  }

  /** Returns its path. */
  async writeConfig(text: string): Promise<string> {
    const path = join(this.stateFolder, "wildfire.toml");
    await Bun.write(path, text, { mode: 0o600 });
    return path;
  }

  async page(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    return await (await this.get(path, headers)).text();
  }

  async remove(path: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    return await fetch(this.url + path.slice(1), { method: "DELETE", headers });
  }
}
