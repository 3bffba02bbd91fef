import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { newServices, scriptCall, startMs, streamsOf } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

let rig: HistoryRig;

afterEach(() => rig.close());

/** As the first version made it: without what later ones have added. */
function makeOld(path: string): void {
  const db = new Database(path);
  db.run("DROP TRIGGER audioGrown");
  for (const column of ["startedMs", "durationMs", "problem"])
    db.run(`ALTER TABLE audio DROP COLUMN ${column}`);
  db.run("PRAGMA user_version = 1");
  db.close();
}

test("a file of the first version is brought up to date, with all that is in it", () => {
  rig = new HistoryRig();
  const services = newServices();
  scriptCall(services, { number: 1, callId: "2", atMs: startMs, turns: 2 });
  services.sip.tell(startMs + 99, "recorded", { key: "1", path: "/audio/1.wav", bytes: 300 });
  for (const { events } of streamsOf(services)) rig.take(events);
  rig.settle();
  rig.recorder.close();
  makeOld(rig.path);
  rig.open();
  expect(rig.query("PRAGMA user_version")).toEqual([{ user_version: 2 }]);
  expect(rig.calls()).toMatchObject([
    { remote: "551", turns: 2, audio: [{ bytes: 300, startedMs: null, problem: "" }] },
  ]);
  const more = newServices(900);
  more.sip.tell(startMs + 500_000, "recorded", { key: "7", path: "/audio/7.wav", bytes: 0 });
  more.sip.tell(startMs + 500_001, "recorded", { key: "7", path: "/audio/7.wav", bytes: 50 });
  rig.take(more.sip.events);
  rig.settle();
  expect(rig.query("SELECT audioBytes FROM totals")).toEqual([{ audioBytes: 350 }]);
});
