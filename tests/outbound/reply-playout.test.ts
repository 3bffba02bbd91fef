/** The whole reply side of a call over real sockets: signals in, frames out, reports back. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ReplyPlayout } from "../../src/outbound/reply-playout.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { PlainEncoder, samplesOf } from "./plain-encoder.ts";
import { ToldVoice } from "./told-voice.ts";

setDefaultTimeout(20_000);

/** A line that takes frames when it is told to. */
class Line implements Disposable {
  readonly clock = new FakeClock();
  readonly encoder = new PlainEncoder();
  readonly told: string[] = [];
  readonly heard: number[] = [];
  readonly memory: MemoryLog = createMemoryLog(this.clock);
  #replies: ReplyPlayout | undefined;

  static async open(id: number): Promise<Line> {
    const line = new Line();
    line.#replies = await ReplyPlayout.open({
      callId: callIdOf(id),
      bind: "127.0.0.1",
      encoder: line.encoder,
      clock: line.clock,
      log: line.memory.log,
      listener: {
        played: ({ playedMs, isInterrupted }) =>
          line.told.push(`${isInterrupted ? "cut" : "said"} ${playedMs}`),
        speaking: (waitMs) => line.told.push(`speaking ${waitMs}`),
        drained: () => line.told.push("drained"),
      },
    });
    return line;
  }

  get replies(): ReplyPlayout {
    if (this.#replies === undefined) throw new Error("not open");
    return this.#replies;
  }

  run(frames: number): void {
    for (let frame = 0; frame < frames; frame += 1) {
      this.heard.push(...samplesOf(this.replies.next()));
      this.clock.advance(20);
    }
  }

  linkShows(text: string): boolean {
    return JSON.stringify(this.replies.status()["link"]).includes(text);
  }

  async receives(ms: number): Promise<void> {
    await until(() => this.encoder.pendingMs >= ms, `${ms} ms of sound`);
  }

  async counts(counter: string, count: number): Promise<void> {
    await until(() => Number(this.replies.status()[counter]) >= count, `${count} ${counter}`);
  }

  [Symbol.dispose](): void {
    this.#replies?.close();
  }
}

function sound(ms: number): Float32Array {
  return new Float32Array(8 * ms).fill(0.5);
}

test("PAUSE silences the very next frame, RESUME takes that back, SPEECH ends it; the voice is told", async () => {
  using voice = await ToldVoice.open(4440);
  using line = await Line.open(4440);
  voice.signal("register");
  const connection = await voice.connection(0);
  connection.speak(sound(500));
  await line.receives(500);
  line.run(5);
  voice.signal("pause");
  await line.counts("pauses", 1);
  line.run(1);
  expect(line.heard.at(800)).toBe(PlainEncoder.fadeLevel);
  line.run(10);
  expect(line.heard).toHaveLength(960);
  voice.signal("resume");
  await line.counts("pausedMs", 220);
  line.run(5);
  expect(line.heard).toHaveLength(1760);
  voice.signal("speech");
  voice.signal("speech");
  await line.counts("interruptions", 1);
  line.run(5);
  expect(line.heard).toHaveLength(1760);
  expect(line.told).toEqual(["speaking 0", "cut 200", "drained"]);
  expect(await voice.told(4)).toEqual([
    [1, 0, 0],
    [1, 0, 0],
    [1, 1600, 1],
    [1, 1600, 1],
  ]);
});

test("replies that follow on the same connection need no REGISTER, and are numbered", async () => {
  using voice = await ToldVoice.open(4442);
  using line = await Line.open(4442);
  voice.signal("register");
  const connection = await voice.connection(0);
  for (const number of [1, 2, 3]) {
    connection.speak(sound(30));
    connection.finish();
    await line.receives(30);
    line.clock.advance(7);
    await until(() => {
      line.run(1);
      return line.told.length >= 3 * number;
    }, "the end of the reply");
    const told = await voice.told(4);
    expect(told.slice(0, 3)).toEqual([
      [number, 0, 0],
      [number, 0, 0],
      [number, 240, 1],
    ]);
    expect(voice.waits.splice(0)).toEqual([7, 7, 7, 7]);
  }
  expect(line.replies.status()["link"]).toMatchObject({ connects: 1, registers: 1, reports: 6 });
});

test("a new connection begins at 1, is told where it registered, and hears nothing of the old one", async () => {
  using voice = await ToldVoice.open(4444);
  using line = await Line.open(4444);
  voice.signal("register");
  const first = await voice.connection(0);
  first.speak(sound(100));
  await line.receives(100);
  line.run(1);
  expect(await voice.told(2)).toEqual([
    [1, 0, 0],
    [1, 0, 0],
  ]);
  first.link.destroy();
  await until(() => line.linkShows('"state":"waiting"'), "the loss");

  await voice.hear();
  voice.signal("register");
  const second = await voice.connection(1);
  second.speak(sound(100));
  await line.receives(150);
  line.run(10);
  expect(await voice.told(2)).toEqual([
    [1, 0, 0],
    [1, 0, 0],
  ]);
  second.finish();
  await until(() => {
    line.run(1);
    return voice.played.length >= 2;
  }, "the end");
  expect(await voice.told(2)).toEqual([
    [1, 800, 1],
    [1, 800, 1],
  ]);
});

test("a call that ends in mid-reply says how far it came, before its port is closed", async () => {
  using voice = await ToldVoice.open(4446);
  using line = await Line.open(4446);
  voice.signal("register");
  const connection = await voice.connection(0);
  connection.speak(sound(500));
  await line.receives(500);
  line.run(3);
  await voice.told(2);
  line.replies.close();
  expect(await voice.told(2)).toEqual([
    [1, 480, 1],
    [1, 480, 1],
  ]);
  await connection.closed();
  expect(line.clock.timers).toBe(0);
});

test("a call that ends before a reply was heard says nothing", async () => {
  using voice = await ToldVoice.open(4448);
  using line = await Line.open(4448);
  voice.signal("register");
  const connection = await voice.connection(0);
  connection.speak(sound(500));
  await line.receives(500);
  line.replies.close();
  await connection.closed();
  expect(line.replies.status()["link"]).toMatchObject({ reports: 0 });
  expect(voice.played).toEqual([]);
});

test("a voice that does not want to be told is no trouble", async () => {
  using voice = await ToldVoice.open(4450);
  using line = await Line.open(4450);
  voice.signal("register");
  const connection = await voice.connection(0);
  voice.stopHearing();
  for (let reply = 0; reply < 5; reply += 1) {
    connection.speak(sound(20));
    connection.finish();
    await until(() => {
      line.run(1);
      return line.told.filter((told) => told === "drained").length > reply;
    }, "the end of the reply");
  }
  expect(line.heard.filter((sample) => sample === 0.5)).toHaveLength(5 * 160);
  const errors = line.memory.records.filter(({ message }) => message.startsWith("error on"));
  expect(new Set(errors.map(({ level }) => level))).toEqual(new Set(["debug"]));
});

/** One call with signals at random; resolves when it is over. */
async function randomCall(random: SeededRandom): Promise<number> {
  using voice = await ToldVoice.open(4452);
  using line = await Line.open(4452);
  voice.signal("register");
  const connection = await voice.connection(0);
  const signals = ["pause", "pause", "resume", "resume", "speech", "silence"] as const;
  let given = 0;
  for (let round = 0; round < 20; round += 1) {
    const ms = random.between(1, 200);
    given += ms * 8;
    connection.speak(sound(ms));
    if (random.between(0, 2) === 0) connection.finish();
    voice.signal(random.pick([...signals]));
    // Enough turns of the event loop for what was sent to come, or not: either order is right.
    await new Promise((resolve) => setImmediate(resolve));
    line.run(random.between(0, 12));
  }
  await until(() => line.linkShows(`"samples":${given}`), "all sound");
  line.run(100);
  const { discardedMs } = line.replies.status();
  const heard = line.heard.filter((sample) => sample === 0.5).length;
  const waiting = line.encoder.pendingMs * 8;
  expect(heard + waiting + line.encoder.forgotten + Number(discardedMs) * 8).toBe(given);
  line.replies.close();
  await connection.closed();
  expect(line.clock.timers).toBe(0);
  return heard;
}

test("fifty calls of one id with a thousand signals at random: no sample is lost or doubled, nothing is left", async () => {
  const random = new SeededRandom(7);
  await randomCall(random);
  const before = readdirSync("/proc/self/fd").length;
  let heard = 0;
  for (let call = 0; call < 50; call += 1) heard += await randomCall(random);
  expect(heard).toBeGreaterThan(0);
  expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
});
