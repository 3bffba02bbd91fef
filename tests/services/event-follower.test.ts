import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  EventFollower,
  type EventFollowerOptions,
  fromTheBeginning,
} from "../../src/services/event-follower.ts";
import { type EventPosition, EventStream } from "../../src/services/event-stream.ts";
import { type CallHearing, describeHearing } from "../../src/services/hearing-record.ts";
import { listServiceSockets, serveStatus } from "../../src/services/status-socket.ts";
import { listenUnix } from "../../src/tcp.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";

const call = { callId: "111", key: "111-3" };

let stateFolder: string;
let clock: FakeClock;
let notes: string[];
let follower: EventFollower | undefined;

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-follow-"));
  clock = new FakeClock();
  notes = [];
});

afterEach(() => {
  follower?.close();
  follower = undefined;
  rmSync(stateFolder, { recursive: true, force: true });
});

function follow(options: Partial<EventFollowerOptions> = {}): EventFollower {
  return new EventFollower({
    stateFolder,
    service: "whisper",
    clock,
    onJoined: () => notes.push("joined"),
    onLeft: () => notes.push("left"),
    onLine: (_pid, line) => notes.push(line.includes("listening") ? "listening" : line),
    onRefused: (error) => notes.push(error.summary),
    ...options,
  });
}

/** A running service of this very process, as another process would see it. */
function serve(): { readonly stream: EventStream<CallHearing>; readonly close: () => void } {
  const stream = new EventStream({
    service: "whisper",
    pid: process.pid,
    clock,
    describe: describeHearing,
  });
  const options = { stateFolder, service: "whisper", describe: () => ({}) };
  const socket = serveStatus({ ...options, events: stream });
  return { stream, close: () => socket.close() };
}

const speak = (stream: EventStream<CallHearing>, atMs: number): void =>
  stream.publish({ call, event: { kind: "speech-start", atMs } });

test("a service that starts again is listened to again, and both are said", async () => {
  follower = follow();
  expect(follower.joined).toBe(0);
  const first = serve();
  clock.advance(500);
  await until(() => notes.length === 2, "the first service");
  expect(follower.joined).toBe(1);
  clock.advance(5000);
  expect(first.stream.status().listeners).toBe(1);
  speak(first.stream, 1);
  await until(() => notes.length === 3, "an event");
  first.close();
  await until(() => notes.includes("left"), "the end of the first service");
  expect(follower.joined).toBe(0);

  const second = serve();
  clock.advance(500);
  await until(() => notes.length === 6, "the second service");
  expect(notes.filter((note) => !note.startsWith("{"))).toEqual([
    "joined",
    "listening",
    "left",
    "joined",
    "listening",
  ]);
  expect(JSON.parse(notes[2] ?? "")).toMatchObject({ kind: "speech-start", atMs: 1 });
  follower.close();
  await until(() => second.stream.status().listeners === 0, "the end of listening");
  second.close();
  expect(clock.timers).toBe(0);
});

test("while it is paused nothing is read, and afterwards everything that was kept", async () => {
  const { stream, close } = serve();
  follower = follow();
  await until(() => notes.length === 2, "the service");
  follower.pause();
  speak(stream, 1);
  speak(stream, 2);
  await until(() => stream.status().events === 2, "both events");
  expect(notes).toHaveLength(2);
  follower.resume();
  await until(() => notes.length === 4, "both events here");
  close();
});

test("a service that has no events, and one that has too many listeners, are refusals", async () => {
  const mute = serveStatus({ stateFolder, service: "whisper", describe: () => ({ state: "up" }) });
  follower = follow();
  await until(() => notes.length === 1, "the refusal");
  expect(notes[0]).toContain("the running whisper service tells no events");
  follower.close();
  mute.close();

  notes = [];
  const { stream, close } = serve();
  const reader = { write: () => true, pendingBytes: 0 };
  while (stream.subscribe(reader) !== undefined);
  follower = follow();
  await until(() => notes.length === 1, "the refusal");
  expect(notes[0]).toContain("takes no more listeners: 16 listeners are served already");
  close();
});

test("the socket of a dead process is removed; one of a living process stays", async () => {
  const folder = join(stateFolder, "run");
  mkdirSync(folder, { mode: 0o700 });
  const gone = Bun.spawnSync(["true"]);
  const dead = join(folder, `whisper-${gone.pid}.sock`);
  const alive = join(folder, `whisper-${process.ppid}.sock`);
  for (const path of [dead, alive]) {
    const server = listenUnix(`${path}.bound`, () => ({
      data: () => undefined,
      closed: () => undefined,
    }));
    renameSync(`${path}.bound`, path);
    server.stop(true);
  }
  expect(listServiceSockets(stateFolder, "whisper")).toHaveLength(2);
  follower = follow();
  await until(() => !existsSync(dead), "the dead one removed");
  expect(existsSync(alive)).toBe(true);
  expect(notes).toEqual([]);
});

test("an endless line ends the connection instead of filling the memory", async () => {
  const folder = join(stateFolder, "run");
  mkdirSync(folder, { mode: 0o700 });
  let isClosed = false;
  const server = listenUnix(join(folder, `whisper-${process.pid}.sock`), (link) => ({
    data() {
      link.write(Buffer.from('{"kind":"listening"}\n'));
      link.write(new Uint8Array(3 << 20).fill(0x20));
    },
    closed: () => void (isClosed = true),
  }));
  follower = follow();
  await until(() => isClosed, "the end of the connection");
  await until(() => notes.includes("left"), "the end seen here");
  expect(notes).toEqual(["joined", "listening", "left"]);
  server.stop(true);
});

/** Keeps how far it has read, as whoever writes a history does. */
function rememberingFollower(): { readonly told: (number | undefined)[] } {
  const told: (number | undefined)[] = [];
  let last: EventPosition | undefined;
  const options = {
    since: () => last ?? fromTheBeginning,
    onLine: (_pid: number, line: string, position: EventPosition | undefined) => {
      if (!line.includes("listening")) told.push(position?.seq);
      last = position ?? last;
    },
  };
  follower = follow(options);
  freshFollower = () => {
    follower?.close();
    follower = follow(options);
  };
  return { told };
}

let freshFollower = (): void => undefined;

test("a follower that was away gets what it missed, and every event once", async () => {
  const { stream, close } = serve();
  speak(stream, 1);
  speak(stream, 2);
  const { told } = rememberingFollower();
  await until(() => told.length === 2, "what was told before anybody listened");
  for (let round = 0; round < 5; round += 1) {
    follower?.close();
    await until(() => stream.status().listeners === 0, "nobody listens");
    speak(stream, 3);
    freshFollower();
    await until(() => stream.status().listeners === 1, "the next follower");
    speak(stream, 4);
    await until(() => told.length === 4 + 2 * round, "both");
  }
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  close();
});

test("a service that starts again with the same process id is read from its beginning", async () => {
  const first = serve();
  const { told } = rememberingFollower();
  for (let count = 0; count < 5; count += 1) speak(first.stream, count);
  await until(() => told.length === 5, "the first service");
  first.close();
  await until(() => follower?.joined === 0, "the end of the first service");
  clock.advance(60_000);
  const second = serve();
  speak(second.stream, 1);
  clock.advance(500);
  await until(() => told.length === 6, "the second service");
  expect(told).toEqual([1, 2, 3, 4, 5, 1]);
  second.close();
});

test("what is not kept has no position", async () => {
  const stream = new EventStream<number>({
    service: "whisper",
    pid: process.pid,
    clock,
    describe: (atMs) => ({ kind: "level", atMs }),
    isPassing: (atMs) => atMs < 0,
  });
  const socket = serveStatus({
    stateFolder,
    service: "whisper",
    describe: () => ({}),
    events: stream,
  });
  const { told } = rememberingFollower();
  await until(() => stream.status().listeners === 1, "the follower");
  for (const atMs of [1, -1, 2]) stream.publish(atMs);
  await until(() => told.length === 3, "all of them");
  expect(told).toEqual([1, undefined, 2]);
  socket.close();
});
