/** What becomes of jobs among others: aborted, overtaken, raised. */
import { beforeAll, describe, expect, test } from "bun:test";
import type { RecogniserOptions } from "../../src/whisper/native-recogniser.ts";
import type { DecodeJob, Recogniser, Urgency } from "../../src/whisper/recogniser.ts";
import { libraryUnderTest } from "./library-under-test.ts";
import { errorOf, manners, openDemo, requestOf, textOf } from "./recogniser-under-test.ts";
import { demoModel, shortestRecording } from "./speech-under-test.ts";

const shortest = shortestRecording();
const longTestMs = 120_000;
const model = { bytes: demoModel(), name: "demo" };

let library: string;

beforeAll(async () => {
  library = await libraryUnderTest();
});

function open(changes: Partial<RecogniserOptions> = {}): Promise<Recogniser> {
  return openDemo({ library, model, ...changes });
}

describe("aborting", () => {
  test("ends jobs that wait and the one that runs; the others are decoded", async () => {
    const recogniser = await open();
    const jobs = [0, 1, 2, 3].map(() => recogniser.submit(requestOf(shortest.samples)));
    const [running, waiting, ...others] = jobs;
    waiting?.abort();
    expect(await errorOf(waiting?.result ?? Promise.resolve())).toMatchObject({
      code: "native",
      message: "decoding was aborted",
    });
    running?.abort();
    expect((await errorOf(running?.result ?? Promise.resolve())).message).toContain("aborted");
    const texts = await Promise.all(others.map(async (job) => textOf(await job.result)));
    expect(texts).toEqual([shortest.text, shortest.text]);
    expect(recogniser.status()).toMatchObject({ aborted: 2, completed: 2, failed: 0 });
    await recogniser.close();
  });

  for (const [name, manner] of Object.entries(manners)) {
    test(
      `at any moment of a decode ${name} leaves the lane fit for the next job`,
      async () => {
        const recogniser = await open();
        for (let delayMs = 0; delayMs < 100; delayMs += 7) {
          const job = recogniser.submit(requestOf(shortest.samples, manner));
          await Bun.sleep(delayMs);
          job.abort();
          await job.result.catch(() => undefined);
        }
        const last = recogniser.submit(requestOf(shortest.samples));
        expect(textOf(await last.result)).toBe(shortest.text);
        expect(recogniser.status().aborted).toBeGreaterThan(0);
        await recogniser.close();
      },
      longTestMs,
    );
  }

  test("a job that is done changes nothing", async () => {
    const recogniser = await open();
    const job = recogniser.submit(requestOf(shortest.samples));
    await job.result;
    job.abort();
    job.raise();
    job.abort();
    expect(textOf(await job.result)).toBe(shortest.text);
    expect(recogniser.status()).toMatchObject({ completed: 1, aborted: 0 });
    await recogniser.close();
  });
});

describe("the order of jobs", () => {
  test("is by urgency, and within one the shortest first", async () => {
    const recogniser = await open({ beamSize: 1 });
    const ended: string[] = [];
    const submit = (name: string, samples: Float32Array, urgency: Urgency): DecodeJob => {
      const job = recogniser.submit(requestOf(samples, { urgency }));
      void job.result.then(() => ended.push(name));
      return job;
    };
    const long = shortest.samples;
    const short = long.subarray(0, long.length >> 1);
    const jobs = [
      submit("running", long, "final"),
      submit("partial", short, "partial"),
      submit("speculative", short, "speculative"),
      submit("long final", new Float32Array(16_000 * 20), "final"),
      submit("final", short, "final"),
      submit("raised", short, "partial"),
    ];
    jobs.at(-1)?.raise();
    await Promise.all(jobs.map((job) => job.result));
    const expected = ["final", "raised", "long final", "speculative", "partial"];
    expect(ended.filter((name) => name !== "running")).toEqual(expected);
    await recogniser.close();
  });
});
