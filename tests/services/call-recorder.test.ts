import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { muLawToLinear } from "../../src/audio/g711.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { Database } from "bun:sqlite";
import { CallRecorder, type CallRecorderOptions } from "../../src/services/call-recorder.ts";
import type { CallRecording, RecordingNote } from "../../src/services/call-recording.ts";
import { RecordingShelf } from "../../src/services/recording-shelf.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { fieldsOf } from "../web/web-rig.ts";

setDefaultTimeout(60_000);

let folder: string;
let clock: FakeClock;
let memory: ReturnType<typeof createMemoryLog>;
let notes: RecordingNote[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-sound-"));
  clock = new FakeClock();
  memory = createMemoryLog(clock);
  notes = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const audioFolder = (): string => join(folder, "audio");
const dayMs = 24 * 3_600_000;
const refuse = (code: string): Error => Object.assign(new Error(code), { code });

async function open(options: Partial<CallRecorderOptions> = {}): Promise<CallRecorder> {
  const recorder = await CallRecorder.open({
    folder: audioFolder(),
    limitBytes: 1e9,
    keepMs: 90 * dayMs,
    clock,
    log: memory.log,
    ...options,
  });
  if (recorder === undefined) throw new Error(memory.text());
  return recorder;
}

interface Talk {
  readonly seconds: number;
  readonly rateHz?: number;
  readonly caller?: number;
  readonly agent?: number;
}

/** The caller's level and the agent's, in frames of 20 ms. */
function talk(recording: CallRecording, { seconds, rateHz = 8000, caller, agent }: Talk): void {
  const length = rateHz / 50;
  for (let count = 0; count < seconds * 50; count += 1) {
    const samples = agent === undefined ? undefined : new Float32Array(length).fill(agent);
    recording.toCaller(samples, length, rateHz);
    if (caller !== undefined) recording.fromCaller(new Float32Array(320).fill(caller));
  }
}

async function record(recorder: CallRecorder, ...talks: readonly Talk[]): Promise<RecordingNote> {
  const recording = recorder.begin("42", (note) => notes.push(note));
  for (const one of talks) {
    talk(recording, one);
    await recording.settled();
  }
  recording.finish();
  await recording.settled();
  const last = notes.at(-1);
  if (last === undefined) throw new Error("nothing was told");
  return last;
}

describe("the sound of a call", () => {
  test.each([8000, 16_000])(
    "is kept with its two sides at %i Hz, and told when it begins and ends",
    async (rateHz) => {
      const recorder = await open();
      const startedMs = clock.wallMs();
      const told = await record(recorder, { seconds: 3, rateHz, caller: 0.25, agent: -0.5 });
      expect(notes[0]).toMatchObject({ path: told.path, bytes: 0, startedMs });
      expect(told).toMatchObject({ durationMs: 3000, startedMs, problem: "" });
      const file = readFileSync(told.path);
      expect(told.bytes).toBe(file.length);
      expect(file.length).toBe(58 + 3 * rateHz * 2);
      const [left = 0, right = 0] = file.subarray(58 + rateHz * 3, 58 + rateHz * 3 + 2);
      expect(muLawToLinear(left) / 32_768).toBeCloseTo(0.25, 1);
      expect(muLawToLinear(right) / 32_768).toBeCloseTo(-0.5, 1);
      const wav = decodeWav(file, "the recording");
      expect(wav.sampleRateHz).toBe(rateHz);
      expect(wav.samples.length).toBe(3 * rateHz);
      expect(statSync(told.path).mode & 0o777).toBe(0o600);
      expect(statSync(audioFolder()).mode & 0o777).toBe(0o700);
      expect(recorder.status()).toMatchObject({ active: 0, written: 1, failed: 0 });
      await recorder.close();
    },
  );

  test("stays in step when one side is silent, and when the line's codec changes", async () => {
    const recorder = await open();
    const told = await record(
      recorder,
      { seconds: 2, agent: 0.5 },
      { seconds: 2, rateHz: 16_000, caller: 0.5 },
      { seconds: 1, caller: 0.5, agent: 0.5 },
    );
    expect(told).toMatchObject({ durationMs: 5000, problem: "" });
    await recorder.close();
  });

  test("of a call without any is no file", async () => {
    const recorder = await open();
    const recording = recorder.begin("2", (note) => notes.push(note));
    recording.finish();
    await recording.settled();
    expect(notes).toEqual([]);
    expect(readdirSync(audioFolder())).toEqual([]);
    await recorder.close();
  });

  test("can be read up to its last second while it is made, as after a kill", async () => {
    const recorder = await open();
    const recording = recorder.begin("2", (note) => notes.push(note));
    talk(recording, { seconds: 5, caller: 0.5, agent: 0.5 });
    await recording.settled();
    const wav = decodeWav(readFileSync(recording.path), "the recording");
    expect(wav.samples.length).toBeGreaterThanOrEqual(4 * 8000);
    await recorder.close();
    expect(notes.at(-1)).toMatchObject({ durationMs: 5000 });
  });
});

describe("a disk that refuses", () => {
  test("ends the recording and not the call, and what was written before can be heard", async () => {
    let writes = 0;
    const { openGrowingFile } = await import("../../src/services/growing-file.ts");
    const recorder = await open({
      async open(path) {
        const file = await openGrowingFile(path);
        return {
          ...file,
          async append(bytes) {
            writes += 1;
            if (writes > 3) throw refuse("ENOSPC");
            await file.append(bytes);
          },
        };
      },
    });
    const told = await record(
      recorder,
      ...Array.from({ length: 5 }, () => ({ seconds: 1.5, caller: 0.5, agent: 0.5 })),
    );
    expect(told.problem).toBe("ENOSPC");
    expect(told.durationMs).toBeGreaterThan(1000);
    const wav = decodeWav(readFileSync(told.path), "the recording");
    expect(Math.round(wav.samples.length / 8)).toBe(told.durationMs);
    expect(recorder.status()).toMatchObject({ failed: 1, lastProblem: "ENOSPC", active: 0 });
    expect(memory.text()).toContain("the sound of a call is not kept to its end");
    await recorder.close();
  });

  test("at once leaves nothing and tells nothing to the history", async () => {
    const recorder = await open({ open: () => Promise.reject(refuse("EACCES")) });
    const recording = recorder.begin("2", (note) => notes.push(note));
    talk(recording, { seconds: 3, caller: 0.5, agent: 0.5 });
    await recording.settled();
    recording.finish();
    await recording.settled();
    expect(notes).toEqual([]);
    expect(recorder.status()).toMatchObject({ failed: 1, active: 0 });
    await recorder.close();
  });

  test("a folder that cannot be used costs the sound, and not the service", async () => {
    writeFileSync(join(folder, "file"), "");
    const options = {
      folder: join(folder, "file"),
      limitBytes: 1,
      keepMs: 1,
      clock,
      log: memory.log,
    };
    expect(await CallRecorder.open(options)).toBeUndefined();
    expect(memory.text()).toContain("calls go on without it");
  });

  test("that hangs is not waited for", async () => {
    const recorder = await open({ open: () => new Promise(() => undefined) });
    const recording = recorder.begin("2", (note) => notes.push(note));
    talk(recording, { seconds: 60, caller: 0.5, agent: 0.5 });
    const closing = recorder.close();
    clock.advance(2000);
    await closing;
    expect(notes).toEqual([]);
  });
});

describe("the folder", () => {
  test("keeps within its size and its days, also what no history knows", async () => {
    const stray = "20200101T000000000Z_2_000001.wav";
    mkdirSync(audioFolder(), { mode: 0o700 });
    writeFileSync(join(audioFolder(), stray), "old");
    writeFileSync(join(audioFolder(), "notes.txt"), "not ours");
    const recorder = await open({ limitBytes: 150_000, keepMs: 10 * dayMs });
    const paths: string[] = [];
    for (let call = 0; call < 6; call += 1) {
      paths.push((await record(recorder, { seconds: 3, caller: 0.5, agent: 0.5 })).path);
      clock.advance(60_000);
    }
    const left = readdirSync(audioFolder());
    expect(left).toContain("notes.txt");
    expect(left).not.toContain(stray);
    expect(left).not.toContain(basename(paths[0] ?? ""));
    expect(left).toContain(basename(paths.at(-1) ?? ""));
    expect(left.length - 1).toBeLessThan(6);
    await recorder.close();
  });

  test("gives and loses only what a recorder has put there", async () => {
    const recorder = await open();
    const { path } = await record(recorder, { seconds: 2, caller: 0.5, agent: 0.5 });
    const shelf = new RecordingShelf(audioFolder(), memory.log);
    expect(await shelf.find(path)).toMatchObject({ path, bytes: statSync(path).size });
    const secret = join(folder, "secret.wav");
    writeFileSync(secret, "secret");
    const link = join(audioFolder(), "20260101T000000000Z_2_000009.wav");
    symlinkSync(secret, link);
    for (const other of [
      secret,
      link,
      "/etc/passwd",
      join(audioFolder(), "..", "secret.wav"),
      `${path}/../../secret.wav`,
      audioFolder(),
      "",
    ]) {
      expect(await shelf.find(other)).toBeUndefined();
      if (other !== link) shelf.remove(other);
    }
    expect([existsSync(secret), existsSync(path)]).toEqual([true, true]);
    // The history was moved with its folder, and knows the file by its old place.
    const former = join("/var/before", basename(path));
    expect(await shelf.find(former)).toMatchObject({ path });
    shelf.remove(former);
    shelf.remove(path);
    expect(existsSync(path)).toBe(false);
    await recorder.close();
  });
});

test("when no file can grow any more, both say so, and neither stops the process", async () => {
  const script = join(import.meta.dir, "limited-recorders.ts");
  // Kilobytes; ignored, the signal becomes an error of the write.
  const command = `trap '' XFSZ; ulimit -f 300; exec "$0" "$1" "$2"`;
  const child = Bun.spawn(["bash", "-c", command, process.execPath, script, folder], {
    stdout: "pipe",
    stderr: "inherit",
    stdin: "ignore",
  });
  const said = fieldsOf(JSON.parse(await child.stdout.text()));
  expect(await child.exited).toBe(0);
  const status = fieldsOf(said["status"]);
  expect(typeof status["troubleSinceMs"]).toBe("number");
  expect(status["lastProblem"]).toMatch(/disk|full/);
  expect(said["log"]).toContain("calls go on without it");
  expect(said).toMatchObject({
    sound: { failed: 1, lastProblem: "EFBIG" },
    // It is told when it begins, and that it ends before its call.
    notes: [{ bytes: 0 }, { problem: "EFBIG" }],
  });
  const db = new Database(join(folder, "calls.sqlite"));
  expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
  db.close();
});
