import { afterEach, beforeEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { newServices, scriptCall, streamsOf } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

const removed: string[] = [];
let rig: HistoryRig;

beforeEach(() => {
  removed.length = 0;
  rig = new HistoryRig({ removeAudio: (path) => void removed.push(path) });
});

afterEach(() => rig.close());

/** Three calls of the last minutes, each with a recording. */
function fill(): void {
  const services = newServices();
  for (let number = 1; number <= 3; number += 1) {
    const atMs = rig.clock.wallMs() - (4 - number) * 60_000;
    const word = ["apricot", "blueberry", "clementine"][number - 1] ?? "";
    scriptCall(services, {
      number,
      callId: String(2 * number),
      atMs,
      turns: 1,
      question: () => `a ${word} please`,
    });
    const path = `/audio/${number}.wav`;
    services.sip.tell(atMs + 11_000, "recorded", { key: String(number), path, bytes: 500 });
  }
  for (const { events } of streamsOf(services)) rig.take(events);
  rig.settle();
  rig.clock.advance(10_000);
}

const counts = (): unknown =>
  rig.query(`SELECT (SELECT count(*) FROM calls) AS calls, (SELECT count(*) FROM parts) AS parts,
    (SELECT count(*) FROM turns) AS turns, (SELECT count(*) FROM utterances) AS utterances,
    (SELECT count(*) FROM audio) AS audio, (SELECT audioBytes FROM totals) AS bytes`)[0];

test("one call goes with all that is known of it and its recording, and the others stay", () => {
  fill();
  expect(counts()).toMatchObject({ calls: 3, parts: 12, audio: 3, bytes: 1500 });
  const id = rig.calls().find(({ remote }) => remote === "552")?.id ?? -1;
  expect(rig.recorder.remove(id)).toBe("removed");
  expect(removed).toEqual(["/audio/2.wav"]);
  expect(counts()).toMatchObject({ calls: 2, parts: 8, audio: 2, bytes: 1000 });
  const found = rig.read(
    (reader) => reader.page({ filter: { text: "blueberry" }, limit: 10 }).calls.length,
  );
  expect(found).toBe(0);
  expect(rig.recorder.remove(id)).toBe("unknown");
  expect(rig.recorder.remove("sip-100/1")).toBe("removed");
  expect(rig.calls().map(({ remote }) => remote)).toEqual(["553"]);
});

test("what was said in it is not left in the file", () => {
  fill();
  const id = rig.calls().find(({ remote }) => remote === "552")?.id ?? -1;
  rig.recorder.remove(id);
  rig.recorder.close();
  const db = new Database(rig.path);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const text = readFileSync(rig.path).toString("latin1");
  expect(text).toContain("a apricot please");
  expect(text).not.toContain("a blueberry please");
});

test("a call that goes on, or has just ended, is not removed from under its events", () => {
  const { sip } = newServices();
  const atMs = rig.clock.wallMs() - 10_000;
  scriptCall({ sip }, { number: 1, callId: "2", atMs, turns: 1 });
  rig.take(sip.events.slice(0, -1));
  rig.settle();
  const id = rig.calls()[0]?.id ?? -1;
  expect(rig.recorder.remove(id)).toBe("too-early");
  rig.take(sip.events.slice(-1));
  rig.settle();
  expect(rig.recorder.remove(id)).toBe("too-early");
  rig.clock.advance(20_000);
  expect(rig.recorder.remove(id)).toBe("removed");
});

test("a disk that refuses is said, and the call is still there", () => {
  fill();
  rig.recorder.close();
  rig.open({ open: () => new Database(rig.path, { readonly: true, strict: true }) });
  expect(() => rig.recorder.remove(1)).toThrow(/cannot be written: .*readonly/);
  expect(rig.calls()).toHaveLength(3);
  expect(removed).toEqual([]);
});

test("a recording is told when it begins and when it is whole, and counts once", () => {
  const { sip } = newServices();
  const atMs = rig.clock.wallMs();
  const note = { key: "1", path: "/audio/1.wav", startedMs: atMs, problem: "" };
  sip.tell(atMs, "ringing", { key: "1" });
  sip.tell(atMs, "recorded", { ...note, bytes: 0, durationMs: 0 });
  sip.tell(atMs + 1, "recorded", { ...note, bytes: 700, durationMs: 40, problem: "ENOSPC" });
  // Another call cannot take it over.
  sip.tell(atMs + 2, "recorded", { ...note, key: "2", bytes: 9 });
  rig.take(sip.events);
  rig.settle();
  expect(rig.calls()[0]?.audio).toEqual([
    { atMs, path: "/audio/1.wav", bytes: 700, startedMs: atMs, durationMs: 40, problem: "ENOSPC" },
  ]);
  expect(rig.query("SELECT audioBytes FROM totals")).toEqual([{ audioBytes: 700 }]);
});
