import { afterEach, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { newServices, scriptCall, streamsOf } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

const dayMs = 24 * 3_600_000;
const noLimit = { days: 10_000, bytes: Number.MAX_SAFE_INTEGER };
let rig: HistoryRig;

afterEach(() => rig.close());

/** Calls of so many days before now, a call a day, each with a recording of a million bytes. */
function fill(days: number, limits = noLimit): string[] {
  const removed: string[] = [];
  rig = new HistoryRig({ limits, removeAudio: (path) => void removed.push(path) });
  const services = newServices();
  for (let day = days; day >= 1; day -= 1) {
    const atMs = rig.clock.wallMs() - day * dayMs;
    scriptCall(services, { number: day, callId: String(2 * day), atMs, turns: 3 });
    const name = { callId: String(2 * day), key: `${2 * day}-${day}` };
    const path = `/audio/${String(day).padStart(3, "0")}.wav`;
    services.whisper.tell(atMs + 9000, "recorded", { ...name, path, bytes: 1_000_000 });
  }
  for (const { events } of streamsOf(services)) rig.take(events);
  rig.settle();
  return removed;
}

const count = (table: string): unknown => rig.query(`SELECT count(*) AS count FROM ${table}`)[0];

describe("calls are removed", () => {
  test("when they are older than the limit, with all that belongs to them", () => {
    const removed = fill(100, { ...noLimit, days: 30.5 });
    rig.clock.advance(20_000);
    expect(rig.recorder.status()).toMatchObject({ removedCalls: 70, failures: 0 });
    for (const [table, rows] of [
      ["calls", 30],
      ["parts", 120],
      ["utterances", 180],
      ["turns", 180],
      ["audio", 30],
    ] as const) {
      expect([table, count(table)]).toEqual([table, { count: rows }]);
    }
    expect(removed).toHaveLength(70);
    expect(removed[0]).toBe("/audio/100.wav");
    expect(rig.query("SELECT audioBytes FROM totals")).toEqual([{ audioBytes: 30_000_000 }]);
    const found = rig.read((reader) => reader.page({ filter: { text: "question" }, limit: 100 }));
    expect(found.calls).toHaveLength(30);
  });

  test("the oldest first, until file and recordings together are small enough", () => {
    const removed = fill(100, { ...noLimit, bytes: 42_000_000 });
    rig.clock.advance(20_000);
    const left = rig.calls();
    expect(left.length).toBeGreaterThan(25);
    expect(left.length).toBeLessThan(42);
    expect(removed).toHaveLength(100 - left.length);
    const latest = left.at(-1);
    expect(latest?.remote).toBe("551");
    expect(removed.toSorted().toReversed()).toEqual(removed);
  });

  test("and their space is given back to the disk", () => {
    fill(300);
    rig.recorder.close();
    const before = statSync(rig.path).size;
    rig.open({ limits: { ...noLimit, days: 10 } });
    rig.clock.advance(60_000);
    rig.recorder.close();
    expect(statSync(rig.path).size).toBeLessThan(before / 2);
  });
});

test("nothing is removed within the limits, and nothing without limits", () => {
  const removed = fill(20);
  rig.clock.advance(60_000);
  rig.recorder.close();
  rig.open();
  rig.clock.advance(60_000);
  expect(count("calls")).toEqual({ count: 20 });
  expect(removed).toEqual([]);
});

test("a call that is on stays, however old and large the history is", () => {
  rig = new HistoryRig({ limits: { days: 0.1, bytes: 1 } });
  const { sip } = newServices();
  const atMs = rig.clock.wallMs() - 0.9 * dayMs;
  scriptCall({ sip }, { number: 1, callId: "2", atMs, turns: 2 });
  rig.take(sip.events.slice(0, -1));
  rig.settle();
  rig.clock.advance(60_000);
  expect(rig.calls()).toHaveLength(1);
  rig.take(sip.events.slice(-1));
  rig.settle();
  rig.clock.advance(10_000);
  expect(rig.calls()).toEqual([]);
});
