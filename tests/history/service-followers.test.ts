/** Streams of services, sockets, followers and the file together, while the one who writes comes and goes. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { HistoryReader } from "../../src/history/history-reader.ts";
import { HistoryRecorder } from "../../src/history/history-recorder.ts";
import { ServiceFollowers } from "../../src/history/service-followers.ts";
import { EventStream } from "../../src/services/event-stream.ts";
import { serveStatus } from "../../src/services/status-socket.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(30_000);

interface Told {
  readonly kind: string;
  readonly [field: string]: unknown;
}

let folder: string;
let freed: (() => void)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-followed-"));
  freed = [];
});

afterEach(() => {
  for (const free of freed.toReversed()) free();
  rmSync(folder, { recursive: true, force: true });
});

function serve(service: string): EventStream<Told> {
  const stream = new EventStream<Told>({
    service,
    pid: process.pid,
    clock: systemClock,
    describe: (event) => event,
    isPassing: ({ kind }) => kind === "partial",
  });
  const socket = serveStatus({
    stateFolder: folder,
    service,
    describe: () => ({}),
    events: stream,
  });
  freed.push(() => socket.close());
  return stream;
}

interface Writer {
  readonly recorder: HistoryRecorder;
  readonly followers: ServiceFollowers;
  readonly shown: string[];
  readonly text: () => string;
}

function write(): Writer {
  const memory = createMemoryLog(systemClock, "info");
  const { log } = memory;
  const shown: string[] = [];
  const recorder = new HistoryRecorder({
    path: join(folder, "history.db"),
    clock: systemClock,
    log,
    isRunning: (service, pid) => followers.isJoined(service, pid),
  });
  const followers: ServiceFollowers = new ServiceFollowers({
    stateFolder: folder,
    services: ["sip", "whisper"],
    taker: recorder,
    onEvent: (service, _pid, fields) => void shown.push(`${service} ${String(fields["kind"])}`),
    clock: systemClock,
    log,
  });
  freed.push(
    () => recorder.close(),
    () => followers.close(),
  );
  return { recorder, followers, shown, text: () => memory.text() };
}

const name = { callId: "2", key: "2-1" };
const phone = { key: "1", line: "200@pbx", direction: "incoming", remote: "<sip:1@pbx>" };

test("no event is missing or double in the history when its writer ends and begins many times", async () => {
  const sip = serve("sip");
  const whisper = serve("whisper");
  sip.publish({ kind: "established", callId: "2", codec: "PCMA", ...phone });
  let spoken = 0;
  const speak = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      spoken += 1;
      whisper.publish({ kind: "partial", ...name, tentative: "wor" });
      whisper.publish({ kind: "final", ...name, text: `text ${spoken}`, startMs: spoken });
    }
  };
  for (let round = 1; round <= 6; round += 1) {
    speak(20);
    const { recorder, followers } = write();
    await until(() => followers.isJoined("whisper", process.pid), "the follower");
    speak(20);
    const isComplete = (): boolean =>
      recorder.since("whisper", process.pid)?.seq === spoken && recorder.status().waiting === 0;
    // Every other time it ends with events that were taken and not written.
    if (round % 2 === 0) await until(isComplete, "all written");
    followers.close();
    await until(() => whisper.status().listeners === 0, "nobody listens");
    if (round % 2 === 0) recorder.close();
  }
  const { recorder } = write();
  await until(() => recorder.since("whisper", process.pid)?.seq === spoken, "the rest");
  await until(() => recorder.status().waiting === 0, "all written");
  const reader = HistoryReader.open(join(folder, "history.db"));
  const [call, ...others] = reader.page({ filter: {}, limit: 10 }).calls;
  const heard = reader.call(call?.id ?? -1)?.heard ?? [];
  reader.close();
  expect(others).toEqual([]);
  expect(call).toMatchObject({ service: "sip", codec: "PCMA", utterances: spoken });
  expect(heard.map(({ text }) => text)).toEqual(
    Array.from({ length: spoken }, (_, index) => `text ${index + 1}`),
  );
});

test("whoever shows events gets all of them, and the log says what was gone", async () => {
  const whisper = serve("whisper");
  for (let count = 0; count < 2100; count += 1)
    whisper.publish({ kind: "final", ...name, text: "" });
  const { shown, recorder, text } = write();
  await until(() => recorder.since("whisper", process.pid)?.seq === 2100, "what was kept");
  whisper.publish({ kind: "partial", ...name });
  await until(() => shown.at(-1) === "whisper partial", "the partial text");
  expect(shown).toHaveLength(1 + 2000 + 1);
  expect(text()).toContain("events of a service were gone before they were read");
  expect(text()).toContain("count=100");
});
