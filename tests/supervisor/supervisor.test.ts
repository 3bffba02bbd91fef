import { beforeEach, describe, expect, test } from "bun:test";
import type { ServicePlan } from "../../src/supervisor/service-plan.ts";
import type { ReloadVerdict } from "../../src/supervisor/child-run.ts";
import { type PlanChange, Supervisor } from "../../src/supervisor/supervisor.ts";
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

  test("while a plan is applied that drops a service, ends all and starts none", async () => {
    const supervisor = supervise("whisper", "llama", "kokoro");
    supervisor.start();
    for (const name of ["llama", "kokoro", "whisper"]) host.latest(name).ready();
    const applied = supervisor.apply(plan(planFor("whisper"), planFor("llama"), planFor("web")));
    await turns();
    const stopped = supervisor.stop(0);
    for (const name of ["kokoro", "whisper", "llama"]) {
      host.latest(name).end({ code: 0 });
      await turns();
    }
    await Promise.all([stopped, applied]);
    expect(started()).toEqual(["llama", "kokoro", "whisper"]);
    expect(supervisor.services().every(({ state }) => state === "stopped")).toBe(true);
    expect(clock.timers).toBe(0);
  });

  test("while a service makes up its mind about a plan, restarts nothing", async () => {
    const supervisor = supervise("llama");
    supervisor.start();
    const process = host.latest("llama");
    process.ready();
    process.verdict = { kind: "restart", keys: ["model"] };
    const applied = supervisor.apply(plan(planFor("llama", { settings: { model: "other" } })));
    const stopped = supervisor.stop(0);
    await turns();
    process.end({ code: 0 });
    await Promise.all([stopped, applied]);
    expect(started()).toEqual(["llama"]);
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
  host.latest("whisper").verdict = { kind: "restart", keys: ["model"] };
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
  expect({ ...(await applied) }).toEqual({
    started: ["web"],
    restarted: ["whisper"],
    stopped: ["kokoro"],
    reloaded: [],
    refused: [],
    why: {
      web: "it is configured to run now",
      whisper: "model",
      kokoro: "it is not configured to run any more",
    },
  });
  expect(host.latest("llama").signals).toEqual([]);
  expect(supervisor.services().map(({ name }) => name)).toEqual(["llama", "whisper", "web"]);
});

test("a service that is dropped and told to take calls again goes on, and is known", async () => {
  const supervisor = supervise("sip");
  supervisor.start();
  host.latest("sip").answer = { current: [{}] };
  host.latest("sip").ready();
  const applied = supervisor.apply(plan());
  await turns();
  expect(supervisor.child("sip").state).toBe("draining");
  supervisor.startService("sip");
  expect(await applied).toMatchObject({ stopped: [] });
  expect(supervisor.services()).toMatchObject([{ name: "sip", state: "ready" }]);
});

/** To a llama that runs and makes that of it. */
async function apply(verdict: ReloadVerdict, next: ServicePlan): Promise<PlanChange> {
  const supervisor = supervise("llama");
  supervisor.start();
  host.latest("llama").ready();
  host.latest("llama").verdict = verdict;
  const applied = supervisor.apply(plan(next));
  await turns();
  if (host.latest("llama").signals.length > 0) host.latest("llama").end({ code: 0 });
  return await applied;
}

describe("a service that runs and is to take another configuration", () => {
  const settings = { greeting: "Hello" };

  test("goes on with it when it takes it, and what it took is told", async () => {
    const taken = { kind: "taken", changed: ["greeting"] } as const;
    const change = await apply(taken, planFor("llama", { settings }));
    expect(change).toMatchObject({
      restarted: [],
      reloaded: ["llama"],
      why: { llama: "greeting" },
    });
    expect(host.latest("llama").reloads).toEqual([{}]);
    expect(host.starts("llama")).toBe(1);
  });

  test("goes on as it was when it refuses it, and says why", async () => {
    const refused = { kind: "refused", reason: "system: no such file" } as const;
    const change = await apply(refused, planFor("llama", { settings }));
    expect(change).toMatchObject({ refused: ["llama"], why: { llama: "system: no such file" } });
    expect(host.starts("llama")).toBe(1);
  });

  test("is asked also when its settings are the same, since its files may not be", async () => {
    const change = await apply({ kind: "taken", changed: ["text of system"] }, planFor("llama"));
    expect(change).toMatchObject({ reloaded: ["llama"], why: { llama: "text of system" } });
    expect(await apply({ kind: "taken", changed: [] }, planFor("llama"))).toMatchObject({
      reloaded: [],
      why: {},
    });
  });

  test("is handed its new secrets, and nothing of other variables", async () => {
    const env = { WILDFIRE_LLAMA_KEY: "new" };
    const change = await apply({ kind: "taken", changed: ["key"] }, planFor("llama", { env }));
    expect(host.latest("llama").reloads).toEqual([env]);
    expect(change).toMatchObject({ reloaded: ["llama"], why: { llama: "key" } });
  });

  test("is handed them again when it has refused them once", async () => {
    const supervisor = supervise("llama");
    supervisor.start();
    const process = host.latest("llama");
    process.ready();
    const next = plan(planFor("llama", { env: { WILDFIRE_LLAMA_KEY: "new" } }));
    process.verdict = { kind: "refused", reason: "system: no such file" };
    await supervisor.apply(next);
    process.verdict = { kind: "taken", changed: ["secrets"] };
    await supervisor.apply(next);
    await supervisor.apply(next);
    const secrets = { WILDFIRE_LLAMA_KEY: "new" };
    expect(process.reloads).toEqual([secrets, secrets, {}]);
  });

  test("is found different again when its restart was taken back", async () => {
    const supervisor = supervise("sip");
    supervisor.start();
    const process = host.latest("sip");
    process.answer = { current: [{}] };
    process.ready();
    const next = plan(planFor("sip", { env: { HOME: "/elsewhere" } }));
    for (let round = 0; round < 2; round += 1) {
      const applied = supervisor.apply(next);
      await turns();
      expect(supervisor.child("sip").state).toBe("draining");
      supervisor.startService("sip");
      await applied;
    }
    expect(host.starts("sip")).toBe(1);
  });

  test("is started anew without a question for what it cannot read itself", async () => {
    const alsoReads = { history: { audio: true } };
    const change = await apply({ kind: "taken", changed: [] }, planFor("llama", { alsoReads }));
    expect(change).toMatchObject({ restarted: ["llama"], why: { llama: "history.audio" } });
    expect(host.starts("llama")).toBe(2);
  });
});

describe("commands", () => {
  const none = { started: [], restarted: [], stopped: [], reloaded: [], refused: [] };
  const noChange = { ...none, why: {} };

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
