/** `wildfire events`: whoever watches sees what callers say, and disturbs nobody. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage, type Whisper } from "./harness.ts";
import { Program } from "./program.ts";
import { demoCall, type Recording, shortest } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const watchedId = 3720;
const limitMs = 30_000;

function watch(stage: Stage, ...argv: string[]): Program {
  const all = ["events", "--state-dir", stage.stateFolder, ...argv];
  return new Program({ argv: all, cwd: stage.folder });
}

async function told(program: Program, what: string): Promise<void> {
  await eventually({
    what,
    probe: () => program.errors.some((line) => line.includes(what)),
    explain: () => program.explain(),
  });
}

async function speak(stage: Stage, whisper: Whisper, recording: Recording): Promise<void> {
  const { port: whisperPort } = whisper;
  const inbound = stage.startInbound({ callId: watchedId, recording, whisperPort });
  expect(await inbound.program.exited(limitMs)).toBe(0);
}

async function lines(program: Program, count: number): Promise<string[]> {
  return await eventually({
    what: `${count} lines`,
    limitMs,
    probe: () => program.output.length >= count && program.output,
    explain: () => program.explain(),
  });
}

test("people read a line for each text, programs the events as they are told", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using people = watch(stage);
  await using programs = watch(stage, "--json");
  await told(people, `listening to whisper (process ${whisper.program.pid})`);
  await told(programs, `listening to whisper (process ${whisper.program.pid})`);
  await speak(stage, whisper, demoCall);

  const read = await lines(people, 5);
  const call = `${watchedId}-1`;
  const times = /^\d\d:\d\d:\d\d /;
  const said = ["call begins", ...demoCall.texts, "ended: end marker (all-ones)"];
  expect(read.map((line) => line.replace(times, ""))).toEqual(
    said.map((text) => `${call} ${text}`),
  );
  for (const line of read) expect(line).toMatch(times);

  const finals = (): typeof programs.records =>
    programs.records.filter(({ kind }) => kind === "final");
  await eventually({ what: "three finals", probe: () => finals().length === 3 });
  expect(finals().map(({ text }) => text)).toEqual([...demoCall.texts]);
  for (const final of finals()) {
    expect(final).toMatchObject({ callId: String(watchedId), key: call, pid: whisper.program.pid });
    expect(final).not.toHaveProperty("utterance");
    expect(final).toHaveProperty("words.0.probability", expect.any(Number));
  }
  expect(programs.records[0]).toMatchObject({ kind: "listening", service: "whisper" });
  const starts = programs.records.filter(({ kind }) => kind === "speech-start");
  expect(starts).toHaveLength(3);

  for (const watcher of [people, programs]) {
    watcher.signal(watcher === people ? "SIGINT" : "SIGTERM");
    expect(await watcher.exited()).toBe(0);
  }
});

test("a service that is not there yet is waited for, and one that starts again is found", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  await using watcher = watch(stage);
  await told(watcher, "no whisper runs yet; waiting for it");
  const first = await stage.startWhisper({ llamaPort: llama.port });
  await told(watcher, `listening to whisper (process ${first.program.pid})`);
  first.program.signal("SIGKILL");
  await told(watcher, `whisper (process ${first.program.pid}) has ended; waiting`);
  const second = await stage.startWhisper({ llamaPort: llama.port });
  await told(watcher, `listening to whisper (process ${second.program.pid})`);
  await speak(stage, second, shortest);
  expect((await lines(watcher, 2))[1]).toEndWith(` ${shortest.texts[0]}`);
});

test("a reader that leaves, as head does, ends the command in order", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  await using watcher = new Program({
    argv: ["events", "--state-dir", stage.stateFolder],
    cwd: stage.folder,
    prefix: ["/bin/sh", "-c", '("$@"; echo "exit code $?" >&2) | head -n 2', "sh"],
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
  });
  await told(watcher, `listening to whisper (process ${whisper.program.pid})`);
  await speak(stage, whisper, demoCall);
  expect(await watcher.exited()).toBe(0);
  expect(watcher.output).toHaveLength(2);
  expect(watcher.output[1]).toEndWith(` ${demoCall.texts[0]}`);
  expect(watcher.errors.at(-1)).toBe("exit code 0");
});

test("whoever asks for something that there is not is told in one line", async () => {
  await using stage = new Stage();
  await using wrong = watch(stage, "--service", "nobody");
  expect(await wrong.exited()).toBe(2);
  expect(wrong.errors).toEqual([
    'wildfire: --service: "nobody" is not one of sip, audiosocket, whisper, llama, kokoro, web, supervisor',
  ]);
  await using helped = watch(stage, "--help");
  expect(await helped.exited()).toBe(0);
  expect(helped.output.join("\n")).toContain("wildfire events [options]");
});
