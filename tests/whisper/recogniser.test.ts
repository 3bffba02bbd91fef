import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { type LogRecord, createLogger } from "../../src/core/log.ts";
import type { RecogniserModel, RecogniserOptions } from "../../src/whisper/native-recogniser.ts";
import type { DecodeRequest, DecodeResult, Recogniser } from "../../src/whisper/recogniser.ts";
import { libraryUnderTest } from "./library-under-test.ts";
import { errorOf, expectWellFormed, openDemo, requestOf, textOf } from "./recogniser-under-test.ts";
import { demoModel, recordingFiles, recordings, shortestRecording } from "./speech-under-test.ts";

const modelBytes = demoModel();
const shortest = shortestRecording();
const longTestMs = 120_000;

let folder: string;
let modelPath: string;
let library: string;
let log: LogRecord[];

beforeAll(async () => {
  library = await libraryUnderTest();
  folder = mkdtempSync(join(tmpdir(), "wildfire-recogniser-"));
  modelPath = join(folder, "demo.bin");
  writeFileSync(modelPath, modelBytes);
});

afterAll(() => rmSync(folder, { recursive: true }));

function open(changes: Partial<RecogniserOptions> = {}): Promise<Recogniser> {
  log = [];
  const sink = (record: LogRecord): void => void log.push(record);
  const logger = createLogger({ level: "debug", clock: systemClock, sink });
  return openDemo({ library, model: { bytes: modelBytes, name: "demo" }, logger, ...changes });
}

function expectPlausible(segment: DecodeResult["segments"][number]): void {
  expect(segment.averageLogProbability).toBeLessThan(0);
  expect(segment.averageLogProbability).toBeGreaterThan(-1);
  expect(segment.endMs).toBeGreaterThan(segment.startMs);
  expectWellFormed(segment);
}

describe("recordings of speech", () => {
  test("are all listed with their text", () => {
    expect(
      recordings()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(recordingFiles().toSorted());
  });

  for (const from of ["memory", "a file"]) {
    test(`are understood word for word with the model from ${from}`, async () => {
      const model = from === "memory" ? { bytes: modelBytes, name: "demo" } : { path: modelPath };
      const recogniser = await open({ model, lanes: 2 });
      const jobs = recordings().map(({ samples }) => recogniser.submit(requestOf(samples)));
      const results = await Promise.all(jobs.map((job) => job.result));
      expect(results.map(textOf)).toEqual(recordings().map((recording) => recording.text));
      for (const { language, noSpeechProbability, segments, queuedMs, decodeMs } of results) {
        expect(language).toBe("en");
        expect(noSpeechProbability).toBeLessThan(0.01);
        expect(decodeMs).toBeGreaterThan(0);
        expect(queuedMs).toBeGreaterThanOrEqual(0);
        for (const segment of segments) expectPlausible(segment);
      }
      expect(recogniser.status()).toMatchObject({ lanes: 2, queued: 0, running: 0, failed: 0 });
      expect(recogniser.status().completed).toBe(results.length);
      await recogniser.close();
    });
  }

  test("are understood without time stamps, and greedily", async () => {
    const recogniser = await open({ beamSize: 1 });
    const plain = recogniser.submit(requestOf(shortest.samples, { timestamps: false }));
    expect(textOf(await plain.result)).toBe(shortest.text);
    await recogniser.close();
  });

  test(
    "are understood on two threads a lane",
    async () => {
      const recogniser = await open({ beamSize: 1, threadsPerLane: 2 });
      const job = recogniser.submit(requestOf(shortest.samples, { audioContext: 256 }));
      expect(textOf(await job.result)).toBe(shortest.text);
      await recogniser.close();
    },
    longTestMs,
  );

  test(
    "give the same text whatever the lane decoded before, also where temperatures rise",
    async () => {
      const recogniser = await open();
      const hear = async (samples: Float32Array): Promise<string> =>
        textOf(await recogniser.submit(requestOf(samples)).result);
      // Speech played backwards is nothing that the model knows, so that it tries again by chance.
      const puzzles = recordings()
        .slice(0, 4)
        .map(({ samples }) => samples.toReversed());
      const forth: string[] = [];
      for (const puzzle of puzzles) forth.push(await hear(puzzle));
      const back: string[] = [];
      for (const puzzle of puzzles.toReversed()) back.unshift(await hear(puzzle));
      expect(back).toEqual(forth);
      await recogniser.close();
    },
    longTestMs,
  );

  test("are copied when they are submitted", async () => {
    const recogniser = await open();
    const samples = shortest.samples.slice();
    const job = recogniser.submit(requestOf(samples));
    samples.fill(0);
    expect(textOf(await job.result)).toBe(shortest.text);
    await recogniser.close();
  });
});

describe("sound that is no speech", () => {
  let recogniser: Recogniser;
  beforeAll(async () => {
    recogniser = await open();
  });
  afterAll(() => recogniser.close());

  const second = 16_000;
  const sounds = {
    "no samples": new Float32Array(0),
    "one sample": Float32Array.of(0.5),
    "99 ms of noise": Float32Array.from({ length: second * 0.099 }, (_, i) => (i % 7) / 7 - 0.5),
    "two seconds of silence": new Float32Array(second * 2),
    "nothing but NaN": new Float32Array(second).fill(Number.NaN),
    "nothing but infinities": new Float32Array(second).fill(Number.NEGATIVE_INFINITY),
  };
  for (const [name, samples] of Object.entries(sounds)) {
    test(`${name}: no text`, async () => {
      expect(textOf(await recogniser.submit(requestOf(samples)).result)).toBe("");
    });
  }

  test("broken samples in the middle of speech count as silence", async () => {
    const broken = shortest.samples.slice();
    broken[100] = Number.NaN;
    broken[101] = Number.POSITIVE_INFINITY;
    broken[102] = 1e38;
    const result = await recogniser.submit(requestOf(broken)).result;
    expect(result.segments.every((segment) => Number.isFinite(segment.endMs))).toBe(true);
    expect(textOf(await recogniser.submit(requestOf(shortest.samples)).result)).toBe(shortest.text);
  });
});

describe("a request that makes no sense", () => {
  const requests: Readonly<Record<string, Partial<DecodeRequest>>> = {
    'language "klingon"': { language: "klingon" },
    'language ""': { language: "" },
    "audio context -1": { audioContext: -1 },
  };
  for (const [quoted, change] of Object.entries(requests)) {
    test(`is rejected in words that quote ${quoted}, and others go on`, async () => {
      const recogniser = await open();
      const job = recogniser.submit(requestOf(shortest.samples, change));
      const error = await errorOf(job.result);
      job.abort();
      expect(error.code).toBe("native");
      expect(error.message).toContain(quoted);
      const next = recogniser.submit(requestOf(shortest.samples));
      expect(textOf(await next.result)).toBe(shortest.text);
      expect(recogniser.status()).toMatchObject({ failed: 1, completed: 1 });
      await recogniser.close();
    });
  }

  test("an audio context beyond the model's is the model's, and a language it lacks is English", async () => {
    const recogniser = await open();
    const change = { audioContext: 1_000_000, language: "de" };
    const result = await recogniser.submit(requestOf(shortest.samples, change)).result;
    expect(result.language).toBe("en");
    expect(textOf(result)).toBe(shortest.text);
    await recogniser.close();
  });
});

/** Where the token list ends and the weights begin: after header, mel filters and vocabulary. */
function weightsOffset(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => view.getInt32(at, true);
  const filters = 4 + 11 * 4;
  const vocabulary = filters + 8 + word(filters) * word(filters + 4) * 4;
  let at = vocabulary + 4;
  for (let token = 0; token < word(vocabulary); token += 1) at += 4 + word(at);
  return at;
}

describe("a model that is no model", () => {
  const cut = (length: number): Uint8Array => modelBytes.subarray(0, length);
  const garbage = new Uint8Array(4096).map((_, i) => (i * 37) & 255);
  const weights = weightsOffset(modelBytes);
  const damaged = {
    "no bytes": { bytes: new Uint8Array(0), says: "ends too early, after 0 bytes" },
    garbage: { bytes: garbage, says: "bad magic" },
    "half a magic number": { bytes: cut(2), says: "ends too early, after 2 bytes" },
    "a cut header": { bytes: cut(30), says: "ends too early, after 30 bytes" },
    "cut mel filters": { bytes: cut(10_000), says: "ends too early, after 10000 bytes" },
    "a cut vocabulary": { bytes: cut(300_000), says: "ends too early, after 300000 bytes" },
    "no weights": { bytes: cut(weights), says: `ends too early, after ${weights} bytes` },
    "a cut tensor header": { bytes: cut(weights + 5), says: "ends too early" },
    "half of the weights": { bytes: cut(modelBytes.length >> 1), says: "ends too early" },
    "all but the last byte": { bytes: cut(modelBytes.length - 1), says: "ends too early" },
    "a byte too many": { bytes: Buffer.concat([modelBytes, Uint8Array.of(0)]), says: "early" },
  };
  for (const [name, { bytes, says }] of Object.entries(damaged)) {
    for (const from of ["memory", "file"]) {
      test(`${name} in ${from}: refused, saying why`, async () => {
        const path = join(folder, "damaged.bin");
        writeFileSync(path, bytes);
        const model: RecogniserModel = from === "file" ? { path } : { bytes, name: "damaged.bin" };
        const error = await errorOf(open({ model }));
        expect(error.code).toBe("model");
        expect(error.message).toContain("damaged.bin");
        expect(error.message).toContain(says);
        expect(error.message).not.toContain("whisper_");
      });
    }
  }

  test("a file that is missing is named, with what the system says", async () => {
    const path = join(folder, "absent.bin");
    const error = await errorOf(open({ model: { path } }));
    expect(error.message).toBe(
      `cannot load the model "${path}": cannot open the file: No such file or directory`,
    );
    expect(error.hint).toContain("--model");
  });

  test("a folder is not read", async () => {
    const error = await errorOf(open({ model: { path: folder } }));
    expect(error.message).toContain("Is a directory");
  });

  test("leaves nothing behind that keeps the next one from loading", async () => {
    await errorOf(open({ model: { bytes: garbage, name: "garbage" } }));
    const recogniser = await open();
    expect(textOf(await recogniser.submit(requestOf(shortest.samples)).result)).toBe(shortest.text);
    await recogniser.close();
  });
});

describe("a recogniser", () => {
  test("knows its model's audio context, and which lanes nothing waits for", async () => {
    const recogniser = await open({ lanes: 2, jobLimit: 3 });
    expect(recogniser.modelAudioContext).toBe(1500);
    const idle = [recogniser.idleLanes];
    const jobs = [0, 1, 2, 3].map(() => {
      const job = recogniser.submit(requestOf(shortest.samples));
      idle.push(recogniser.idleLanes);
      return job;
    });
    expect(idle).toEqual([2, 1, 0, 0, 0]);
    await Promise.allSettled(jobs.map((job) => job.result));
    expect(recogniser.idleLanes).toBe(2);
    await recogniser.close();
  });

  test("adds up the time that lanes were busy, with jobs that were aborted", async () => {
    const recogniser = await open();
    const { decodeMs } = await recogniser.submit(requestOf(shortest.samples)).result;
    expect(recogniser.status().busyMs).toBe(decodeMs);
    const aborted = recogniser.submit(requestOf(shortest.samples));
    while (recogniser.status().running === 0) await Bun.sleep(0);
    aborted.abort();
    await aborted.result.catch(() => undefined);
    expect(recogniser.status().busyMs).toBeGreaterThan(decodeMs);
    await recogniser.close();
  });

  test("refuses more jobs than it may hold, in words, and takes more once some are done", async () => {
    const recogniser = await open({ jobLimit: 2 });
    const jobs = [0, 1, 2].map(() => recogniser.submit(requestOf(shortest.samples)));
    const error = await errorOf(jobs[2]?.result ?? Promise.resolve());
    expect(error.message).toBe("2 utterances wait to be decoded already");
    await Promise.all(jobs.slice(0, 2).map((job) => job.result));
    await recogniser.submit(requestOf(shortest.samples)).result;
    expect(recogniser.status()).toMatchObject({ completed: 3, failed: 1 });
    await recogniser.close();
  });

  test("that closes rejects what is left, frees itself, and takes nothing more", async () => {
    const recogniser = await open({ lanes: 2 });
    const jobs = Array.from({ length: 6 }, () => recogniser.submit(requestOf(shortest.samples)));
    const closing = recogniser.close();
    const late = recogniser.submit(requestOf(shortest.samples));
    const results = await Promise.allSettled([...jobs, late].map((job) => job.result));
    expect(results.filter((result) => result.status === "rejected").length).toBeGreaterThan(4);
    expect((await errorOf(late.result)).message).toContain("being closed");
    await closing;
    await recogniser.close();
    jobs[0]?.abort();
    expect(recogniser.status()).toMatchObject({ queued: 0, running: 0 });
  });

  test("can follow another in one process, and stand beside one", async () => {
    await (await open()).close();
    const pair = await Promise.all([open(), open({ model: { path: modelPath } })]);
    const heard = await Promise.all(
      pair.map(async (each) => textOf(await each.submit(requestOf(shortest.samples)).result)),
    );
    expect(heard).toEqual([shortest.text, shortest.text]);
    await Promise.all(pair.map((each) => each.close()));
  });

  test("looks for results only while there are some to come", async () => {
    const intervals = new Set<number>();
    const clock: Clock = {
      ...systemClock,
      every(intervalMs, action) {
        const timer = systemClock.every(intervalMs, action);
        intervals.add(intervalMs);
        return {
          cancel() {
            timer.cancel();
            intervals.delete(intervalMs);
          },
        };
      },
    };
    const recogniser = await open({ clock });
    const idle = [...intervals];
    const job = recogniser.submit(requestOf(shortest.samples));
    expect(intervals.size).toBe(idle.length + 1);
    await job.result;
    expect([...intervals]).toEqual(idle);
    await recogniser.close();
    expect([...intervals]).toEqual([]);
  });

  test("hands whisper.cpp's log to the logger as debug records without what was said", async () => {
    const recogniser = await open();
    await recogniser.submit(requestOf(shortest.samples)).result;
    await recogniser.close();
    expect(log.every((record) => record.level === "debug")).toBe(true);
    expect(log.map((record) => record.fields["line"])).toContainEqual(
      expect.stringContaining("loading model"),
    );
    expect(JSON.stringify(log)).not.toContain(shortest.text);
  });

  test(
    "needs no more memory for three hundred jobs than for a hundred",
    async () => {
      const recogniser = await open({ lanes: 2, beamSize: 1 });
      const decode = async (count: number): Promise<void> => {
        const request = requestOf(shortest.samples.subarray(0, 8000), { audioContext: 256 });
        const jobs = Array.from({ length: count }, () => recogniser.submit(request).result);
        await Promise.all(jobs);
        Bun.gc(true);
      };
      await decode(100);
      const beforeBytes = process.memoryUsage.rss();
      await decode(200);
      const grownBytes = process.memoryUsage.rss() - beforeBytes;
      expect(grownBytes).toBeLessThan(16 * 1024 * 1024);
      await recogniser.close();
    },
    longTestMs,
  );
});
