import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseObject } from "../../src/services/event-follower.ts";
import {
  type EventPosition,
  EventStream,
  type EventStreamOptions,
} from "../../src/services/event-stream.ts";
import { type CallHearing, describeHearing } from "../../src/services/hearing-record.ts";
import {
  eventsQuestion,
  eventsSinceQuestion,
  listServiceSockets,
  readStatuses,
  serveStatus,
  type StatusSocket,
} from "../../src/services/status-socket.ts";
import { connectUnix } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { finalEvent, finalOf } from "../fakes/final-transcript.ts";
import { until } from "../fakes/until.ts";

const call = { callId: "111", key: "111-3" };
const time = "2026-01-01T00:00:00.000Z";
const pid = 4711;

function newStream(
  options: Partial<EventStreamOptions<CallHearing>> = {},
): EventStream<CallHearing> {
  return new EventStream({
    service: "whisper",
    pid,
    clock: new FakeClock(),
    describe: describeHearing,
    isPassing: ({ event }) => event.kind === "partial",
    ...options,
  });
}

/** A reader in memory that takes as much as a test allows. */
class Reader {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  pendingBytes = 0;
  /** How many more writes are taken. */
  room = Number.POSITIVE_INFINITY;

  write(bytes: Uint8Array): boolean {
    if (this.room <= 0) return false;
    this.room -= 1;
    const text = new TextDecoder().decode(bytes);
    expect(text.endsWith("\n")).toBe(true);
    this.lines.push(parseObject(text) ?? {});
    return true;
  }

  get kinds(): unknown[] {
    return this.lines.map(({ kind }) => kind);
  }
}

/** A field that may not be read. */
const looked: PropertyDescriptor = {
  enumerable: true,
  get: () => {
    throw new Error("looked at");
  },
};

function untouchable(): CallHearing {
  const event = { kind: "partial", startMs: 0, committed: "", tentative: "" } as const;
  return { call, event: Object.defineProperty({ ...event }, "tentative", looked) };
}

describe("what listeners are told", () => {
  test("first that they are heard, then each event with its call and time", () => {
    const stream = newStream();
    const reader = new Reader();
    stream.subscribe(reader);
    stream.publish({ call, event: { kind: "speech-start", atMs: 320 } });
    stream.publish({
      call,
      event: { kind: "partial", startMs: 300, committed: "my", tentative: "name" },
    });
    stream.publish({ call, event: finalEvent(finalOf("my name"), 300) });
    const common = { time, pid, callId: "111", key: "111-3" };
    expect(reader.lines).toEqual([
      { kind: "listening", time, pid, service: "whisper", stream: stream.stream, last: 0 },
      { kind: "speech-start", seq: 1, ...common, atMs: 320 },
      { kind: "partial", ...common, startMs: 300, committed: "my", tentative: "name" },
      {
        kind: "final",
        seq: 2,
        ...common,
        startMs: 300,
        endMs: 400,
        text: "my name",
        words: [{ text: "my name", startMs: 310, endMs: 390, probability: 0.877 }],
        language: "en",
        averageLogProbability: -0.1235,
        noSpeechProbability: 0.01,
        speechProbability: 0.9123,
        audioContext: 256,
        tries: 1,
        wasForeseen: true,
        audioMs: 100,
        queuedMs: 1.2,
        decodeMs: 45.7,
      },
    ]);
  });

  test("what is not kept is not even looked at while nobody listens", () => {
    const stream = newStream();
    stream.publish(untouchable());
    const subscription = stream.subscribe(new Reader());
    expect(() => stream.publish(untouchable())).toThrow("looked at");
    subscription?.cancel();
    stream.publish(untouchable());
    expect(stream.status()).toMatchObject({ listeners: 0, events: 0, keptBytes: 0 });
  });

  test("a listener too many is told so and not kept", () => {
    const stream = newStream();
    for (let count = 0; count < 16; count += 1) {
      expect(stream.subscribe(new Reader())).toBeDefined();
    }
    const reader = new Reader();
    expect(stream.subscribe(reader)).toBeUndefined();
    expect(reader.lines).toEqual([
      { kind: "refused", time, pid, reason: "16 listeners are served already" },
    ]);
    expect(stream.status().listeners).toBe(16);
  });

  test("1,000 listeners that came and went leave nothing", () => {
    const stream = newStream();
    for (let count = 0; count < 1000; count += 1) {
      const reader = new Reader();
      const subscription = stream.subscribe(reader);
      stream.publish({ call, event: { kind: "speech-start", atMs: count } });
      expect(reader.kinds).toEqual(["listening", "speech-start"]);
      subscription?.cancel();
    }
    expect(stream.status()).toMatchObject({ listeners: 0, events: 1000, missed: 0 });
  });
});

function say(stream: EventStream<CallHearing>, count: number): void {
  for (let index = 0; index < count; index += 1) {
    stream.publish({ call, event: { kind: "speech-start", atMs: index } });
  }
}

const partial = (text: string): CallHearing => ({
  call,
  event: { kind: "partial", startMs: 0, committed: "", tentative: text },
});

const numbersOf = ({ lines }: Reader): unknown[] => lines.map(({ seq }) => seq).slice(1);

describe("a slow reader", () => {
  test("gets what it was too slow for as soon as it reads on", () => {
    const stream = newStream();
    const reader = new Reader();
    stream.subscribe(reader);
    reader.room = 0;
    say(stream, 7);
    expect(reader.kinds).toEqual(["listening"]);
    reader.room = 100;
    say(stream, 1);
    expect(numbersOf(reader)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(stream.status()).toMatchObject({ listeners: 1, events: 8, missed: 0 });
  });

  test("also when nobody speaks any more", () => {
    const stream = newStream();
    const reader = new Reader();
    const subscription = stream.subscribe(reader);
    reader.room = 0;
    say(stream, 3);
    reader.room = 2;
    subscription?.drained();
    reader.room = 100;
    subscription?.drained();
    subscription?.drained();
    expect(numbersOf(reader)).toEqual([1, 2, 3]);
  });

  test("misses what is not kept any more, and the next line it gets says how many", () => {
    const stream = newStream({ keeps: { lines: 5, bytes: 1 << 20 } });
    const reader = new Reader();
    const subscription = stream.subscribe(reader);
    reader.room = 0;
    say(stream, 12);
    reader.room = 1;
    subscription?.drained();
    reader.room = 0;
    // Of the five that were kept, two more are gone by now.
    say(stream, 2);
    reader.room = 100;
    subscription?.drained();
    expect(reader.lines.slice(1)).toMatchObject([
      { kind: "missed", count: 7 },
      { kind: "missed", count: 2 },
      ...[10, 11, 12, 13, 14].map((seq) => ({ kind: "speech-start", seq })),
    ]);
    expect(stream.status()).toMatchObject({ events: 14, missed: 9 });
  });

  test("gets no unfinished text before the events that came earlier", () => {
    const stream = newStream();
    const reader = new Reader();
    const subscription = stream.subscribe(reader);
    reader.room = 0;
    say(stream, 1);
    stream.publish(partial("left out"));
    reader.room = 100;
    stream.publish(partial("told"));
    subscription?.drained();
    expect(reader.kinds).toEqual(["listening", "speech-start", "partial"]);
    expect(reader.lines.at(-1)).toMatchObject({ tentative: "told" });
  });

  test("never has more than 256 KiB waiting, and does not slow down another one", () => {
    const stream = newStream();
    const slow = new Reader();
    const quick = new Reader();
    stream.subscribe(slow);
    stream.subscribe(quick);
    slow.pendingBytes = 256 * 1024 - 20;
    say(stream, 5);
    expect(slow.kinds).toEqual(["listening"]);
    expect(quick.kinds).toHaveLength(6);
  });

  test("is not stuck behind a line that is longer than all that may wait", () => {
    const stream = newStream();
    const reader = new Reader();
    stream.subscribe(reader);
    stream.publish({ call, event: finalEvent(finalOf("x".repeat(300_000))) });
    say(stream, 1);
    expect(reader.kinds).toEqual(["listening", "final", "speech-start"]);
  });
});

const readSince = (
  stream: EventStream<CallHearing>,
  since: EventPosition,
): Readonly<Record<string, unknown>>[] => {
  const reader = new Reader();
  stream.subscribe(reader, since)?.cancel();
  return reader.lines.slice(1);
};

describe("what is kept", () => {
  test("is bounded in lines and in bytes; the newest line stays however long it is", () => {
    const few = newStream({ keeps: { lines: 3, bytes: 1 << 20 } });
    say(few, 10);
    const all = { stream: "-", seq: 0 };
    expect(readSince(few, all).map(({ seq }) => seq)).toEqual([undefined, 8, 9, 10]);
    const small = newStream({ keeps: { lines: 1000, bytes: 1000 } });
    say(small, 100);
    expect(small.status().keptBytes).toBeLessThanOrEqual(1000);
    small.publish({ call, event: finalEvent(finalOf("x".repeat(5000))) });
    expect(readSince(small, all)).toMatchObject([
      { kind: "missed", count: 100 },
      { kind: "final", seq: 101 },
    ]);
  });

  test("is told from any position on, without gap or double, then goes on live", () => {
    for (let seq = 0; seq <= 12; seq += 1) {
      const stream = newStream();
      say(stream, 10);
      const reader = new Reader();
      stream.subscribe(reader, { stream: stream.stream, seq });
      say(stream, 3);
      const numbers = reader.lines.slice(1).map((line) => line["seq"]);
      const expected = Array.from({ length: 13 }, (_, index) => index + 1);
      // Nobody can have read what was not told yet.
      expect(numbers).toEqual(expected.filter((number) => number > Math.min(seq, 10)));
    }
  });

  test("holds no unfinished texts, and those have no numbers", () => {
    const stream = newStream();
    const reader = new Reader();
    stream.subscribe(reader);
    say(stream, 1);
    stream.publish(partial("my"));
    say(stream, 1);
    expect(reader.lines.map(({ seq }) => seq)).toEqual([undefined, 1, undefined, 2]);
    expect(readSince(stream, { stream: "-", seq: 0 }).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("is told whole to whoever has a position in another life of the service", () => {
    const stream = newStream();
    say(stream, 2);
    const numbers = readSince(stream, { stream: `${pid}-before`, seq: 500 }).map(({ seq }) => seq);
    expect(numbers).toEqual([1, 2]);
  });
});

describe("over the status socket", () => {
  let stateFolder: string;
  let socket: StatusSocket;
  let stream: EventStream<CallHearing>;

  beforeEach(() => {
    stateFolder = mkdtempSync(join(tmpdir(), "wildfire-events-"));
    stream = newStream();
    const options = { stateFolder, service: "whisper", describe: () => ({ state: "fine" }) };
    socket = serveStatus({ ...options, events: stream });
  });

  afterEach(() => {
    socket.close();
    rmSync(stateFolder, { recursive: true, force: true });
  });

  const path = (): string => listServiceSockets(stateFolder, "whisper")[0]?.path ?? "";

  interface Asker {
    readonly link: TcpLink;
    text: string;
    isClosed: boolean;
  }

  async function ask(question: Uint8Array): Promise<Asker> {
    const state = { text: "", isClosed: false };
    const link = await connectUnix(path(), {
      data: (bytes) => void (state.text += Buffer.from(bytes).toString()),
      closed: () => void (state.isClosed = true),
    });
    link.write(question);
    return Object.assign(state, { link });
  }

  const lines = (asker: Asker): Readonly<Record<string, unknown>>[] =>
    asker.text
      .split("\n")
      .slice(0, -1)
      .map((line) => parseObject(line) ?? {});

  test("a question of one byte is answered with one JSON object, as ever", async () => {
    expect(await readStatuses(stateFolder, "whisper")).toEqual(['{"state":"fine"}']);
    for (const question of [
      "\n",
      "e",
      "events",
      "status\n",
      "events since\n",
      "events since 7 x\n",
      "events since 7\n",
      `events since ${"7".repeat(65)} 1\n`,
    ]) {
      const asker = await ask(new TextEncoder().encode(question));
      await until(() => asker.isClosed, "the end of the answer");
      expect(asker.text).toBe('{"state":"fine"}');
    }
    expect(stream.status().listeners).toBe(0);
  });

  test("listeners get what is told from then on, each for himself", async () => {
    const first = await ask(eventsQuestion);
    await until(() => lines(first).length === 1, "the first listener");
    stream.publish({ call, event: finalEvent(finalOf("one")) });
    const second = await ask(eventsQuestion);
    await until(() => stream.status().listeners === 2, "the second listener");
    stream.publish({ call, event: finalEvent(finalOf("two")) });
    await until(() => lines(first).length === 3 && lines(second).length === 2, "all lines");
    expect(lines(first).map(({ text }) => text)).toEqual([undefined, "one", "two"]);
    expect(lines(second).map(({ text }) => text)).toEqual([undefined, "two"]);
    // A service that tells events still answers questions.
    expect(await readStatuses(stateFolder, "whisper")).toEqual(['{"state":"fine"}']);
    first.link.destroy();
    await until(() => stream.status().listeners === 1, "the first listener gone");
    socket.close();
    await until(() => second.isClosed, "the end of the service");
  });

  test("a listener that was away asks for what it missed", async () => {
    say(stream, 5);
    const asker = await ask(eventsSinceQuestion({ stream: stream.stream, seq: 3 }));
    await until(() => lines(asker).length === 3, "what was missed");
    say(stream, 1);
    await until(() => lines(asker).length === 4, "what comes now");
    expect(lines(asker).map(({ seq }) => seq)).toEqual([undefined, 4, 5, 6]);
    asker.link.destroy();
  });

  test("a listener that reads nothing loses events, gets the count, and costs the others nothing", async () => {
    const slow = await ask(eventsQuestion);
    const quick = await ask(eventsQuestion);
    await until(() => stream.status().listeners === 2, "both listeners");
    slow.link.pause();
    const text = "x".repeat(1000);
    let told = 0;
    const tell = (): void => {
      stream.publish({ call, event: finalEvent(finalOf(text)) });
      told += 1;
    };
    // The kernel takes some hundred kilobytes, and two megabytes are kept here.
    for (let burst = 0; burst < 60; burst += 1) {
      for (let count = 0; count < 100; count += 1) tell();
      await until(() => lines(quick).length === told + 1, "the quick one", 20_000);
    }
    slow.link.resume();
    await until(() => lines(slow).at(-1)?.["seq"] === told, "the last event", 20_000);
    const counts = lines(slow).map(({ kind, count }) => (kind === "missed" ? Number(count) : 0));
    const missed = counts.reduce((sum, count) => sum + count, 0);
    expect(missed).toBeGreaterThan(1000);
    expect(missed).toBe(stream.status().missed);
    expect(lines(slow).filter(({ kind }) => kind === "final")).toHaveLength(told - missed);
    await until(() => lines(quick).length === told + 1, "all events at the quick one", 20_000);
  });

  test("a listener that is killed is forgotten", async () => {
    const child = Bun.spawn([process.execPath, "-e", listenerScript, path()], {
      stdout: "pipe",
      stderr: "inherit",
      stdin: "ignore",
    });
    await until(() => stream.status().listeners === 1, "the listener", 20_000);
    child.kill("SIGKILL");
    await child.exited;
    await until(() => stream.status().listeners === 0, "the listener gone");
    stream.publish({ call, event: finalEvent(finalOf("to nobody")) });
    expect(stream.status()).toMatchObject({ events: 1, missed: 0 });
  });

  test("1,000 connections that listened leave no descriptor and no listener", async () => {
    const before = openDescriptors();
    for (let count = 0; count < 1000; count += 1) {
      const asker = await ask(eventsQuestion);
      await until(() => asker.text !== "", "the first line");
      asker.link.destroy();
      await until(() => stream.status().listeners === 0, "the listener gone");
    }
    await until(() => openDescriptors() <= before + 2, "closed descriptors");
  }, 30_000);

  test("the socket is for its owner only, also in a folder that was open to more", () => {
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(stateFolder, "run")).mode & 0o777).toBe(0o700);
  });

  test("a service without events describes itself instead", async () => {
    socket.close();
    const options = { stateFolder, service: "whisper", describe: () => ({ state: "mute" }) };
    socket = serveStatus(options);
    const asker = await ask(eventsQuestion);
    await until(() => asker.isClosed, "the end of the answer");
    expect(asker.text).toBe('{"state":"mute"}');
  });
});

const listenerScript = `
  Bun.connect({
    unix: process.argv.at(-1),
    socket: {
      open: (socket) => void socket.write("events\\n"),
      data: () => undefined,
    },
  });
`;

function openDescriptors(): number {
  const folder = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";
  return [...new Bun.Glob("*").scanSync({ cwd: folder, onlyFiles: false })].length;
}
