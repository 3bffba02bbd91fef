import { beforeAll, describe, expect, test } from "bun:test";
import { WildfireError } from "../../src/core/errors.ts";
import { readCpuFlags } from "../../src/platform/host-platform.ts";
import { chooseVariant } from "../../src/platform/platform.ts";
import type { EngineOptions, NativeEvent, NativeJob } from "../../src/whisper/native-layout.ts";
import { decodeResult, decodeText } from "../../src/whisper/native-results.ts";
import { nativeStatus } from "../../src/whisper/native-status.ts";
import {
  type NativeLibrary,
  type NativeModel,
  findLoadProblem,
  loadNative,
} from "../../src/whisper/native.ts";
import { libraryUnderTest, platformUnderTest } from "./library-under-test.ts";
import { demoAudioContext, demoModel, shortestRecording } from "./speech-under-test.ts";

const options: EngineOptions = {
  lanes: 1,
  threadsPerLane: 1,
  flashAttention: true,
  useGpu: false,
  jobLimit: 100,
  niceness: 0,
};

const { samples, text } = shortestRecording();
const model: NativeModel = { bytes: demoModel() };
const waitLimitMs = 20_000;

const jobNumber = (id: number, priority = 0): NativeJob => ({
  id,
  priority,
  handicapMs: 0,
  sampleCount: samples.length,
  promptBytes: 0,
  audioContext: demoAudioContext,
  language: "en",
  translate: false,
  timestamps: true,
  beamSize: 1,
});

const handicapped = (id: number, handicapMs: number): NativeJob => ({
  ...jobNumber(id),
  handicapMs,
});

const noPrompt = new Uint8Array(0);

let library: NativeLibrary;

beforeAll(async () => {
  library = loadNative(await libraryUnderTest());
});

/** Polls until so many events have come, or throws when they do not. */
async function events(engine: number, count: number): Promise<readonly NativeEvent[]> {
  const found: NativeEvent[] = [];
  const deadline = performance.now() + waitLimitMs;
  while (found.length < count) {
    found.push(...library.poll(engine));
    if (performance.now() > deadline) throw new Error(`only ${found.length} of ${count} events`);
    await Bun.sleep(1);
  }
  return found;
}

async function openLoaded(changes: Partial<EngineOptions> = {}): Promise<number> {
  const engine = library.openEngine({ ...options, ...changes }, model);
  expect(await events(engine, 1)).toMatchObject([{ kind: "loaded", status: nativeStatus.ok }]);
  return engine;
}

async function close(engine: number): Promise<readonly NativeEvent[]> {
  library.beginClose(engine);
  const found: NativeEvent[] = [];
  while (found.at(-1)?.kind !== "closed") {
    found.push(...(await events(engine, 1)));
  }
  library.freeEngine(engine);
  return found;
}

function submit(engine: number, job: NativeJob): number {
  return library.submit(engine, job, samples, noPrompt);
}

function submitAll(engine: number, jobs: readonly NativeJob[]): readonly number[] {
  return jobs.map((job) => submit(engine, job));
}

/** Ids of the next jobs that end, but for job 1, which may have started before the others came. */
async function nextToEnd(engine: number, count: number): Promise<readonly number[]> {
  const order = (await events(engine, count)).map((event) => event.jobId);
  return order.filter((id) => id !== 1);
}

function errorOf(action: () => unknown): WildfireError {
  try {
    action();
  } catch (error) {
    if (error instanceof WildfireError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the native library", () => {
  test("says what it is", async () => {
    const platform = platformUnderTest();
    const variant = chooseVariant(platform, process.arch, await readCpuFlags(platform));
    expect(library.cpuVariant).toBe(variant?.name ?? "none");
    expect(library.whisperVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect(library.systemInfo).toContain("CPU");
  });

  test("is accepted by the loader, which says why where it refuses a file", async () => {
    expect(findLoadProblem(await libraryUnderTest())).toBeUndefined();
    expect(findLoadProblem(import.meta.path)).toBeString();
    expect(findLoadProblem("/nonexistent/lib.so")).toContain("No such file");
  });

  test("is refused by name when it is another library", () => {
    const { libc } = platformUnderTest();
    const error = errorOf(() => loadNative(libc));
    expect(error.code).toBe("native");
    expect(error.message).toContain(libc);
    expect(error.hint).toContain("npm run build");
  });
});

describe("an engine", () => {
  test("takes no jobs before its model is loaded", async () => {
    const engine = library.openEngine(options, model);
    expect(submit(engine, jobNumber(1))).toBe(nativeStatus.notReady);
    await close(engine);
  });

  test("gives each result once", async () => {
    const engine = await openLoaded();
    expect(submit(engine, jobNumber(1))).toBe(nativeStatus.ok);
    const [done] = await events(engine, 1);
    expect(done).toMatchObject({ kind: "job-done", jobId: 1, status: nativeStatus.ok });
    expect(library.readStatus(engine)).toMatchObject({ queued: 0, running: 0, unclaimed: 1 });
    const result = decodeResult(library.takeResult(engine, 1, done?.resultBytes ?? 0), 60_000);
    const heard = result?.segments.map((segment) => segment.text).join("");
    expect(heard?.trim()).toBe(text);
    expect(library.readStatus(engine)).toMatchObject({ unclaimed: 0 });
    expect(() => library.takeResult(engine, 1, done?.resultBytes ?? 0)).toThrow("no such job");
    await close(engine);
  });

  test("tells what the model is once it is loaded", async () => {
    const engine = await openLoaded({ lanes: 2 });
    expect(library.readStatus(engine)).toEqual({
      lanes: 2,
      queued: 0,
      running: 0,
      unclaimed: 0,
      modelAudioContext: 1500,
      multilingual: false,
    });
    await close(engine);
  });

  test("runs the lowest priority number first, and equals in order of arrival", async () => {
    const engine = await openLoaded();
    const jobs = [jobNumber(1, 0), jobNumber(2, 5), jobNumber(3, 1), jobNumber(4, 5)];
    submitAll(engine, [...jobs, jobNumber(5, 1), jobNumber(6, -2)]);
    expect(await nextToEnd(engine, 6)).toEqual([6, 3, 5, 2, 4]);
    await close(engine);
  });

  test("lets a job with less handicap overtake one that came less than the difference before", async () => {
    const engine = await openLoaded();
    // Several jobs before the lane is free: a host that stands still in the wait ends one of them.
    const first = [1, 2, 3, 4].map((id) => jobNumber(id, -1));
    submitAll(engine, [...first, handicapped(5, 60_000), handicapped(6, 2)]);
    const submittedMs = performance.now();
    while (performance.now() - submittedMs < 4) library.readStatus(engine);
    submitAll(engine, [handicapped(7, 0), handicapped(8, 30_000)]);
    expect(await nextToEnd(engine, 8)).toEqual([2, 3, 4, 6, 7, 8, 5]);
    await close(engine);
  });

  test("runs a raised job by its new priority and its old time", async () => {
    const engine = await openLoaded();
    submitAll(engine, [jobNumber(1), jobNumber(2, 2), jobNumber(3, 1), jobNumber(4, 0)]);
    submitAll(engine, [jobNumber(5, 1)]);
    library.raise(engine, 2, 1);
    library.raise(engine, 5, 0);
    expect(await nextToEnd(engine, 5)).toEqual([4, 5, 2, 3]);
    await close(engine);
  });

  test("does not lower a job by raising it, and takes no harm from raising what is not queued", async () => {
    const engine = await openLoaded();
    submitAll(engine, [jobNumber(1), jobNumber(2, 0), jobNumber(3, 1)]);
    library.raise(engine, 1, 0);
    library.raise(engine, 2, 2);
    library.raise(engine, 99, 0);
    expect(await nextToEnd(engine, 3)).toEqual([2, 3]);
    library.raise(engine, 3, 0);
    await close(engine);
  });

  test("refuses jobs beyond its limit until others are collected", async () => {
    const engine = await openLoaded({ jobLimit: 3 });
    const jobs = [1, 2, 3, 4].map((id) => jobNumber(id));
    expect(submitAll(engine, jobs)).toEqual([0, 0, 0, nativeStatus.queueFull]);
    const done = await events(engine, 3);
    expect(submit(engine, jobNumber(5))).toBe(nativeStatus.queueFull);
    for (const event of done) library.takeResult(engine, event.jobId, event.resultBytes);
    expect(submit(engine, jobNumber(5))).toBe(nativeStatus.ok);
    await close(engine);
  });

  const impossible: Readonly<Record<string, Partial<NativeJob>>> = {
    "job 0": { id: 0 },
    "a negative audio context": { audioContext: -1 },
    "an unknown language": { language: "xx" },
    "a language that does not fit": { language: "klingonese" },
    "no language": { language: "" },
    "nine hypotheses": { beamSize: 9 },
    "more than ten minutes": { sampleCount: 16_000 * 600 + 1 },
    "a negative number of samples": { sampleCount: -1 },
    "a negative handicap": { handicapMs: -1 },
    "a handicap of more than an hour": { handicapMs: 3_600_001 },
    "a prompt of less than nothing": { promptBytes: -1 },
  };
  test("refuses what whisper.cpp must not be asked", async () => {
    const engine = await openLoaded();
    for (const [name, change] of Object.entries(impossible)) {
      const status = submit(engine, { ...jobNumber(1), ...change });
      expect([name, status]).toEqual([name, nativeStatus.argument]);
    }
    expect(submitAll(engine, [jobNumber(1), jobNumber(1)])).toEqual([0, nativeStatus.argument]);
    await close(engine);
  });

  test("ends a queued job at once when it is aborted", async () => {
    const engine = await openLoaded();
    submitAll(engine, [jobNumber(1), jobNumber(2), jobNumber(3)]);
    library.abort(engine, 3);
    const [first] = await events(engine, 1);
    expect(first).toMatchObject({ jobId: 3, status: nativeStatus.aborted, decodeMs: 0 });
    library.abort(engine, 3);
    library.abort(engine, 99);
    const rest = await events(engine, 2);
    expect(rest.map((event) => event.status)).toEqual([0, 0]);
    await close(engine);
  });

  test("aborts everything when it closes, and says so before it says that it is closed", async () => {
    const engine = await openLoaded({ lanes: 2 });
    const jobs = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => jobNumber(id));
    submitAll(engine, jobs);
    const all = await close(engine);
    const ended = new Set(all.slice(0, -1).map((event) => event.jobId));
    expect(ended).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
    expect(all.length).toBe(9);
    const aborted = all.filter((event) => event.status === nativeStatus.aborted);
    expect(aborted.length).toBeGreaterThanOrEqual(6);
  });

  test("can be closed while it loads, and freed without waiting for it to be closed", async () => {
    expect((await close(library.openEngine(options, model))).length).toBe(2);
    library.freeEngine(library.openEngine(options, model));
    library.freeEngine(await openLoaded());
  });

  test("that is gone is an error, not a crash", async () => {
    const engine = await openLoaded();
    await close(engine);
    expect(submit(engine, jobNumber(1))).toBe(nativeStatus.handle);
    expect(() => library.poll(engine)).toThrow("no such engine");
    expect(() => library.freeEngine(engine)).toThrow("no such engine");
    expect(() => library.abort(-1, 1)).toThrow("no such engine");
  });

  const wrongOptions: Readonly<Record<string, Partial<EngineOptions>>> = {
    "no lanes": { lanes: 0 },
    "too many lanes": { lanes: 65 },
    "no threads": { threadsPerLane: 0 },
    "no jobs": { jobLimit: 0 },
    "a negative niceness": { niceness: -1 },
  };
  for (const [name, change] of Object.entries(wrongOptions)) {
    test(`is not opened with ${name}`, () => {
      expect(() => library.openEngine({ ...options, ...change }, model)).toThrow("out of range");
    });
  }
});

describe("the native log", () => {
  test("holds whisper.cpp's lines until they are drained", async () => {
    drainAll();
    await close(await openLoaded());
    const { lines } = drainAll();
    expect(lines.map((line) => line.text)).toContainEqual(expect.stringContaining("model size"));
    expect(lines.every((line) => !line.text.endsWith("\n"))).toBe(true);
    expect(drainAll()).toEqual({ lines: [], dropped: 0 });
  });

  test("keeps the newest lines when nobody drains, and counts the others", async () => {
    drainAll();
    const garbage = { bytes: new TextEncoder().encode("no model at all") };
    const reasons = new Set<string>();
    for (let batch = 0; batch < 20; batch += 1) {
      const engines = Array.from({ length: 50 }, () => library.openEngine(options, garbage));
      for (const engine of engines) {
        const [failed] = await events(engine, 1);
        reasons.add(decodeText(library.takeResult(engine, 0, failed?.resultBytes ?? 0)));
        library.freeEngine(engine);
      }
    }
    expect([...reasons]).toEqual([expect.stringContaining("bad magic")]);
    const { lines, dropped } = drainAll();
    expect(dropped).toBeGreaterThan(0);
    expect(lines.at(-1)?.text).toContain("failed to load model");
  });
});

function drainAll(): { lines: { readonly text: string }[]; dropped: number } {
  const all = { lines: Array<{ readonly text: string }>(), dropped: 0 };
  while (true) {
    const { lines, dropped } = library.drainLog();
    all.lines.push(...lines);
    all.dropped += dropped;
    if (lines.length === 0) return all;
  }
}
