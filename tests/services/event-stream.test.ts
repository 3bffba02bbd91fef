import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseObject } from "../../src/services/event-follower.ts";
import { EventStream } from "../../src/services/event-stream.ts";
import { type CallHearing, describeHearing } from "../../src/services/hearing-record.ts";
import {
  eventsQuestion,
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

function newStream(): EventStream<CallHearing> {
  return new EventStream({
    service: "whisper",
    pid,
    clock: new FakeClock(),
    describe: describeHearing,
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
      { kind: "listening", time, pid, service: "whisper" },
      { kind: "speech-start", ...common, atMs: 320 },
      { kind: "partial", ...common, startMs: 300, committed: "my", tentative: "name" },
      {
        kind: "final",
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

  test("nothing is even looked at while nobody listens", () => {
    const stream = newStream();
    const untouchable = new Proxy(finalOf("x"), {
      get: () => {
        throw new Error("looked at");
      },
    });
    stream.publish({ call, event: finalEvent(untouchable) });
    const subscription = stream.subscribe(new Reader());
    expect(() => stream.publish({ call, event: finalEvent(untouchable) })).toThrow("looked at");
    subscription?.cancel();
    stream.publish({ call, event: finalEvent(untouchable) });
    expect(stream.status().listeners).toBe(0);
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
    expect(stream.status()).toEqual({ listeners: 0, events: 1000, missed: 0 });
  });
});

function say(stream: EventStream<CallHearing>, count: number): void {
  for (let index = 0; index < count; index += 1) {
    stream.publish({ call, event: { kind: "speech-start", atMs: index } });
  }
}

describe("a slow reader", () => {
  test("misses events, and the next line it gets says how many", () => {
    const stream = newStream();
    const reader = new Reader();
    stream.subscribe(reader);
    reader.room = 0;
    say(stream, 7);
    expect(reader.kinds).toEqual(["listening"]);
    reader.room = 10;
    say(stream, 1);
    expect(reader.kinds).toEqual(["listening", "missed", "speech-start"]);
    expect(reader.lines[1]).toMatchObject({ count: 7 });
    expect(stream.status()).toEqual({ listeners: 1, events: 8, missed: 7 });
  });

  test("is told as soon as it has caught up, also when nobody speaks any more", () => {
    const stream = newStream();
    const reader = new Reader();
    const subscription = stream.subscribe(reader);
    reader.room = 0;
    say(stream, 3);
    reader.room = 10;
    subscription?.drained();
    subscription?.drained();
    expect(reader.kinds).toEqual(["listening", "missed"]);
    expect(reader.lines[1]).toMatchObject({ count: 3 });
  });

  test("when only the count fits, the event behind it is missed anew", () => {
    const stream = newStream();
    const reader = new Reader();
    stream.subscribe(reader);
    reader.room = 0;
    say(stream, 2);
    reader.room = 1;
    say(stream, 1);
    reader.room = 2;
    say(stream, 1);
    expect(reader.lines.slice(1)).toMatchObject([
      { kind: "missed", count: 2 },
      { kind: "missed", count: 1 },
      { kind: "speech-start" },
    ]);
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
    for (const question of ["\n", "e", "events", "status\n"]) {
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
    // The kernel takes some hundred kilobytes before anything waits here.
    await until(
      () => {
        for (let count = 0; count < 20; count += 1) tell();
        return stream.status().missed > 100;
      },
      "missed events",
      20_000,
    );
    const { missed } = stream.status();
    slow.link.resume();
    await until(() => lines(slow).some(({ kind }) => kind === "missed"), "the count", 20_000);
    tell();
    await until(() => lines(slow).at(-1)?.["kind"] === "final", "the event after it");
    const counts = lines(slow).map(({ kind, count }) => (kind === "missed" ? Number(count) : 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(missed);
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
    expect(stream.status()).toMatchObject({ events: 0, missed: 0 });
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
