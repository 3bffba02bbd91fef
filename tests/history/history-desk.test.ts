import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { systemClock } from "../../src/core/clock.ts";
import { describeError } from "../../src/core/errors.ts";
import { HistoryDesk } from "../../src/history/history-desk.ts";
import { scriptCall, ScriptedStream, startMs } from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

setDefaultTimeout(20_000);

const workerUrl = new URL("../../src/history/history-worker.ts", import.meta.url);
let rig: HistoryRig;
let desk: HistoryDesk;

beforeEach(() => {
  rig = new HistoryRig();
  desk = new HistoryDesk({ workerUrl, path: rig.path, clock: systemClock });
});

afterEach(() => {
  desk.close();
  rig.close();
});

function write(calls: number, pid = 1): void {
  const sip = new ScriptedStream("sip", pid);
  for (let number = 1; number <= calls; number += 1) {
    scriptCall({ sip }, { number, callId: "2", atMs: startMs + number * 60_000, turns: 1 });
  }
  rig.take(sip.events);
  rig.settle();
  rig.clock.advance(5000);
}

test("answers what is asked while another connection writes", async () => {
  expect((await desk.page({ filter: {}, limit: 10 })).calls).toEqual([]);
  write(3);
  const { calls, next } = await desk.page({ filter: { text: "question" }, limit: 2 });
  expect(calls.map(({ remote }) => remote)).toEqual(["553", "552"]);
  expect(
    (await desk.page({ filter: { text: "question" }, limit: 2, after: next })).calls,
  ).toHaveLength(1);
  const id = calls[0]?.id ?? -1;
  expect(await desk.call(id)).toMatchObject({ key: "sip-1/3", heard: [{ service: "sip" }] });
  expect(await desk.call("nobody")).toBeUndefined();
  expect(await desk.export(id, "text")).toMatchObject({
    fileName: `call-20260101T090300-${id}.txt`,
  });
  expect(await desk.export("nobody", "csv")).toBeUndefined();
  expect(await desk.lines()).toEqual(["200@pbx"]);
});

test("says why the history cannot be read, and reads the next one that begins", async () => {
  write(1);
  expect((await desk.page({ filter: {}, limit: 10 })).calls).toHaveLength(1);
  rig.recorder.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(rig.path + suffix, { force: true });
  expect(await desk.lines().catch(describeError)).toContain("the history cannot be read: ENOENT");
  rig.open();
  write(2, 7);
  expect((await desk.page({ filter: {}, limit: 10 })).calls).toHaveLength(2);
});

test("brings what was written into the file, so that the log beside it stays short", async () => {
  const before = statSync(rig.path).size;
  const checking = new HistoryDesk({ workerUrl, path: rig.path, clock: rig.clock });
  write(50);
  // Behind the checkpoint that its timer asked for.
  await checking.lines();
  expect(statSync(rig.path).size).toBeGreaterThan(before + 20_000);
  checking.close();
});

test("a question that is open when it closes is rejected, and so is every later one", async () => {
  const open = desk.lines();
  desk.close();
  expect(await open.catch(describeError)).toBe("the history is closed");
  expect(await desk.lines().catch(describeError)).toBe("the history is closed");
});
