/** Who wants unfinished texts and who does not, on the status socket, with followers of all ages. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventFollower, fromTheBeginning, parseObject } from "../../src/services/event-follower.ts";
import { EventStream } from "../../src/services/event-stream.ts";
import {
  eventsSinceQuestion,
  passingWord,
  readEventsQuestion,
  readPassingWord,
} from "../../src/services/events-question.ts";
import { listServiceSockets, serveStatus } from "../../src/services/status-socket.ts";
import { connectUnix } from "../../src/tcp.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";

type Fields = Readonly<Record<string, unknown>>;

let stateFolder: string;
let clock: FakeClock;
let freed: (() => void)[];

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-passing-"));
  clock = new FakeClock();
  freed = [];
});

afterEach(() => {
  for (const free of freed.toReversed()) free();
  rmSync(stateFolder, { recursive: true, force: true });
});

function serve(): EventStream<Fields> {
  const stream = new EventStream<Fields>({
    service: "whisper",
    pid: process.pid,
    clock,
    describe: (event) => event,
    isPassing: ({ kind }) => kind === "partial",
  });
  const socket = serveStatus({
    stateFolder,
    service: "whisper",
    describe: () => ({}),
    events: stream,
  });
  freed.push(() => socket.close());
  return stream;
}

function follow(passing?: boolean): { readonly follower: EventFollower; readonly texts: string[] } {
  const texts: string[] = [];
  const follower = new EventFollower({
    stateFolder,
    service: "whisper",
    clock,
    ...(passing === undefined ? {} : { passing }),
    since: () => fromTheBeginning,
    onJoined: () => undefined,
    onLeft: () => undefined,
    onLine(_pid, line) {
      const { kind, text } = parseObject(line) ?? {};
      if (kind !== "listening") texts.push(`${String(kind)} ${String(text)}`);
    },
    onRefused: () => undefined,
  });
  freed.push(() => follower.close());
  return { follower, texts };
}

const partial = (text: string): Fields => ({ kind: "partial", text });
const final = (text: string): Fields => ({ kind: "final", text });

test("a follower without unfinished texts gets all others, and the service need not make any", async () => {
  const stream = serve();
  const { texts } = follow(false);
  await until(() => stream.status().listeners === 1, "the follower");
  await until(() => !stream.isWatched, "its word");
  expect(stream.status()).toMatchObject({ listeners: 1, watchers: 0 });
  stream.publish(partial("one"));
  stream.publish(final("one two"));
  await until(() => texts.length === 1, "the final text");
  expect(texts).toEqual(["final one two"]);
});

test("it may change its mind at any time, on the same connection", async () => {
  const stream = serve();
  const { follower, texts } = follow(false);
  await until(() => stream.status().listeners === 1 && !stream.isWatched, "the follower");
  follower.wantPassing(true);
  await until(() => stream.isWatched, "its other word");
  stream.publish(partial("one"));
  await until(() => texts.length === 1, "the unfinished text");
  follower.wantPassing(false);
  await until(() => !stream.isWatched, "its first word again");
  stream.publish(partial("two"));
  stream.publish(final("three"));
  await until(() => texts.length === 2, "the final text");
  expect(texts).toEqual(["partial one", "final three"]);
});

test("what it wants counts for services that start later, too", async () => {
  const { follower, texts } = follow(false);
  follower.wantPassing(true);
  const stream = serve();
  clock.advance(500);
  await until(() => stream.isWatched, "the follower");
  stream.publish(partial("one"));
  await until(() => texts.length === 1, "the unfinished text");
});

test("one follower that watches costs the others nothing", async () => {
  const stream = serve();
  const [plain, watching] = [follow(false), follow()];
  await until(() => stream.status().listeners === 2, "both");
  await until(() => stream.status().watchers === 1, "one that watches");
  stream.publish(partial("one"));
  stream.publish(final("two"));
  await until(() => watching.texts.length === 2 && plain.texts.length === 1, "all texts");
  expect(plain.texts).toEqual(["final two"]);
});

test("a follower of an older version, which says nothing, gets them", async () => {
  const stream = serve();
  const [socket] = listServiceSockets(stateFolder, "whisper");
  let text = "";
  const link = await connectUnix(socket?.path ?? "", {
    data: (bytes) => void (text += Buffer.from(bytes).toString()),
    closed: () => undefined,
  });
  freed.push(() => link.destroy());
  link.write(new TextEncoder().encode("events\n"));
  await until(() => stream.isWatched, "the follower");
  stream.publish(partial("one"));
  await until(() => text.includes('"partial"'), "the unfinished text");
  // What is no word of the protocol changes nothing.
  link.write(new TextEncoder().encode("passing maybe\nPASSING OFF\n passing off\n\0"));
  link.write(Buffer.alloc(100_000, "x"));
  stream.publish(partial("two"));
  await until(() => text.includes("two"), "the next one");
});

test("a service of an older version is followed all the same", async () => {
  let asked = "";
  // As it reads the question: the first line, and nothing behind it.
  const old = new EventStream<Fields>({
    service: "whisper",
    pid: 1,
    clock,
    describe: (one) => one,
  });
  const socket = serveStatus({
    stateFolder,
    service: "whisper",
    describe: () => ({}),
    events: {
      subscribe(reader, since) {
        asked = since?.stream ?? "";
        const subscription = old.subscribe(reader, since);
        return subscription && { ...subscription, wantPassing: () => undefined };
      },
    },
  });
  freed.push(() => socket.close());
  const { texts } = follow(false);
  await until(() => asked === fromTheBeginning.stream, "the question");
  old.publish(partial("always"));
  await until(() => texts.length === 1, "what it always tells");
});

describe("the words of the protocol", () => {
  test("may stand behind the question, which versions without them read as ever", () => {
    const both = Buffer.concat([
      eventsSinceQuestion({ stream: "w-1", seq: 7 }),
      passingWord(false),
    ]);
    expect(readEventsQuestion(both)).toEqual({ since: { stream: "w-1", seq: 7 } });
    expect(readPassingWord(both)).toBe(false);
    expect(both.toString()).toMatch(/^events since w-1 7\n/);
  });

  test.each([
    ["passing on\n", true],
    ["passing off\npassing on\n", true],
    ["passing on\npassing off\n", false],
    ["passing  on\n", undefined],
    ["passing onward\n", undefined],
    ["", undefined],
    ["x".repeat(1000), undefined],
  ])("%j says %p", (text, isWanted) => {
    expect(readPassingWord(new TextEncoder().encode(text))).toBe(isWanted);
  });
});
