/** What a running whisper service tells about itself, to people and to programs. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { Announcer, LegacyInbound, utteranceChunk } from "./legacy-inbound.ts";
import { type Program, runToEnd } from "./program.ts";
import { freePort, freeUdpPort } from "./raw-connection.ts";
import { samplesOf, sentenceWith } from "./speech.ts";
import { isWhisperStatus } from "./status.ts";

setDefaultTimeout(testLimitMs);

const ids = {
  counted: 3600,
  busy: 3602,
  quick: 3604,
  killed: 3606,
  ended: 3608,
  broken: 3610,
} as const;

async function status(stage: Stage, ...argv: string[]): Promise<Program> {
  const all = ["status", ...argv, "--state-dir", stage.stateFolder];
  return await runToEnd({ argv: all, cwd: stage.folder });
}

function answerOf(program: Program): unknown {
  expect(program.errors).toEqual([]);
  expect(program.exitCode).toBe(0);
  return JSON.parse(program.output.join("\n"));
}

test("`wildfire status whisper` answers every time, one JSON object with all that was promised", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(ids.counted, announcer);
  using _ended = new LegacyInbound(ids.ended, announcer);
  await inbound.call();
  announcer.bye(ids.ended);
  announcer.send("HOLA:1");
  await whisper.reaches("three datagrams", ({ registration }) => registration.datagrams === 3);

  for (let time = 0; time < 10; time += 1) {
    const answer = answerOf(await status(stage, "whisper"));
    expect(answer).toMatchObject({
      service: "whisper",
      pid: whisper.program.pid,
      patterns: [],
      model: { name: "demo" },
      registration: {
        address: `127.0.0.1:${whisper.port}`,
        isOpen: true,
        receiveBufferWantedBytes: 4 << 20,
        queuedBytes: 0,
        kernelDrops: 0,
        datagrams: 3,
        bytes: "REGISTER:3600".length + "BYE:3608".length + "HOLA:1".length,
        registers: 1,
        byes: 1,
        refused: { "unknown-verb": 1 },
        lastDatagram: { bytes: 6 },
        errors: 0,
        lastErrno: null,
        reopened: 0,
      },
      calls: [{ callId: String(ids.counted), state: "hearing" }],
      llama: { peer: `127.0.0.1:${llama.port}`, open: 1, waiting: 0, dropped: 0 },
    });
    const from: unknown = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    expect(answer).toHaveProperty(["registration", "lastDatagram", "from"], from);
    for (const name of ["version", "commit", "bun", "whisper", "target"]) {
      expect(answer).toHaveProperty(name, expect.any(String));
    }
    for (const name of ["uptimeS", "memoryBytes", "recogniser.lanes"]) {
      expect(answer).toHaveProperty(name, expect.any(Number));
    }
    expect(answer).toHaveProperty("eventLoopDelay", expect.any(Object));
  }
});

test("SIGUSR1 prints the same object on one line; descriptor and buffer are the kernel's", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort() });
  const answer = await whisper.status();
  expect(answer.pid).toBe(whisper.program.pid);
  const { fileDescriptor, receiveBufferBytes } = answer.registration;
  const link = readlinkSync(`/proc/${whisper.program.pid}/fd/${fileDescriptor}`);
  expect(link).toStartWith("socket:");
  expect(receiveBufferBytes).toBeGreaterThan(0);
  expect(whisper.program.find("listening for registrations")).toMatchObject({
    fd: fileDescriptor,
    receiveBufferBytes,
    wantedBytes: 4 << 20,
  });
});

test("SIGUSR1 during the start does not end the service", async () => {
  await using stage = new Stage();
  const program = stage.start("whisper", ["--port", "0", "--llama-port", String(freePort())]);
  await eventually({ what: "the first line", probe: () => program.errors.length > 0 });
  program.signal("SIGUSR1");
  await program.said("whisper is ready");
  expect(program.exitCode).toBeUndefined();
});

test("the status socket is for its owner only", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort() });
  const folder = join(stage.stateFolder, "run");
  const socket = join(folder, `whisper-${whisper.program.pid}.sock`);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("two services are two answers; of a dead one nothing is left but a clear line", async () => {
  await using stage = new Stage();
  const whispers = [
    await stage.startWhisper({ llamaPort: freePort() }),
    await stage.startWhisper({ llamaPort: freePort() }),
  ];
  const both = answerOf(await status(stage, "whisper"));
  const pids = Array.isArray(both) ? both.filter(isWhisperStatus).map(({ pid }) => pid) : [];
  expect(new Set(pids)).toEqual(new Set(whispers.map(({ program }) => program.pid)));
  expect(pids).toHaveLength(whispers.length);

  for (const { program } of whispers) {
    program.signal("SIGKILL");
    await program.exited();
  }
  const socket = join(stage.stateFolder, "run", `whisper-${whispers[0]?.program.pid}.sock`);
  expect(existsSync(socket)).toBe(true);
  const dead = await status(stage, "whisper");
  expect(dead.exitCode).toBe(1);
  expect(dead.errors).toHaveLength(1);
  expect(dead.errors[0]).toContain(
    `no whisper service runs with the state folder ${stage.stateFolder}`,
  );
  expect(existsSync(socket)).toBe(false);
});

test("status says when a service hangs, and when it is asked for what does not exist", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort() });
  whisper.program.signal("SIGSTOP");
  const hung = await status(stage, "whisper");
  whisper.program.signal("SIGCONT");
  expect(hung.exitCode).toBe(1);
  expect(hung.errors.join("\n")).toContain("does not answer within 3 s");

  const unknown = await status(stage, "whispr");
  expect(unknown.exitCode).toBe(2);
  expect(unknown.errors.join("\n")).toContain('"whispr"');
});

test("REGISTER for a connected call is only counted", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort() });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(ids.counted, announcer);
  await inbound.call();
  for (let time = 0; time < 20; time += 1) inbound.register();
  const { calls, totals } = await whisper.reaches(
    "21 datagrams",
    ({ registration }) => registration.registers === 21,
  );
  expect(calls).toMatchObject([{ callId: String(ids.counted), registers: 21 }]);
  expect(totals.started).toBe(1);
  expect(inbound.connections).toHaveLength(1);
  await whisper.program.said("call connected");
  expect(whisper.program.count("call connected")).toBe(1);
});

test("with every lane busy and no LLaMA a new call is connected before the lanes are free", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort(), argv: ["--lanes", "1"] });
  using announcer = await Announcer.open(whisper.port);
  using busy = new LegacyInbound(ids.busy, announcer);
  using quick = new LegacyInbound(ids.quick, announcer);
  const chunk = utteranceChunk(samplesOf(sentenceWith("Sorry may I speak with John please?")));
  (await busy.call()).send(...Array.from({ length: 16 }, () => chunk));
  await whisper.reaches(
    "work in the lane and before it",
    ({ recogniser }) => recogniser.running === 1 && recogniser.queued >= 10,
  );

  await quick.call();
  const { recogniser } = await whisper.reaches("the new call heard", ({ calls }) =>
    calls.some((call) => call.callId === String(ids.quick) && call.state === "hearing"),
  );
  expect(recogniser).toMatchObject({ running: 1 });
  expect(recogniser.queued).toBeGreaterThan(0);
});

test("pattern D: datagrams that pile up while the process stands still are named as such", async () => {
  await using stage = new Stage();
  const whisper = await stage.startWhisper({ llamaPort: freePort() });
  using announcer = await Announcer.open(whisper.port);
  whisper.program.signal("SIGSTOP");
  for (let count = 0; count < 40_000; count += 1) announcer.send("REGISTER:");
  whisper.program.signal("SIGCONT");
  announcer.send("REGISTER:");

  const found = await eventually({
    what: "pattern D in the log",
    probe: () =>
      whisper.program.records.find(({ message }) => String(message).startsWith("pattern D")),
    explain: () => whisper.program.explain(),
  });
  expect(found["level"]).toBe("warn");
  expect(found["advice"]).toContain("too slow");
  await whisper.status();
  expect(whisper.program.exitCode).toBeUndefined();
});

test("pattern C: an error on the socket is named with its number, and the next call is heard", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const port = await freeUdpPort();
  const whisper = await stage.startWhisper({ llamaPort: llama.port, port });
  const kill = Bun.spawnSync(["ss", "-K", "--udp", "--all", `sport = :${port}`]);
  if (process.getuid?.() !== 0 || kill.exitCode !== 0 || !kill.stdout.includes(String(port))) {
    console.warn("skipped: only root, with ss and a kernel that lets it, can break a socket");
    return;
  }

  await whisper.program.said("registration socket error: ECONNABORTED (errno 103)");
  const { patterns } = await whisper.status();
  expect(patterns).toMatchObject([{ pattern: "C" }]);
  using announcer = await Announcer.open(port);
  using inbound = new LegacyInbound(ids.broken, announcer);
  await inbound.call();
  await whisper.program.said("call connected");
});
