import { beforeEach, describe, expect, test } from "bun:test";
import type { ServicePlan } from "../../src/supervisor/service-plan.ts";
import { type Crash, SupervisedChild } from "../../src/supervisor/supervised-child.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { planFor, ScriptedHost, type ScriptedProcess, turns } from "./scripted-host.ts";

let clock: FakeClock;
let host: ScriptedHost;
let states: string[];
let crashes: Crash[];

beforeEach(() => {
  clock = new FakeClock();
  host = new ScriptedHost();
  states = [];
  crashes = [];
});

function child(name: string, given: Partial<ServicePlan> = {}): SupervisedChild {
  return new SupervisedChild({
    plan: planFor(name, given),
    host,
    clock,
    listener: {
      record: () => undefined,
      changed: ({ state }) => states.push(state),
      crashed: (crash) => crashes.push(crash),
    },
  });
}

function readyChild(name: string, given: Partial<ServicePlan> = {}): SupervisedChild {
  const made = child(name, given);
  made.start();
  host.latest(name).ready();
  return made;
}

/** Lets time pass in steps, so that what was asked can be answered in between. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    clock.advance(Math.min(250, left));
    await turns();
  }
}

const calls = (count: number): Record<string, unknown> => ({
  current: Array.from({ length: count }, () => ({})),
});

describe("start", () => {
  test("it is ready when its log says so, or when its status socket answers", async () => {
    readyChild("whisper");
    expect(states).toEqual(["starting", "ready"]);
    const other = child("llama");
    other.start();
    const process = host.latest("llama");
    await pass(1000);
    expect(other.state).toBe("starting");
    process.answer = { state: "starting" };
    await pass(1000);
    expect(other.state).toBe("starting");
    process.answer = { version: "1.0", commit: "c0ffee" };
    await pass(250);
    expect(other.status()).toMatchObject({
      state: "ready",
      version: "1.0",
      commit: "c0ffee",
      health: "good",
      pid: process.pid,
      restarts: 0,
    });
  });

  test("a service that does not get ready in three minutes is ended and started again", async () => {
    child("whisper").start();
    await pass(180_000);
    expect(host.latest("whisper").signals).toEqual(["SIGTERM"]);
    host.latest("whisper").end({ code: 0 });
    expect(crashes[0]?.reason).toBe("not ready within 180 s");
    await pass(500);
    expect(host.starts("whisper")).toBe(2);
  });

  test("a program that cannot be started is tried again, and then given up", async () => {
    host.spawnProblem = new Error("cannot start whisper: ENOENT");
    const made = child("whisper");
    made.start();
    await pass(7500);
    expect(made.state).toBe("given-up");
    expect(made.status().lastReason).toBe(
      "given up after 5 ends soon after the start: cannot start whisper: ENOENT",
    );
    expect(clock.timers).toBe(0);
  });
});

describe("ends that nobody asked for", () => {
  test("a crash is reported with its last lines, and the service starts again", async () => {
    const made = readyChild("whisper");
    await turns();
    const process = host.latest("whisper");
    process.say("recogniser failed", { reason: "bad memory" }, "error");
    process.end({ signal: "SIGSEGV" });
    expect(made.state).toBe("waiting");
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toMatchObject({
      service: "whisper",
      pid: process.pid,
      signal: "SIGSEGV",
      reason: "ended by SIGSEGV: recogniser failed: bad memory",
      version: "1.2.3",
      restartInMs: 500,
    });
    expect(crashes[0]?.lines).toHaveLength(2);
    await pass(500);
    host.latest("whisper").ready();
    expect(made.status()).toMatchObject({ state: "ready", restarts: 1 });
    expect(host.starts("whisper")).toBe(2);
  });

  test("after five quick ends it is given up, and a person can start it again", async () => {
    const made = child("whisper");
    made.start();
    for (let end = 1; end <= 5; end += 1) {
      host.latest("whisper").end({ code: 1 });
      await pass(10_000);
    }
    expect(made.state).toBe("given-up");
    expect(host.starts("whisper")).toBe(5);
    expect(crashes.map(({ restartInMs }) => restartInMs)).toEqual([
      500,
      1000,
      2000,
      4000,
      undefined,
    ]);
    expect(clock.timers).toBe(0);
    made.start();
    host.latest("whisper").end({ code: 1 });
    expect(made.state).toBe("waiting");
  });

  test("a wrong command line is given up at once, with what was wrong", () => {
    const made = child("sip");
    made.start();
    const process = host.latest("sip");
    process.listener.line("stderr", "wildfire: unknown option --lime; did you mean --line?");
    process.end({ code: 2 });
    expect(made.state).toBe("given-up");
    expect(crashes[0]?.reason).toBe(
      "given up: its options or configuration are wrong: ended with exit code 2: " +
        "wildfire: unknown option --lime; did you mean --line?",
    );
  });

  test("an end while it waits for nothing is no life: timers are freed", async () => {
    const made = readyChild("whisper");
    host.latest("whisper").end({ code: 0 });
    expect(made.state).toBe("waiting");
    await made.stop(0);
    expect(made.state).toBe("stopped");
    expect(clock.timers).toBe(0);
  });
});

describe("health", () => {
  test("three answers that do not come are an illness; SIGKILL follows after 10 s", async () => {
    const made = readyChild("llama");
    const process = host.latest("llama");
    await turns();
    process.answer = undefined;
    await pass(10_000);
    expect(process.signals).toEqual([]);
    expect(made.status().health).toBe("failing");
    await pass(5000);
    expect(process.signals).toEqual(["SIGTERM"]);
    await pass(10_000);
    expect(process.signals).toEqual(["SIGTERM", "SIGKILL"]);
    process.end({ signal: "SIGKILL" });
    expect(crashes[0]?.reason).toBe("unhealthy: llama does not answer");
    await pass(500);
    expect(host.starts("llama")).toBe(2);
  });

  test("a socket that is there a moment after the service is ready is no failure; one that never is, is", async () => {
    const made = child("llama");
    made.start();
    const process = host.latest("llama");
    process.say("llama is ready");
    await pass(2000);
    expect(made.status().health).toBe("unknown");
    process.answer = {};
    await pass(250);
    expect(made.status().health).toBe("good");

    const silent = child("sip");
    silent.start();
    host.latest("sip").say("sip is ready");
    await pass(5000);
    expect(silent.status().health).toBe("failing");
    await pass(10_000);
    expect(host.latest("sip").signals).toEqual(["SIGTERM"]);
  });

  test("one answer in between makes good", async () => {
    const made = readyChild("llama");
    const process = host.latest("llama");
    await turns();
    for (let round = 0; round < 3; round += 1) {
      process.answer = undefined;
      await pass(10_000);
      process.answer = {};
      await pass(5000);
    }
    expect(process.signals).toEqual([]);
    expect(made.status().health).toBe("good");
  });

  test("an ill service is not drained", async () => {
    readyChild("sip");
    const process = host.latest("sip");
    process.answer = calls(2);
    await pass(5000);
    process.answer = undefined;
    await pass(15_000);
    expect(process.signals).toEqual(["SIGTERM"]);
    expect(process.drains).toBe(0);
  });
});

describe("memory", () => {
  const limited = { memoryLimitBytes: 100 << 20 };

  test("above the limit it is started again, and the reason says by how much", async () => {
    readyChild("whisper", limited);
    const process = host.latest("whisper");
    process.memoryBytes = 100 << 20;
    await pass(10_000);
    expect(process.signals).toEqual([]);
    process.memoryBytes = 120 << 20;
    await pass(5000);
    expect(process.signals).toEqual(["SIGTERM"]);
    process.end({ code: 0 });
    expect(crashes[0]?.reason).toBe("uses 120 MB of memory, more than its 100 MB");
  });

  test("while calls are up only half as much again is too much", async () => {
    child("whisper", limited).start();
    const process = host.latest("whisper");
    process.answer = { calls: [{}] };
    process.memoryBytes = 150 << 20;
    await pass(20_000);
    expect(process.signals).toEqual([]);
    process.memoryBytes = 151 << 20;
    await pass(5000);
    expect(process.signals).toEqual(["SIGTERM"]);
  });

  test("without a limit, any", async () => {
    readyChild("whisper");
    host.latest("whisper").memoryBytes = 2 ** 40;
    await pass(10_000);
    expect(host.latest("whisper").signals).toEqual([]);
  });
});

describe("stop and restart", () => {
  test("a stop ends the process, for good", async () => {
    const made = readyChild("whisper");
    const stopped = made.stop(30_000);
    const process = host.latest("whisper");
    expect(process.signals).toEqual(["SIGTERM"]);
    process.end({ code: 0 });
    await stopped;
    expect(states).toEqual(["starting", "ready", "stopping", "stopped"]);
    expect(crashes).toEqual([]);
    await pass(60_000);
    expect(host.starts("whisper")).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test("who ignores SIGTERM is killed once an orderly stop must be over", async () => {
    const made = readyChild("whisper");
    void made.stop(0);
    await pass(15_750);
    expect(host.latest("whisper").signals).toEqual(["SIGTERM"]);
    await pass(250);
    expect(host.latest("whisper").signals).toEqual(["SIGTERM", "SIGKILL"]);
  });

  test("a restart starts at once, and counts as no failure", async () => {
    const made = readyChild("whisper");
    const restarted = made.restart(0);
    host.latest("whisper").end({ code: 0 });
    await restarted;
    expect(made.status()).toMatchObject({
      state: "starting",
      restarts: 0,
      lastReason: "restarted",
    });
    expect(host.starts("whisper")).toBe(2);
    expect(crashes).toEqual([]);
  });

  test("a start during a stop means a restart", () => {
    const made = readyChild("whisper");
    void made.stop(0);
    made.start();
    host.latest("whisper").end({ code: 0 });
    expect(made.state).toBe("starting");
  });

  test("a stop during a restart means a stop", () => {
    const made = readyChild("whisper");
    void made.restart(0);
    void made.stop(0);
    host.latest("whisper").end({ code: 0 });
    expect(made.state).toBe("stopped");
  });

  test("a stop of an ill service does not start it again", async () => {
    const made = readyChild("whisper");
    await turns();
    host.latest("whisper").answer = undefined;
    await pass(15_000);
    const stopped = made.stop(0);
    host.latest("whisper").end({ signal: "SIGKILL" });
    await stopped;
    expect(made.state).toBe("stopped");
  });
});

async function talking(
  count: number,
): Promise<{ made: SupervisedChild; process: ScriptedProcess }> {
  const made = readyChild("sip");
  const process = host.latest("sip");
  process.answer = calls(count);
  await pass(5000);
  return { made, process };
}

describe("drain", () => {
  test("calls that are up may end first", async () => {
    const { made, process } = await talking(2);
    void made.restart(30_000);
    await turns();
    expect(made.state).toBe("draining");
    expect(process.drains).toBe(1);
    await pass(5000);
    expect(process.signals).toEqual([]);
    process.answer = calls(0);
    await pass(500);
    expect(process.signals).toEqual(["SIGTERM"]);
  });

  test("nobody waits longer than the limit", async () => {
    const { made, process } = await talking(1);
    void made.stop(30_000);
    await pass(29_750);
    expect(process.signals).toEqual([]);
    await pass(250);
    expect(process.signals).toEqual(["SIGTERM"]);
    process.end({ code: 0 });
    expect(made.state).toBe("stopped");
    expect(clock.timers).toBe(0);
  });

  test("without calls there is nothing to wait for", async () => {
    const { made, process } = await talking(0);
    void made.stop(30_000);
    await turns();
    expect(process.signals).toEqual(["SIGTERM"]);
  });

  test("a second stop that does not wait ends the waiting", async () => {
    const { made, process } = await talking(1);
    void made.stop(30_000);
    await turns();
    void made.stop(0);
    await turns();
    expect(process.signals).toEqual(["SIGTERM"]);
  });

  test("a service that dies while it drains is not started again by a stop", async () => {
    const { made, process } = await talking(1);
    const stopped = made.stop(30_000);
    process.end({ signal: "SIGSEGV" });
    await stopped;
    expect(made.state).toBe("stopped");
  });

  test.each(["stop", "restart"] as const)("a %s is taken back by a start", async (how) => {
    const { made, process } = await talking(1);
    const left = made[how](30_000);
    await turns();
    made.start();
    // Whoever waits for the end waits no longer.
    await left;
    expect(made.state).toBe("ready");
    expect(process.undrains).toBe(1);
    await pass(60_000);
    expect(process.signals).toEqual([]);
    expect(host.starts("sip")).toBe(1);
    // It may be stopped again, and it may fail as any other.
    void made.stop(30_000);
    await turns();
    expect(made.state).toBe("draining");
    process.end({ signal: "SIGSEGV" });
    expect(made.state).toBe("stopped");
  });

  test("a service that cannot take calls again is started anew", async () => {
    const { made, process } = await talking(1);
    void made.stop(30_000);
    process.undrainProblem = "cannot listen on TCP 127.0.0.1:9092: EADDRINUSE";
    made.start();
    await turns();
    expect(process.signals).toEqual(["SIGTERM"]);
    process.end({ code: 0 });
    expect(made.status()).toMatchObject({
      state: "waiting",
      lastReason: "it takes no calls any more: cannot listen on TCP 127.0.0.1:9092: EADDRINUSE",
    });
  });

  test("whisper is not drained: its calls outlive it", async () => {
    const made = readyChild("whisper");
    host.latest("whisper").answer = { calls: [{}] };
    await pass(5000);
    void made.restart(30_000);
    expect(host.latest("whisper").signals).toEqual(["SIGTERM"]);
  });
});
