import { beforeEach, describe, expect, test } from "bun:test";
import type { ServicePlan } from "../../src/supervisor/service-plan.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import { supervisorCommands } from "../../src/supervisor/supervisor-commands.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";
import { planFor, ScriptedHost, turns } from "./scripted-host.ts";

let clock: FakeClock;
let host: ScriptedHost;
let memory: MemoryLog;

beforeEach(() => {
  clock = new FakeClock();
  host = new ScriptedHost();
  memory = createMemoryLog(clock);
});

const drainLimitMs = 30_000;
const plan = (...services: readonly ServicePlan[]) => ({ services, drainLimitMs });

function supervise(...names: readonly string[]): Supervisor {
  const listener = { record: () => undefined, changed: () => undefined, crashed: () => undefined };
  const services = names.map((name) => planFor(name));
  return new Supervisor({ plan: plan(...services), host, clock, log: memory.log, listener });
}

const started = (): string[] => host.processes.map(({ service }) => service);
const running = (): string[] =>
  host.processes.filter(({ signals }) => signals.length === 0).map(({ service }) => service);

describe("start by readiness", () => {
  test("who is spoken to is ready before those who speak to it start", async () => {
    const supervisor = supervise("sip", "whisper", "llama", "kokoro", "web");
    supervisor.start();
    expect(started()).toEqual(["llama", "kokoro", "web"]);
    host.latest("llama").ready();
    expect(started()).not.toContain("whisper");
    host.latest("kokoro").ready();
    expect(started().at(-1)).toBe("whisper");
    expect(supervisor.state).toBe("starting");
    host.latest("whisper").ready();
    expect(started().at(-1)).toBe("sip");
    host.latest("sip").ready();
    host.latest("web").ready();
    await supervisor.settled;
    expect(supervisor.state).toBe("ready");
  });

  test("a service that is given up holds nobody up", async () => {
    const supervisor = supervise("whisper", "llama");
    supervisor.start();
    host.latest("llama").end({ code: 2 });
    expect(started()).toEqual(["llama", "whisper"]);
    host.latest("whisper").ready();
    await supervisor.settled;
    expect(memory.text()).toContain("service given up");
  });

  test("after a minute the others start all the same, and the log says so", () => {
    const supervisor = supervise("whisper", "llama", "sip");
    supervisor.start();
    clock.advance(60_000);
    expect(started()).toEqual(["llama", "whisper", "sip"]);
    expect(memory.text()).toContain("started before those it talks to are ready");
    expect(supervisor.state).toBe("ready");
  });

  test("a restart of whisper stops nobody else", async () => {
    const supervisor = supervise("whisper", "sip");
    supervisor.start();
    host.latest("whisper").ready();
    host.latest("sip").ready();
    void supervisor.restartService("whisper", 0);
    host.latest("whisper").end({ code: 0 });
    expect(host.starts("whisper")).toBe(2);
    expect(host.latest("sip").signals).toEqual([]);
  });
});

describe("stop", () => {
  test("runs in reverse, group after group", async () => {
    const supervisor = supervise("whisper", "llama", "kokoro", "sip");
    supervisor.start();
    for (const name of ["llama", "kokoro", "whisper", "sip"]) host.latest(name).ready();
    const stopped = supervisor.stop(0);
    for (const group of [["sip"], ["whisper"], ["llama", "kokoro"]]) {
      const before = running();
      expect(group.map((name) => host.latest(name).signals)).toEqual(group.map(() => ["SIGTERM"]));
      for (const name of group) host.latest(name).end({ code: 0 });
      await turns();
      if (group[0] !== "llama") expect(running().length).toBeLessThan(before.length);
    }
    await stopped;
    expect(supervisor.services().map(({ state }) => state)).toEqual(Array(4).fill("stopped"));
    expect(clock.timers).toBe(0);
  });

  test("starts nothing that was still held", async () => {
    const supervisor = supervise("whisper", "llama");
    supervisor.start();
    const stopped = supervisor.stop(0);
    await turns();
    host.latest("llama").end({ code: 0 });
    await stopped;
    expect(started()).toEqual(["llama"]);
    expect(clock.timers).toBe(0);
  });

  test("kill ends all at once", () => {
    const supervisor = supervise("whisper", "llama");
    supervisor.start();
    host.latest("llama").ready();
    supervisor.kill();
    expect(host.processes.map(({ signals }) => signals)).toEqual([["SIGKILL"], ["SIGKILL"]]);
  });
});

test("a new plan stops, starts and restarts what it changed, and nothing else", async () => {
  const supervisor = supervise("llama", "kokoro", "whisper");
  supervisor.start();
  for (const name of ["llama", "kokoro", "whisper"]) host.latest(name).ready();
  const applied = supervisor.apply(
    plan(planFor("llama"), planFor("whisper", { settings: { model: "other" } }), planFor("web")),
  );
  await turns();
  expect(host.latest("kokoro").signals).toEqual(["SIGTERM"]);
  host.latest("kokoro").end({ code: 0 });
  await turns();
  expect(host.latest("whisper").signals).toEqual(["SIGTERM"]);
  host.latest("whisper").end({ code: 0 });
  await turns();
  expect(await applied).toEqual({ started: ["web"], restarted: ["whisper"], stopped: ["kokoro"] });
  expect(host.latest("llama").signals).toEqual([]);
  expect(supervisor.services().map(({ name }) => name)).toEqual(["llama", "whisper", "web"]);
});

describe("commands", () => {
  const noChange = { started: [], restarted: [], stopped: [] };

  test("stop and start are answered when they are under way, with the service's status", async () => {
    const supervisor = supervise("llama");
    const command = supervisorCommands({ supervisor, reload: async () => noChange });
    supervisor.start();
    host.latest("llama").ready();
    expect(await command("stop", { service: "llama" })).toMatchObject({ state: "stopping" });
    host.latest("llama").end({ code: 0 });
    expect(await command("start", { service: "llama" })).toMatchObject({ state: "starting" });
    host.latest("llama").ready();
    expect(await command("restart", { service: "llama" })).toMatchObject({ state: "stopping" });
    expect(await command("reload", {})).toEqual(noChange);
  });

  test("with wait the answer comes when it is done", async () => {
    const supervisor = supervise("llama");
    const command = supervisorCommands({ supervisor, reload: async () => noChange });
    supervisor.start();
    const answer = command("stop", { service: "llama", wait: true });
    host.latest("llama").end({ code: 0 });
    expect(await answer).toMatchObject({ name: "llama", state: "stopped", pid: null });
  });

  test.each([
    ["dance", {}, 'unknown command "dance"'],
    ["start", {}, "service"],
    ["start", { service: "sip" }, 'no service "sip" is configured; there are llama'],
    ["stop", { service: "sip" }, 'no service "sip" is configured'],
    ["stop", { service: "llama", drainS: -1 }, "is not usable"],
    ["restart", { service: "llama", drainS: {} }, "is not usable"],
  ])("%s %j is refused in one line", async (name, fields, reason) => {
    const command = supervisorCommands({
      supervisor: supervise("llama"),
      reload: async () => noChange,
    });
    const error: unknown = await command(name, fields).catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty("summary", expect.stringContaining(reason));
  });
});
