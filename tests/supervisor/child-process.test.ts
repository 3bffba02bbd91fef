import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import type { ServicePlan } from "../../src/supervisor/service-plan.ts";
import type { ServiceRecord } from "../../src/supervisor/service-record.ts";
import { type Crash, SupervisedChild } from "../../src/supervisor/supervised-child.ts";
import { systemHost } from "../../src/supervisor/system-host.ts";
import { until } from "../fakes/until.ts";
import { planFor } from "./scripted-host.ts";

setDefaultTimeout(60_000);

const program = join(import.meta.dir, "fake-service.ts");
const limitMs = 30_000;

let stateFolder: string;
let records: ServiceRecord[];
let crashes: Crash[];
let child: SupervisedChild;

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-child-"));
  records = [];
  crashes = [];
});

afterEach(async () => {
  child.kill();
  await until(() => child.status().pid === null, "the end of the child", limitMs);
  rmSync(stateFolder, { recursive: true, force: true });
});

function start(behaviour: string, given: Partial<ServicePlan> = {}): SupervisedChild {
  const command = [process.execPath, program, behaviour, "whisper", stateFolder];
  child = new SupervisedChild({
    plan: planFor("whisper", { command, ...given }),
    host: systemHost(stateFolder, systemClock),
    clock: systemClock,
    listener: {
      record: (record) => records.push(record),
      changed: () => undefined,
      crashed: (crash) => crashes.push(crash),
    },
  });
  child.start();
  return child;
}

const inState = (state: string): Promise<void> =>
  until(() => child.state === state, `state ${state}`, limitMs);

test("a service gets its secrets by its environment, tells its build, and stops in order", async () => {
  start("ready", { env: { FAKE_SECRET: "xyzzy" } });
  await inState("ready");
  await until(() => child.status().health === "good", "the first status", limitMs);
  expect(child.status()).toMatchObject({ version: "9.9.9", commit: "fake", calls: 0 });
  expect(child.status().memoryBytes).toBeGreaterThan(1 << 20);
  expect(records[0]).toMatchObject({ message: "whisper is ready", fields: { secret: "xyzzy" } });
  await child.stop(0);
  expect(child.status()).toMatchObject({ state: "stopped", pid: null, lastReason: "stopped" });
  expect(crashes).toEqual([]);
});

test("a service that cannot start is given up after its fifth end, with what it said", async () => {
  start("crash-at-start");
  await inState("given-up");
  expect(crashes).toHaveLength(5);
  expect(child.status().lastReason).toBe(
    "given up after 5 ends soon after the start: ended with exit code 1: " +
      "wildfire: no model; give one with --model",
  );
});

test("exit code 2 is given up at once", async () => {
  start("wrong-usage");
  await inState("given-up");
  expect(crashes).toHaveLength(1);
  expect(crashes[0]).toMatchObject({ code: 2, restartInMs: undefined });
  expect(crashes[0]?.reason).toContain("wildfire: unknown option --lime");
});

test("a crash in native code is told by its signal, and the service starts again", async () => {
  start("crash-soon");
  await until(() => crashes.length > 0, "the crash", limitMs);
  const [crash] = crashes;
  expect(crash).toMatchObject({
    code: null,
    signal: "SIGSEGV",
    version: "9.9.9",
    restartInMs: 500,
  });
  expect(crash?.lines.join("\n")).toContain("about to fail");
  await until(() => child.status().restarts === 1 && child.state === "ready", "the next", limitMs);
});

test("who ignores SIGTERM is killed when the supervisor kills", async () => {
  start("ignore-sigterm");
  await inState("ready");
  void child.stop(0);
  await until(() => records.some(({ message }) => message === "SIGTERM ignored"), "it", limitMs);
  expect(child.state).toBe("stopping");
  child.kill();
  await inState("stopped");
});

test("a service that grows beyond its limit is started again", async () => {
  start("grow", { memoryLimitBytes: 200 << 20 });
  await until(() => crashes.length > 0, "the end", limitMs);
  expect(crashes[0]?.reason).toMatch(/^uses \d+ MB of memory, more than its 200 MB$/);
  expect(crashes[0]?.memoryBytes).toBeGreaterThan(200 << 20);
});

test("a service that hangs is found, and killed since it cannot hear SIGTERM", async () => {
  start("hang");
  await inState("ready");
  await until(() => child.status().health === "failing", "a missing answer", limitMs);
  // Three misses and the limit of a stop would take a minute: what they lead to is tested elsewhere.
  child.kill();
  await inState("stopped");
});

test("junk is kept within bounds, and results for programs are not kept", async () => {
  start("junk");
  await inState("ready");
  const texts = records.map(({ fields: { text } }) => (typeof text === "string" ? text : ""));
  expect(texts).toContain("printed by a library");
  expect(texts.find((text) => text.startsWith("xxx"))).toHaveLength(64 * 1024);
  expect(texts.join()).not.toContain("private words");
});

test("a program that is not there is a reason in one line", async () => {
  start("", { command: [join(stateFolder, "missing")] });
  await until(() => crashes.length > 0, "the refusal");
  expect(crashes[0]).toMatchObject({ pid: 0, reason: "cannot start whisper: ENOENT", lines: [] });
});
