/** Sockets that a power cut left, whose numbers other programs have by now. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "../../src/commands/status.ts";
import { systemClock } from "../../src/core/clock.ts";
import { askServices } from "../../src/doctor/service-statuses.ts";
import type { ServiceContext } from "../../src/services/service.ts";
import {
  listServedSockets,
  readStatuses,
  serveStatus,
  type StatusSocketOptions,
} from "../../src/services/status-socket.ts";
import { hasSupervisor, reloadSupervisor, steerService } from "../../src/services/web-control.ts";
import { SupervisorProcess } from "../../src/supervisor/supervisor-process.ts";
import { connectUnix, listenUnix, type TcpServer } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ScriptedHost } from "../supervisor/scripted-host.ts";

let stateFolder: string;
const freed: (() => unknown)[] = [];

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-unserved-"));
  mkdirSync(join(stateFolder, "run"), { mode: 0o700 });
});

afterEach(async () => {
  for (const free of freed.splice(0)) await free();
  rmSync(stateFolder, { recursive: true, force: true });
});

/** The parent of this process stands for any other program. */
const pathOf = (service: string): string =>
  join(stateFolder, "run", `${service}-${process.ppid}.sock`);

function leave(service: string): string {
  const path = pathOf(service);
  const server = listenUnix(`${path}.bound`, () => ({
    data: () => undefined,
    closed: () => undefined,
  }));
  renameSync(`${path}.bound`, path);
  server.stop(true);
  return path;
}

function serve(service: string, more: Partial<StatusSocketOptions> = {}): void {
  const describe = (): Record<string, unknown> => ({ service });
  const socket = serveStatus({ stateFolder, service, describe, ...more });
  freed.push(() => socket.close());
}

/** Closes each connection without a word. */
function serveNothing(service: string): TcpServer {
  const server = listenUnix(pathOf(service), (link) => ({
    data: () => link.end(),
    closed: () => undefined,
  }));
  freed.push(() => server.stop(true));
  return server;
}

test("the status is that of who answers, and what refuses is removed", async () => {
  const left = leave("whisper");
  serve("whisper");
  expect(await readStatuses(stateFolder, "whisper")).toEqual(['{"service":"whisper"}']);
  expect(existsSync(left)).toBe(false);
});

test("a service that takes connections and says nothing keeps its socket", async () => {
  serveNothing("whisper");
  const sockets = [{ path: pathOf("whisper"), pid: process.ppid }];
  expect(await listServedSockets(stateFolder, "whisper")).toEqual(sockets);
  expect(existsSync(pathOf("whisper"))).toBe(true);
});

test("a service whose queue of connections is full keeps its socket", async () => {
  const path = pathOf("whisper");
  const script = `Bun.listen({ unix: process.argv[1], socket: { data() {} } });
    console.log("listening"); Bun.sleepSync(60_000);`;
  const hung = Bun.spawn([process.execPath, "-e", script, path], { stdout: "pipe" });
  freed.push(() => {
    hung.kill("SIGKILL");
    return hung.exited;
  });
  await hung.stdout.getReader().read();
  const handlers = { data: () => undefined, closed: () => undefined };
  const links: TcpLink[] = [];
  const fill = async (): Promise<never> => {
    for (;;) links.push(await connectUnix(path, handlers));
  };
  expect(await fill().catch(String)).toContain("ECONNREFUSED");
  expect(await listServedSockets(stateFolder, "whisper")).toHaveLength(1);
  for (const link of links) link.destroy();
});

test("wildfire status leaves out a service that ends while it is asked", async () => {
  serveNothing("whisper");
  const asked = status(["whisper", "--state-dir", stateFolder]);
  expect(asked).rejects.toThrow("no whisper service runs");
  await asked.catch(() => undefined);
});

test("the doctor counts who answers", async () => {
  leave("whisper");
  serve("whisper");
  const services = await askServices(stateFolder, ["whisper"], systemClock);
  expect(services).toMatchObject([{ pid: process.pid, problem: undefined }]);
});

test("the page steers the supervisor that is there, and knows when none is", async () => {
  const { log } = createMemoryLog(systemClock);
  const context: ServiceContext = { stateFolder, clock: systemClock, log, print: () => undefined };
  leave("supervisor");
  expect(await reloadSupervisor(context, 5000)).toEqual({ kind: "absent" });
  leave("supervisor");
  expect(await hasSupervisor(context)).toBe(false);
  leave("supervisor");
  serve("supervisor", { command: async (command, fields) => ({ command, ...fields }) });
  expect(await steerService(context, "restart", "sip")).toEqual({
    command: "restart",
    service: "sip",
  });
});

test("a supervisor that starts removes those of all services", async () => {
  const left = ["supervisor", "whisper", "web"].map(leave);
  const opened = await SupervisorProcess.open({
    plan: { services: [], drainLimitMs: 0 },
    logs: { folder: join(stateFolder, "logs"), maxBytes: 1000, keep: 1 },
    configPath: join(stateFolder, "wildfire.toml"),
    stateFolder,
    host: new ScriptedHost(),
    clock: systemClock,
    readPlan: () => Promise.reject(new Error("nothing is read")),
    onRecord: () => undefined,
    onChange: () => undefined,
    onCrash: () => undefined,
  });
  expect(left.filter((path) => existsSync(path))).toEqual([]);
  await opened.stop();
});
