import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Clock, type Timer, systemClock } from "../../src/core/clock.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { type LogRecord, createLogger } from "../../src/core/log.ts";
import {
  type VoiceActivityOptions,
  openVoiceActivity,
} from "../../src/whisper/native-voice-activity.ts";
import {
  type VoiceActivity,
  type VoiceListener,
  type VoiceStream,
  voiceWindowSamples,
} from "../../src/whisper/voice-activity.ts";
import { libraryUnderTest, sileroModelUnderTest } from "./library-under-test.ts";
import { openDemo, requestOf } from "./recogniser-under-test.ts";
import { demoModel, recordings } from "./speech-under-test.ts";

const longTestMs = 120_000;

let library: string;
let model: Uint8Array<ArrayBuffer>;
let log: LogRecord[];

beforeAll(async () => {
  library = await libraryUnderTest();
  model = await sileroModelUnderTest();
});

function open(changes: Partial<VoiceActivityOptions> = {}): Promise<VoiceActivity> {
  log = [];
  const sink = (record: LogRecord): void => void log.push(record);
  const logger = createLogger({ level: "debug", clock: systemClock, sink });
  return openVoiceActivity({ library, model, clock: systemClock, logger, ...changes });
}

/** A stream, and what its listener was told. */
class Hearing implements VoiceListener {
  readonly stream: VoiceStream;
  readonly heard: number[] = [];
  readonly errors: Error[] = [];
  #expected = Number.POSITIVE_INFINITY;
  #complete = Promise.withResolvers<void>();

  constructor(activity: VoiceActivity) {
    this.stream = activity.open(this);
  }

  probabilities(values: Float32Array): void {
    this.heard.push(...values);
    this.#settle();
  }

  failed(error: Error): void {
    this.errors.push(error);
    this.#settle();
  }

  /** Once so many probabilities have come, or none will come any more. */
  async until(count: number): Promise<readonly number[]> {
    this.#expected = count;
    this.#complete = Promise.withResolvers<void>();
    this.#settle();
    await this.#complete.promise;
    return this.heard;
  }

  #settle(): void {
    if (this.heard.length >= this.#expected || this.errors.length > 0) this.#complete.resolve();
  }
}

/** Whole windows: the samples behind `leadMs` of silence, and silence of the same length behind. */
function windowsOf(samples: Float32Array, leadMs = 0): Float32Array {
  const lead = leadMs * 16;
  const count = Math.ceil((samples.length + 2 * lead) / voiceWindowSamples);
  const windows = new Float32Array(count * voiceWindowSamples);
  windows.set(samples, lead);
  return windows;
}

const countOf = (windows: Float32Array): number => windows.length / voiceWindowSamples;
const windowAt = (windows: Float32Array, index: number): Float32Array =>
  windows.subarray(index * voiceWindowSamples, (index + 1) * voiceWindowSamples);

async function judge(activity: VoiceActivity, windows: Float32Array): Promise<readonly number[]> {
  const hearing = new Hearing(activity);
  expect(hearing.stream.push(windows, false)).toBe(true);
  const heard = await hearing.until(countOf(windows));
  hearing.stream.close();
  return heard;
}

const speech = recordings().map(({ samples }) => windowsOf(samples));
const [first = new Float32Array(0), second = new Float32Array(0)] = speech;

describe("probabilities of speech", () => {
  let activity: VoiceActivity;
  beforeAll(async () => {
    activity = await open();
  });
  afterAll(() => activity.close());

  for (const { name, samples } of recordings()) {
    test(`are high in the middle of ${name}, and low in the silence around`, async () => {
      const heard = await judge(activity, windowsOf(samples, 1000));
      expect(Math.max(...heard.slice(0, 28), ...heard.slice(-15))).toBeLessThan(0.2);
      // The recordings begin and end with some silence of their own.
      expect(heard.filter((p) => p > 0.5).length * 32).toBeGreaterThan(samples.length / 16 / 3);
      expect(Math.max(...heard)).toBeGreaterThan(0.9);
      expect(heard.every((p) => p >= 0 && p <= 1)).toBe(true);
    });
  }

  test("are the same for one window at a time, for a few, and for all at once", async () => {
    const batch = await judge(activity, first);
    for (const size of [1, 3, 8]) {
      const hearing = new Hearing(activity);
      for (let at = 0; at < countOf(first); at += size) {
        const end = Math.min(at + size, countOf(first)) * voiceWindowSamples;
        hearing.stream.push(first.subarray(at * voiceWindowSamples, end), false);
        await hearing.until(end / voiceWindowSamples);
      }
      expect(hearing.heard).toEqual([...batch]);
      hearing.stream.close();
    }
  });

  test("of a stream do not depend on other streams between its windows", async () => {
    const alone = await Promise.all(speech.map((windows) => judge(activity, windows)));
    const hearings = speech.map(() => new Hearing(activity));
    const longest = Math.max(...speech.map(countOf));
    for (let index = 0; index < longest; index += 1) {
      for (const [stream, windows] of speech.entries()) {
        const window = windowAt(windows, index);
        if (window.length > 0) hearings[stream]?.stream.push(window, false);
      }
    }
    for (const [stream, expected] of alone.entries()) {
      expect(await hearings[stream]?.until(expected.length)).toEqual([...expected]);
      hearings[stream]?.stream.close();
    }
  });

  test("start afresh where the stream says so, and in a new stream", async () => {
    const fresh = await judge(activity, first);
    const hearing = new Hearing(activity);
    hearing.stream.push(second, false);
    hearing.stream.push(first, true);
    hearing.stream.push(first, false);
    const count = countOf(second);
    const heard = await hearing.until(count + 2 * fresh.length);
    expect(heard.slice(count, count + fresh.length)).toEqual([...fresh]);
    expect(heard.slice(count + fresh.length)).not.toEqual([...fresh]);
    hearing.stream.close();
    expect(await judge(activity, first)).toEqual([...fresh]);
  });

  test("of broken samples are those of silence", async () => {
    const silence = await judge(activity, new Float32Array(voiceWindowSamples * 4));
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const windows = new Float32Array(voiceWindowSamples * 4).fill(broken);
      expect(await judge(activity, windows)).toEqual([...silence]);
    }
    const loud = await judge(activity, new Float32Array(voiceWindowSamples).fill(1e38));
    expect(loud[0]).toBeWithin(0, 1.001);
  });

  test(
    "are not disturbed by decoding that is aborted at the same time",
    async () => {
      const windows = second.subarray(0, 16 * voiceWindowSamples);
      const quiet = await judge(activity, windows);
      const recogniser = await openDemo({ library, model: { bytes: demoModel(), name: "demo" } });
      const hearing = new Hearing(activity);
      for (let index = 0; index < quiet.length; index += 1) {
        const job = recogniser.submit(requestOf(second));
        hearing.stream.push(windowAt(windows, index), false);
        await hearing.until(index + 1);
        job.abort();
      }
      expect(hearing.heard).toEqual([...quiet]);
      hearing.stream.close();
      await recogniser.close();
    },
    longTestMs,
  );
});

describe("a stream", () => {
  test("takes no more than its limit, all of a push or nothing, and more once it is heard", async () => {
    const activity = await open({ windowLimit: 10 });
    const hearing = new Hearing(activity);
    const push = (count: number): boolean =>
      hearing.stream.push(new Float32Array(count * voiceWindowSamples), false);
    expect([push(8), push(3), push(2), push(1)]).toEqual([true, false, true, false]);
    await hearing.until(10);
    expect([push(10), push(1)]).toEqual([true, false]);
    await hearing.until(20);
    expect(hearing.heard.length).toBe(20);
    expect(activity.status()).toMatchObject({ streams: 1, queued: 0, windows: 20 });
    await activity.close();
  });

  test("with many windows waiting does not hold up another", async () => {
    const activity = await open();
    const busy = new Hearing(activity);
    const other = new Hearing(activity);
    busy.stream.push(new Float32Array(1000 * voiceWindowSamples), false);
    other.stream.push(windowAt(first, 0), false);
    await other.until(1);
    expect(busy.heard.length).toBeLessThan(1000);
    await busy.until(1000);
    await activity.close();
  });

  test("that is closed hears nothing more, at once and for ever, and the others go on", async () => {
    const activity = await open();
    const closed = new Hearing(activity);
    const other = new Hearing(activity);
    closed.stream.push(first, false);
    other.stream.push(first, false);
    closed.stream.close();
    closed.stream.close();
    expect(closed.stream.push(first, false)).toBe(false);
    await other.until(countOf(first));
    expect(closed).toMatchObject({ heard: [], errors: [] });
    expect(activity.status()).toMatchObject({ streams: 1, queued: 0 });
    await activity.close();
  });

  test("can be closed, and others opened, by a listener in the middle of what it hears", async () => {
    const activity = await open();
    const next = Promise.withResolvers<Hearing>();
    const stream = activity.open({
      probabilities() {
        stream.close();
        const hearing = new Hearing(activity);
        hearing.stream.push(first, false);
        next.resolve(hearing);
      },
      failed: next.reject,
    });
    stream.push(second, false);
    const hearing = await next.promise;
    expect(await hearing.until(countOf(first))).toEqual([...(await judge(activity, first))]);
    await activity.close();
  });

  const wrong = [0, 1, voiceWindowSamples - 1, voiceWindowSamples + 1, voiceWindowSamples * 1001];
  for (const length of wrong) {
    test(`refuses ${length} samples, which are the caller's mistake`, async () => {
      const activity = await open();
      const { stream } = new Hearing(activity);
      expect(() => stream.push(new Float32Array(length), false)).toThrow(`${length} samples`);
      await activity.close();
    });
  }

  test(
    "leaves nothing behind when it is closed, two thousand times",
    async () => {
      const activity = await open();
      const openAndClose = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index += 1) {
          const hearing = new Hearing(activity);
          hearing.stream.push(first.subarray(0, voiceWindowSamples * 4), false);
          if (index % 4 === 0) await hearing.until(4);
          hearing.stream.close();
        }
        Bun.gc(true);
      };
      await openAndClose(500);
      const beforeBytes = process.memoryUsage.rss();
      await openAndClose(2000);
      const grownBytes = process.memoryUsage.rss() - beforeBytes;
      expect(grownBytes).toBeLessThan(16 * 1024 * 1024);
      expect(activity.status()).toMatchObject({ streams: 0, queued: 0 });
      await activity.close();
    },
    longTestMs,
  );
});

describe("voice activity detection", () => {
  test("that is closed while it is busy tells its streams, and takes nothing more", async () => {
    const activity = await open();
    const hearings = [0, 1, 2].map(() => new Hearing(activity));
    for (const { stream } of hearings) stream.push(new Float32Array(512 * 1000), false);
    const closing = activity.close();
    expect(hearings[0]?.stream.push(first, false)).toBe(false);
    expect(() => new Hearing(activity)).toThrow("is being closed");
    await closing;
    await activity.close();
    for (const { heard, errors, stream } of hearings) {
      expect(heard.length).toBeLessThan(1000);
      expect(errors.map((error) => error instanceof WildfireError)).toEqual([true]);
      stream.close();
      expect(stream.push(first, false)).toBe(false);
    }
    expect(activity.status()).toMatchObject({ streams: 0, queued: 0 });
  });

  test("counts windows and processor time, also when it is closed", async () => {
    const activity = await open();
    await judge(activity, first);
    const { windows, busyMs } = activity.status();
    expect(windows).toBe(countOf(first));
    expect(busyMs).toBeGreaterThan(0);
    await activity.close();
    expect(activity.status().windows).toBe(windows);
    expect(activity.status().busyMs).toBeGreaterThanOrEqual(busyMs);
  });

  test("can follow another in one process, and stand beside one", async () => {
    await (await open()).close();
    const pair = await Promise.all([open(), open()]);
    const [left, right] = await Promise.all(pair.map((each) => judge(each, first)));
    expect(left).toEqual([...(right ?? [])]);
    await Promise.all(pair.map((each) => each.close()));
  });

  test("looks for results only while there are some to come", async () => {
    const timers = new Set<Timer>();
    const clock: Clock = {
      ...systemClock,
      every(intervalMs, action) {
        const timer = systemClock.every(intervalMs, action);
        timers.add(timer);
        return {
          cancel() {
            timer.cancel();
            timers.delete(timer);
          },
        };
      },
    };
    const activity = await open({ clock });
    // The timer that found the model loaded ends at its next turn.
    while (timers.size > 0) await Bun.sleep(1);
    const hearing = new Hearing(activity);
    expect(timers.size).toBe(0);
    hearing.stream.push(first, false);
    expect(timers.size).toBe(1);
    await hearing.until(countOf(first));
    while (timers.size > 0) await Bun.sleep(1);
    hearing.stream.push(first, false);
    expect(timers.size).toBe(1);
    hearing.stream.close();
    while (timers.size > 0) await Bun.sleep(1);
    await activity.close();
    expect(timers.size).toBe(0);
  });

  test("says in the log what model it loaded, and nothing about each window", async () => {
    const activity = await open();
    await judge(activity, first);
    await activity.close();
    const lines = JSON.stringify(log.map((record) => record.fields["line"]));
    expect(lines).toContain("model type: silero-16k");
    expect(lines).not.toMatch(/detecting|chunk|vad time/);
    expect(log.every((record) => record.level === "debug")).toBe(true);
  });

  test("is refused with a model that is none, in one line that says so", async () => {
    const error = await open({ model: model.subarray(0, 1000) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WildfireError);
    expect(error).toMatchObject({ code: "model" });
    expect(String(error)).toMatch(/the voice activity model is [^\n]+$/);
  });
});
