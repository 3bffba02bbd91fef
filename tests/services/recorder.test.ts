import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeWav } from "../../src/audio/wav.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { parseObject } from "../../src/services/event-follower.ts";
import { openRecorder, type Recorder, type RecorderOptions } from "../../src/services/recorder.ts";
import { type RecordingDisk, recordingName } from "../../src/services/recording-folder.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { finalEvent, finalOf } from "../fakes/final-transcript.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

let parent: string;
let folder: string;
let clock: FakeClock;
let memory: ReturnType<typeof createMemoryLog>;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "wildfire-recorder-"));
  folder = join(parent, "recordings");
  clock = new FakeClock();
  memory = createMemoryLog(clock, "info");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

const call = { callId: "111", key: "111-3" };

async function open(options: Partial<RecorderOptions> = {}): Promise<Recorder> {
  return await openRecorder({
    folder,
    limitBytes: 1_000_000,
    clock,
    log: memory.log,
    about: { model: "demo", version: "1.2.3", commit: "abc" },
    ...options,
  });
}

/** Keeps utterances of 0.1 s, one a second. */
function keep(recorder: Recorder, ...texts: string[]): void {
  for (const text of texts) {
    recorder.keep(call, finalEvent(finalOf(text)));
    clock.advance(1000);
  }
}

const filesOf = (path: string): string[] => readdirSync(path).toSorted();
const texts = (): unknown[] =>
  filesOf(folder)
    .filter((name) => name.endsWith(".json") && lstatSync(join(folder, name)).isFile())
    .map((name) => readJson(name)["text"]);

function readJson(name: string): Readonly<Record<string, unknown>> {
  return parseObject(readFileSync(join(folder, name), "utf8")) ?? {};
}

async function refusal(attempt: Promise<unknown>): Promise<WildfireError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof WildfireError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe("what is kept", () => {
  test("the samples that were heard, beside all that is known of the text", async () => {
    const recorder = await open();
    const samples = Float32Array.from(
      { length: 40_000 },
      (_, i) => ((i * 7) % 65_536) / 32_768 - 1,
    );
    const final = finalOf("hello", samples, { invention: { reason: "repetition", text: "bye" } });
    recorder.keep(call, finalEvent(final, 5000));
    await recorder.close();

    const name = "20260101T000000000Z_111-3_000001";
    expect(filesOf(folder)).toEqual([`${name}.json`, `${name}.wav`]);
    const wav = decodeWav(readFileSync(join(folder, `${name}.wav`)), "wav");
    expect(wav).toEqual({ sampleRateHz: 16_000, channels: 1, samples });
    expect(readJson(`${name}.json`)).toEqual({
      audio: `${name}.wav`,
      time: "2026-01-01T00:00:00.000Z",
      callId: "111",
      key: "111-3",
      callStartMs: 5000,
      startMs: 0,
      endMs: 2500,
      text: "hello",
      words: [{ text: "hello", startMs: 10, endMs: 90, probability: 0.877 }],
      language: "en",
      invention: { reason: "repetition", text: "bye" },
      averageLogProbability: -0.1235,
      noSpeechProbability: 0.01,
      speechProbability: 0.9123,
      audioContext: 256,
      tries: 1,
      wasForeseen: true,
      audioMs: 2500,
      queuedMs: 1.2,
      decodeMs: 45.7,
      about: { model: "demo", version: "1.2.3", commit: "abc" },
    });
  });

  test("folder 0700 and files 0600, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      const recorder = await open();
      keep(recorder, "a");
      await recorder.close();
    } finally {
      process.umask(before);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of filesOf(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  test("names sort by time, and hostile keys stay in the folder", () => {
    const names = [0, 999, 1000, 60_000].map((ms, index) => recordingName(ms, "1-1", 9 - index));
    expect(names.toSorted()).toEqual(names);
    expect(recordingName(0, "../../x\0y", 1)).toBe("19700101T000000000Z_------x-y_000001");
    expect(recordingName(0, "", 1_234_567)).toBe("19700101T000000000Z_-_234567");
  });

  test("nothing after close", async () => {
    const recorder = await open();
    await recorder.close();
    keep(recorder, "late");
    expect(recorder.status()).toMatchObject({ written: 0, waiting: 0, dropped: 0 });
    expect(clock.timers).toBe(0);
  });
});

describe("the size limit", () => {
  /** A pair of `keep` is 3,244 bytes of sound and some 700 of JSON. */
  const threePairs = 13_000;

  test("the oldest pairs make room, and the status says so", async () => {
    const recorder = await open({ limitBytes: threePairs });
    keep(recorder, "a", "b", "c", "d", "e");
    await recorder.close();
    expect(texts()).toEqual(["c", "d", "e"]);
    expect(filesOf(folder)).toHaveLength(6);
    const { bytes, recordings, removed, written } = recorder.status();
    const onDisk = filesOf(folder).reduce(
      (sum, name) => sum + statSync(join(folder, name)).size,
      0,
    );
    expect(bytes).toBe(onDisk);
    expect(bytes).toBeLessThanOrEqual(threePairs);
    expect({ recordings, removed, written }).toEqual({ recordings: 3, removed: 2, written: 5 });
  });

  test("recordings of earlier runs count, and go first", async () => {
    const first = await open();
    keep(first, "a", "b", "c");
    await first.close();
    const second = await open({ limitBytes: threePairs });
    expect(second.status()).toMatchObject({ recordings: 3, written: 0 });
    keep(second, "d");
    await second.close();
    expect(texts()).toEqual(["b", "c", "d"]);
  });

  test("half a pair of a run that was killed is removed in its turn", async () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, `${recordingName(0, "1-1", 1)}.wav`), Buffer.alloc(9000));
    const recorder = await open({ limitBytes: threePairs });
    keep(recorder, "a", "b");
    await recorder.close();
    expect(texts()).toEqual(["a", "b"]);
    expect(filesOf(folder)).toHaveLength(4);
  });

  test("what others put there is never touched: other names, links, folders", async () => {
    mkdirSync(folder, { mode: 0o700 });
    const outside = join(parent, "precious");
    writeFileSync(outside, Buffer.alloc(50_000));
    const link = `${recordingName(0, "1-1", 1)}.wav`;
    symlinkSync(outside, join(folder, link));
    const subfolder = `${recordingName(0, "1-1", 2)}.wav`;
    mkdirSync(join(folder, subfolder));
    const others = [
      "notes.txt",
      "20200101T000000000Z_1-1_000001.mp3",
      "x20200101T000000000Z_1_000001.wav",
    ];
    for (const name of others) writeFileSync(join(folder, name), Buffer.alloc(50_000));
    const recorder = await open({ limitBytes: threePairs });
    expect(recorder.status()).toMatchObject({ recordings: 0, bytes: 0 });
    keep(recorder, "a", "b", "c", "d", "e");
    await recorder.close();
    expect(texts()).toEqual(["c", "d", "e"]);
    const left = filesOf(folder);
    for (const name of [...others, link, subfolder]) expect(left).toContain(name);
    expect(statSync(outside).size).toBe(50_000);
  });

  test("a name that leads elsewhere is never written through", async () => {
    mkdirSync(folder, { mode: 0o700 });
    const outside = join(parent, "elsewhere");
    const name = recordingName(clock.wallMs(), call.key, 1);
    symlinkSync(outside, join(folder, `${name}.wav`));
    const recorder = await open();
    keep(recorder, "a");
    await recorder.close();
    expect(existsSync(outside)).toBe(false);
    expect(lstatSync(join(folder, `${name}.wav`)).isSymbolicLink()).toBe(true);
    expect(recorder.status()).toMatchObject({ written: 0, failed: 1 });
  });

  test("recordings that somebody else removed are no trouble", async () => {
    const recorder = await open({ limitBytes: threePairs });
    keep(recorder, "a", "b", "c");
    await until(() => recorder.status().written === 3, "three recordings");
    for (const name of filesOf(folder)) unlinkSync(join(folder, name));
    keep(recorder, "d", "e");
    await recorder.close();
    expect(texts()).toEqual(["d", "e"]);
    expect(recorder.status()).toMatchObject({ failed: 0 });
  });

  test("two services that share the folder find each other's recordings", async () => {
    const one = await open({ limitBytes: threePairs });
    const other = await open({ limitBytes: threePairs });
    keep(one, "a", "b", "c");
    await one.close();
    for (let time = 0; time < 110; time += 1) {
      keep(other, `x${time}`);
      await until(() => other.status().written === time + 1, "a recording");
    }
    await other.close();
    expect(texts()).toEqual(["x107", "x108", "x109"]);
  });

  test("an utterance beyond the limit is left out, and nothing makes room for it", async () => {
    const recorder = await open({ limitBytes: 5000 });
    keep(recorder, "a");
    recorder.keep(call, finalEvent(finalOf("long", new Float32Array(16_000))));
    await recorder.close();
    expect(texts()).toEqual(["a"]);
    expect(recorder.status()).toMatchObject({ failed: 1, removed: 0 });
  });
});

describe("a folder that cannot be used", () => {
  test("is refused in one line at the start", async () => {
    const file = join(parent, "file");
    writeFileSync(file, "");
    const within = await refusal(open({ folder: join(file, "x") }));
    expect(within.code).toBe("usage");
    expect(within.summary).toBe(
      `cannot record into ${JSON.stringify(join(file, "x"))}: ENOTDIR (errno 20); name a folder that this user may write to`,
    );
    expect((await refusal(open({ folder: file }))).message).toContain("EEXIST");
  });

  test("is refused when others can write to it", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const error = await refusal(open());
    expect(error.code).toBe("usage");
    expect(error.summary).toContain("others can write to it");
  });

  test("may be a link to one that can be used", async () => {
    const real = join(parent, "real");
    mkdirSync(real, { mode: 0o700 });
    symlinkSync(real, folder);
    const recorder = await open();
    keep(recorder, "a");
    await recorder.close();
    expect(filesOf(real)).toHaveLength(2);
    expect(recorder.status().folder).toBe(real);
  });
});

const warnings = (): string[] =>
  memory.records.filter(({ level }) => level !== "info").map(({ message }) => message);

/** The real disk, except where a test says otherwise. */
class UnruledDisk implements RecordingDisk {
  failWith: string | undefined;
  /** Names that fail; all when undefined. */
  failing = /./;
  removals: string[] = [];
  readonly #gates: (() => void)[] = [];
  isHanging = false;

  async create(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
    if (this.isHanging) await new Promise<void>((resolve) => this.#gates.push(resolve));
    const bytes = Buffer.concat([...pieces]);
    const isFailing = this.failWith !== undefined && this.failing.test(path);
    // A disk that fills up has taken something by then.
    writeFileSync(path, isFailing ? bytes.subarray(0, 10) : bytes, { flag: "wx", mode: 0o600 });
    this.#failMaybe(path);
  }

  async remove(path: string): Promise<void> {
    this.removals.push(path);
    unlinkSync(path);
  }

  release(): void {
    this.isHanging = false;
    for (const resolve of this.#gates.splice(0)) resolve();
  }

  #failMaybe(path: string): void {
    const code = this.failWith;
    if (code === undefined || !this.failing.test(path)) return;
    throw Object.assign(new Error("disk"), { code });
  }
}

describe("trouble with the disk", () => {
  test("full: one line that says what to do, no half recordings, and on it goes when there is room", async () => {
    const disk = new UnruledDisk();
    const recorder = await open({ disk });
    disk.failWith = "ENOSPC";
    keep(recorder, ...Array.from({ length: 20 }, (_, index) => `lost ${index}`));
    await until(() => recorder.status().failed === 20, "twenty failures");
    expect(warnings()).toEqual(["cannot record an utterance: ENOSPC (errno 28)"]);
    expect(memory.text()).toContain("free space on that disk");
    expect(recorder.status().lastErrno).toBe("ENOSPC (errno 28)");
    expect(filesOf(folder)).toEqual([]);

    clock.advance(60_000);
    expect(warnings()).toHaveLength(2);
    expect(memory.records.at(-1)?.fields).toMatchObject({ moreInLastMinute: 19 });
    disk.failWith = undefined;
    keep(recorder, "kept");
    await recorder.close();
    expect(texts()).toEqual(["kept"]);
  });

  test("a text that cannot be written takes its sound with it", async () => {
    const disk = new UnruledDisk();
    disk.failing = /\.json$/;
    disk.failWith = "EACCES";
    const recorder = await open({ disk });
    keep(recorder, "a");
    await recorder.close();
    expect(filesOf(folder)).toEqual([]);
    expect(recorder.status()).toMatchObject({ failed: 1, bytes: 0, recordings: 0 });
    expect(memory.text()).toContain("with mode 700");
  });

  test("old ones that cannot be removed: the limit holds all the same", async () => {
    const disk = new UnruledDisk();
    const recorder = await open({ disk, limitBytes: 13_000 });
    keep(recorder, "a", "b", "c");
    await until(() => recorder.status().written === 3, "three recordings");
    disk.remove = async () => {
      throw Object.assign(new Error("disk"), { code: "EPERM" });
    };
    keep(recorder, "d");
    await recorder.close();
    expect(texts()).toEqual(["a", "b", "c"]);
    expect(recorder.status()).toMatchObject({ failed: 1, recordings: 3 });
  });

  test("the folder is gone: told, and used again when it is back", async () => {
    const recorder = await open();
    rmSync(folder, { recursive: true });
    keep(recorder, "a");
    await until(() => recorder.status().failed === 1, "a failure");
    expect(memory.text()).toContain("ENOENT (errno 2)");
    expect(memory.text()).toContain("the folder is gone");
    mkdirSync(folder, { mode: 0o700 });
    keep(recorder, "b");
    await recorder.close();
    expect(texts()).toEqual(["b"]);
  });

  test("too slow: what waits is bounded in number, and what is dropped is counted and told once", async () => {
    const disk = new UnruledDisk();
    disk.isHanging = true;
    const recorder = await open({ disk });
    keep(recorder, ...Array.from({ length: 80 }, (_, index) => String(index)));
    // One is being written, 64 wait.
    expect(recorder.status()).toMatchObject({ waiting: 64, dropped: 15, written: 0 });
    expect(warnings()).toEqual(["recordings are dropped: the disk does not keep up"]);
    disk.release();
    await recorder.close();
    expect(recorder.status()).toMatchObject({ waiting: 0, dropped: 15, written: 65 });
  });

  test("too slow: what waits is bounded in bytes", async () => {
    const disk = new UnruledDisk();
    disk.isHanging = true;
    const recorder = await open({ disk, limitBytes: 100_000_000 });
    const sixMegabytes = new Float32Array(1_500_000);
    for (let count = 0; count < 10; count += 1) {
      recorder.keep(call, finalEvent(finalOf(String(count), sixMegabytes)));
    }
    expect(recorder.status()).toMatchObject({ waiting: 4, dropped: 5 });
    disk.release();
    await recorder.close();
    expect(recorder.status()).toMatchObject({ written: 5, failed: 0 });
  });

  test("a disk that hangs does not keep the service from stopping", async () => {
    const disk = new UnruledDisk();
    disk.isHanging = true;
    const recorder = await open({ disk });
    keep(recorder, "a", "b");
    const closed = recorder.close();
    clock.advance(2000);
    await closed;
    expect(recorder.status()).toMatchObject({ waiting: 0, dropped: 1 });
    expect(clock.timers).toBe(0);
    disk.release();
  });
});
