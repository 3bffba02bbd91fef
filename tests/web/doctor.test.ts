import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnvironment } from "../../src/commands/self.ts";
import { WebDoctor } from "../../src/services/web-doctor.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { EventReading, fieldsOf } from "./web-rig.ts";

setDefaultTimeout(60_000);

type Fields = Readonly<Record<string, unknown>>;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-doctor-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function checksIn(state: Fields): Fields[] {
  const list = state["checks"];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

describe("on the page of a service that runs as a process", () => {
  let web: Bun.Subprocess<"ignore", "ignore", "pipe">;
  let url: string;
  let taken: UdpEndpoint;
  const readings: EventReading[] = [];

  /** With three faults: a port that is taken, a model that is missing, a chat server that is dead. */
  beforeEach(async () => {
    taken = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const config = join(folder, "wildfire.toml");
    const text = `[services]
run = ["whisper", "llama"]
[whisper]
port = ${taken.port}
model = "/nowhere/ggml-base.en.bin"
[llama]
backend = "openai"
url = "http://127.0.0.1:1/v1"
model = "none"
`;
    writeFileSync(config, text);
    const main = join(import.meta.dir, "../../src/main.ts");
    const argv = ["--service", "web", "--port", "0", "--log-format", "json"];
    web = Bun.spawn([process.execPath, main, ...argv, "--state-dir", folder, "--config", config], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    url = await readyUrl(web.stderr);
  });

  afterEach(async () => {
    for (const reading of readings.splice(0)) reading.close();
    web.kill();
    await web.exited;
    taken.close();
  });

  async function json(path: string): Promise<Fields> {
    return fieldsOf(await (await fetch(url + path)).json());
  }

  async function post(path: string): Promise<Response> {
    const session = await json("api/v1/session");
    const headers = { "x-csrf-token": String(session["csrf"]) };
    return await fetch(url + path, { method: "POST", headers });
  }

  async function ended(): Promise<Fields> {
    for (;;) {
      const state = await json("api/v1/doctor");
      if (state["phase"] !== "running") return state;
      await Bun.sleep(20);
    }
  }

  test("each planted fault is named with its fix as it is found, and the archive follows", async () => {
    expect((await fetch(`${url}api/v1/doctor/bundle`)).status).toBe(409);
    const feed = await EventReading.open(`${url}live/trouble`);
    const states = await EventReading.open(`${url}api/v1/doctor?follow=true`);
    readings.push(feed, states);
    expect((await post("api/v1/doctor")).status).toBe(202);
    expect((await post("api/v1/doctor")).status).toBe(409);
    const state = await ended();
    expect(state).toMatchObject({ phase: "done", level: "fault", hasArchive: true });
    const words = JSON.stringify(checksIn(state));
    expect(words).toContain(String(taken.port));
    expect(words).toContain("/nowhere/ggml-base.en.bin");
    expect(words).toContain("127.0.0.1:1");
    for (const check of checksIn(state)) expect(check["result"]).not.toBeNull();
    const page = await (await fetch(`${url}trouble`)).text();
    expect(page).toContain("/nowhere/ggml-base.en.bin");
    expect(page).toContain('<span class="fix">');
    expect(page).toContain('href="/api/v1/doctor/bundle"');
    // Verdicts came one by one.
    const counts = states.events.map(
      ({ data }) => checksIn(data).filter(({ result }) => result !== null).length,
    );
    expect(new Set(counts).size).toBeGreaterThan(3);
    expect(feed.events.map(({ data }) => String(data["html"])).join("")).toContain(
      "is looked at …",
    );
    await requireArchive();
  });

  async function requireArchive(): Promise<void> {
    const archive = await fetch(`${url}api/v1/doctor/bundle`);
    expect(archive.headers.get("content-disposition")).toMatch(
      /wildfire-support-[\d-]{10}\.tar\.gz"$/,
    );
    const files = await new Bun.Archive(await archive.bytes()).files();
    expect([...files.keys()]).toContain("doctor.json");
    expect(statSync(join(folder, "web")).mode & 0o077).toBe(0);
  }

  test("it looks again when asked again, and can be stopped", async () => {
    await post("api/v1/doctor");
    expect((await post("api/v1/doctor/stop")).status).toBe(202);
    expect(await ended()).toMatchObject({
      phase: "stopped",
      conclusion: "Not finished: it was stopped.",
      hasArchive: false,
    });
    await post("api/v1/doctor");
    expect(await ended()).toMatchObject({ phase: "done" });
  });

  test("the process of the doctor ends with the service", async () => {
    await post("api/v1/doctor");
    const children = (): string[] =>
      readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === web.pid);
    await until(() => children().length > 0, "a doctor");
    const [doctor] = children();
    web.kill();
    await web.exited;
    expect(existsSync(`/proc/${doctor}`)).toBe(false);
  });
});

async function readyUrl(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const ready = /"message":"web is ready".*"url":"([^"]+)"/.exec(text)?.[1];
    if (ready !== undefined) return ready;
  }
  throw new Error(`the web service ended: ${text}`);
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(/\) \S (\d+)/.exec(stat)?.[1]);
  } catch {
    return 0;
  }
}

test("what a supervisor told this service alone is not told to its doctor", () => {
  process.env["WILDFIRE_SUPERVISED"] = "1";
  const env = childEnvironment();
  delete process.env["WILDFIRE_SUPERVISED"];
  expect(env).not.toHaveProperty("WILDFIRE_SUPERVISED");
  expect(env).toHaveProperty("PATH");
});

describe("a doctor", () => {
  const begin = '{"kind":"begin","checks":[{"name":"disk","title":"Disk"}]}';
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  /** `script`: what runs in the place of this program. */
  function doctorOf(script: string): WebDoctor {
    return new WebDoctor({
      self: ["/bin/sh", "-c", script],
      env: { PATH: process.env["PATH"] },
      stateFolder: folder,
      configPath: undefined,
      clock,
      log: createMemoryLog(clock).log,
    });
  }

  test("that nobody waits for is stopped, and one that is watched is not", async () => {
    const doctor = doctorOf(`echo '${begin}'; exec sleep 60`);
    await doctor.begin(false);
    const release = doctor.watch();
    await until(() => doctor.state().checks.length === 1, "the checks");
    clock.advance(60_000);
    expect(doctor.state().phase).toBe("running");
    release();
    clock.advance(15_000);
    // Whoever asks waits, too.
    expect(doctor.state().phase).toBe("running");
    clock.advance(23_000);
    await doctor.close();
    expect(doctor.state()).toMatchObject({
      phase: "stopped",
      conclusion: "Not finished: nobody waited for it any more.",
    });
    expect(clock.timers).toBe(0);
  });

  test("that does not end is stopped, also against its will", async () => {
    const doctor = doctorOf("trap '' TERM; while :; do sleep 0.05; done");
    await doctor.begin(false);
    const release = doctor.watch();
    clock.advance(302_000);
    clock.advance(6000);
    await doctor.close();
    release();
    expect(doctor.state().conclusion).toBe("Not finished: it took longer than 5 minutes.");
  });

  test("that breaks off says its last words, and the next one looks again", async () => {
    const doctor = doctorOf("echo 'no such thing' >&2; exit 3");
    await doctor.begin(false);
    await until(() => doctor.state().phase === "failed", "the end");
    expect(doctor.state().conclusion).toBe("The doctor ended too early: no such thing");
    expect(doctor.archive()).toBeUndefined();
    await doctor.begin(true);
    expect(doctor.state()).toMatchObject({ phase: "running", withCall: true });
    await doctor.close();
  });

  test("whose lines are not what they should be is read all the same", async () => {
    const lines = [
      begin,
      "junk",
      '{"kind":"check"}',
      '{"kind":"check","result":{"name":"disk","level":"worse","findings":[{"seen":7},3]}}',
      '{"kind":"end"}',
    ];
    const doctor = doctorOf(`printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")}`);
    await doctor.begin(false);
    await until(() => doctor.state().phase === "done", "the end");
    expect(doctor.state().checks).toMatchObject([
      { name: "disk", result: { level: "skipped", findings: [{ seen: "" }, { seen: "" }] } },
    ]);
    await doctor.close();
  });

  test("that cannot be started says so", async () => {
    const doctor = new WebDoctor({
      self: ["/nowhere/wildfire"],
      env: {},
      stateFolder: folder,
      configPath: undefined,
      clock,
      log: createMemoryLog(clock).log,
    });
    expect(await doctor.begin(false)).toMatchObject({ phase: "failed" });
    expect(doctor.state().conclusion).toContain("could not be started");
    await doctor.close();
  });
});
