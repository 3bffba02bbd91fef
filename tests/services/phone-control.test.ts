/** The LLaMA's side of the telephone, at real sockets of services whose answers the test knows. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError, WildfireError } from "../../src/core/errors.ts";
import { PhoneControl, type PhoneCallInfo } from "../../src/services/phone-control.ts";
import { type CommandHandler, serveStatus } from "../../src/services/status-socket.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

interface Asked {
  readonly command: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

let stateFolder = "";
let clock: FakeClock;
let memory: MemoryLog;
let control: PhoneControl;
let asked: Asked[] = [];
let freed: (() => void)[] = [];

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  clock = new FakeClock();
  memory = createMemoryLog(clock);
  control = new PhoneControl({ stateFolder, clock, log: memory.log });
  asked = [];
  freed = [];
});
afterEach(() => {
  for (const free of freed.toReversed()) free();
  rmSync(stateFolder, { recursive: true, force: true });
});

function pathOf(service: string, pid: number): string {
  return join(stateFolder, "run", `${service}-${pid}.sock`);
}

/** Of the event loop. */
async function aTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Starts a service; `pid` is that of another process, for more than one of a name. */
function serve(service: string, command?: CommandHandler, pid = process.pid): () => void {
  const status = serveStatus({
    stateFolder,
    service,
    describe: () => ({ service }),
    command:
      command === undefined
        ? undefined
        : (name, fields) => {
            asked.push({ command: name, fields });
            return command(name, fields);
          },
  });
  if (pid !== process.pid) renameSync(pathOf(service, process.pid), pathOf(service, pid));
  const close = (): void => {
    status.close();
    rmSync(pathOf(service, pid), { force: true });
  };
  freed.push(close);
  return close;
}

const described = {
  key: "7",
  line: "200@pbx",
  direction: "outgoing",
  remote: "5550199",
  name: "Ada",
  ageMs: 4000,
};

const knows: CommandHandler = async () => described;
const silent: CommandHandler = () => new Promise(() => undefined);
const knowsNot: CommandHandler = async () => {
  throw new WildfireError("state", 'no call is up under the id "12"');
};

describe("finding a call", () => {
  test("gives what its service tells, and where that is", async () => {
    serve("sip", knows);
    expect(await control.find("12")).toEqual({
      ...described,
      direction: "outgoing",
      callId: "12",
      service: "sip",
      socket: { path: pathOf("sip", process.pid), pid: process.pid },
    });
    expect(asked).toEqual([{ command: "describe", fields: { callId: "12" } }]);
    expect(clock.timers).toBe(0);
  });

  test("asks all telephone services, and no others", async () => {
    serve("sip", knowsNot, process.ppid);
    serve("sip", knowsNot);
    serve("whisper", knows);
    serve("audiosocket", async () => ({ key: "uuid-1", remote: "uuid-1" }));
    expect(await control.find("12")).toMatchObject({
      service: "audiosocket",
      key: "uuid-1",
      line: "",
      direction: "incoming",
      remote: "uuid-1",
      name: "",
      ageMs: 0,
    });
    await until(() => asked.length >= 3, "the questions to all three");
    await aTurn();
    expect(asked).toHaveLength(3);
  });

  test("finds nothing where no service has it, or none runs", async () => {
    expect(await control.find("12")).toBeUndefined();
    serve("sip", knowsNot);
    expect(await control.find("12")).toBeUndefined();
    expect(memory.text()).toContain("no telephone service knows the call  call=12 asked=1");
  });

  test.each([
    ["takes no commands", undefined],
    ["answers with nothing of a call", async () => ({})],
    ["answers with a key that is none", async () => ({ key: 7 })],
  ] as const)("finds nothing at a service that %s", async (_what, command) => {
    serve("sip", command);
    expect(await control.find("12")).toBeUndefined();
  });

  test("ends after 500 ms", async () => {
    serve("sip", silent);
    const finding = control.find("12");
    clock.advance(499);
    await until(() => asked.length === 1, "the question");
    let isOver = false;
    void finding.then(() => (isOver = true));
    await aTurn();
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(await finding).toBeUndefined();
    expect(memory.text()).toContain("isLate=true");
  });

  test("does not wait for a service that is silent when another one has the call", async () => {
    serve("sip", silent);
    serve("audiosocket", knows);
    expect(await control.find("12")).toMatchObject({ service: "audiosocket", key: "7" });
  });

  test("skips the sockets of dead processes and removes them", async () => {
    const dead = Bun.spawn(["true"]);
    await dead.exited;
    serve("sip", silent, dead.pid);
    expect(await control.find("12")).toBeUndefined();
    expect(asked).toEqual([]);
    expect(existsSync(pathOf("sip", dead.pid))).toBe(false);
  });

  test("passes over a socket that nobody listens to", async () => {
    await Bun.write(pathOf("sip", process.ppid), "");
    serve("sip", knows);
    expect(await control.find("12")).toMatchObject({ key: "7" });
  });

  test("shows neither number nor name in the log", async () => {
    serve("sip", knows);
    await control.find("12");
    serve("audiosocket", knowsNot);
    expect(JSON.stringify(memory.records)).not.toContain("5550199");
    expect(JSON.stringify(memory.records)).not.toContain("Ada");
  });
});

/** A call whose service does this when it is told something. */
async function found(act: CommandHandler): Promise<PhoneCallInfo> {
  serve("sip", async (command, fields) =>
    command === "describe" ? described : await act(command, fields),
  );
  const info = await control.find("12");
  if (info === undefined) throw new Error("the call is not found");
  asked = [];
  return info;
}

async function problemOf(action: Promise<void>): Promise<string> {
  return await action.then(() => "", describeError);
}

describe("acting on a call", () => {
  test("tells its service what to do, with key and id of the call", async () => {
    const info = await found(async (command) => (command === "transfer" ? { ok: true } : {}));
    const actions = control.actions(info);
    await actions.sendDigits("12#");
    await actions.transfer("sip:600@pbx");
    await actions.hangUp();
    const call = { key: "7", callId: "12" };
    expect(asked).toEqual([
      { command: "digits", fields: { ...call, digits: "12#" } },
      { command: "transfer", fields: { ...call, number: "sip:600@pbx" } },
      { command: "hang-up", fields: call },
    ]);
    expect(clock.timers).toBe(0);
  });

  test.each([
    [{ ok: false, status: 486, reason: "Busy Here" }, "the transfer failed: 486 Busy Here"],
    [{ ok: false, status: 603, reason: "" }, "the transfer failed: 603"],
    [{ ok: false }, "the transfer failed: refused"],
    [{}, "the transfer failed: refused"],
  ])("a transfer that ends with %j is rejected", async (outcome, problem) => {
    const info = await found(async () => outcome);
    expect(await problemOf(control.actions(info).transfer("600"))).toBe(problem);
  });

  test.each(["hangUp", "transfer", "sendDigits"] as const)(
    "%s is rejected with the reason of the service",
    async (action) => {
      const info = await found(async () => {
        throw new WildfireError("state", 'there is no call "7"', { hint: "look at the status" });
      });
      const problem = await problemOf(control.actions(info)[action]("600"));
      expect(problem).toBe('there is no call "7"; look at the status');
    },
  );

  test.each([
    ["hangUp", "hang-up", 3],
    ["sendDigits", "digits", 3],
    ["transfer", "transfer", 10],
  ] as const)("%s gives up when %s is not done in %i s", async (action, command, limitS) => {
    const info = await found(silent);
    let isOver = false;
    const problem = problemOf(control.actions(info)[action]("600"));
    void problem.then(() => (isOver = true));
    await until(() => asked.length === 1, "the command");
    clock.advance(limitS * 1000 - 1);
    await aTurn();
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(await problem).toBe(
      `the sip service has not done ${command} within ${limitS} s; it may still happen`,
    );
    expect(clock.timers).toBe(0);
  });

  test("is rejected when the service has gone meanwhile", async () => {
    const info = await found(async () => ({}));
    freed.at(-1)?.();
    const problem = await problemOf(control.actions(info).hangUp());
    expect(problem).toStartWith("the sip service is gone: cannot connect to ");
    expect(problem).toEndWith("; its calls are over");
    expect(clock.timers).toBe(0);
  });

  test("is rejected when the service goes while it is at work", async () => {
    const info = await found(silent);
    const problem = problemOf(control.actions(info).transfer("600"));
    await until(() => asked.length === 1, "the command");
    freed.at(-1)?.();
    expect(await problem).toStartWith("the sip service is gone: the service did not answer");
  });
});
