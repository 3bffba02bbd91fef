/** A LLaMA that is absent, dies, hangs, talks or shuts the door: each text still arrives once, in order. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { endMarker } from "../../src/wire/audio-frames.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { FakeLlama } from "./fake-llama.ts";
import { type Llama, Stage, type Whisper } from "./harness.ts";
import { Announcer, LegacyInbound, utteranceChunk } from "./legacy-inbound.ts";
import { freePort, type RawConnection } from "./raw-connection.ts";
import { demoCall, samplesOf, sentences, shortest } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const ids = {
  absent: 3300,
  other: 3302,
  killed: 3304,
  stopped: 3306,
  stoppedThenKilled: 3308,
  refusing: 3330,
  hungLong: 3322,
  meanwhile: 3324,
  talking: 3312,
  garbage: 3314,
  exact: 3316,
  overflow: 3318,
  paused: 3320,
} as const;

const spoken = sentences.map(({ texts }) => texts[0] ?? "");
const chunks = sentences.map((sentence) => utteranceChunk(samplesOf(sentence)));
const queueLimit = 64;

test("texts wait for a LLaMA that is not there yet; another call does not wait", async () => {
  await using stage = new Stage();
  const llamaPort = freePort();
  const whisper = await stage.startWhisper({ llamaPort });
  const calls = [ids.absent, ids.other].map((callId) =>
    stage.startInbound({ callId, recording: demoCall, whisperPort: whisper.port }),
  );
  for (const call of calls) {
    expect(await call.exited()).toBe(0);
    expect(call.texts).toEqual([...demoCall.texts]);
  }
  const { llama: waiting } = await whisper.isIdle();
  expect(waiting).toMatchObject({ open: 0, sent: 0, dropped: 0 });
  expect(waiting.lastError).toContain("ECONNREFUSED");

  const llama = await stage.startLlama(llamaPort);
  for (const callId of [ids.absent, ids.other]) {
    expect(await llama.hears(callId, 3)).toEqual([...demoCall.texts]);
  }
});

test("a LLaMA killed between and during utterances and started again gets each text once", async () => {
  await using stage = new Stage();
  const first = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: first.port });
  const inbound = stage.startInbound({
    callId: ids.killed,
    recording: demoCall,
    whisperPort: whisper.port,
    speed: 4,
  });

  // Between: the first text is there and the second sentence has not begun.
  const heard = [...(await first.hears(ids.killed, 1))];
  await kill(first);
  const second = await stage.startLlama(first.port);
  await whisper.reaches("a new connection", ({ llama }) => llama.open === 1);
  // During: in the middle of the second sentence.
  await whisper.reaches("5.5 s heard", ({ calls }) => (calls[0]?.audioMs ?? 0) >= 5500);
  heard.push(...second.texts(ids.killed));
  await kill(second);
  await whisper.reaches("a text that waits", ({ llama }) => llama.waiting > 0);
  const third = await stage.startLlama(first.port);

  expect(await inbound.exited()).toBe(0);
  heard.push(...(await third.hears(ids.killed, 3 - heard.length)));
  expect(heard).toEqual([...demoCall.texts]);
  await whisper.isIdle();
  expect(third.texts(ids.killed)).toHaveLength(2);
});

async function kill(llama: Llama): Promise<void> {
  llama.program.signal("SIGKILL");
  await llama.program.exited();
}

test("a LLaMA that hangs for a while delays nobody and gets each text once", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const start = (callId: number) =>
    stage.startInbound({ callId, recording: demoCall, whisperPort: whisper.port });
  const inbound = start(ids.stopped);
  await llama.hears(ids.stopped, 1);
  llama.program.signal("SIGSTOP");
  expect(await inbound.exited()).toBe(0);
  const during = start(ids.stopped);
  expect(await during.exited()).toBe(0);
  expect(during.texts).toEqual([...demoCall.texts]);
  llama.program.signal("SIGCONT");

  const twice = [...demoCall.texts, ...demoCall.texts];
  expect(await llama.hears(ids.stopped, 6)).toEqual(twice);
});

test("what a hanging LLaMA had not read when it was killed goes to its successor", async () => {
  await using stage = new Stage();
  using fake = await startCall(ids.stoppedThenKilled, stage);
  const { llama, whisper, connection } = fake;
  llama.program.signal("SIGSTOP");
  connection.send(...chunks, endMarker);
  await whisper.reaches("all texts sent", (status) => status.llama.sent === spoken.length);
  await whisper.isIdle();
  await kill(llama);

  const successor = await stage.startLlama(llama.port);
  expect(await successor.hears(ids.stoppedThenKilled, spoken.length)).toEqual(spoken);
});

test("so does what a LLaMA left unread that hung for longer than it takes to believe in it", async () => {
  await using stage = new Stage();
  using fake = await startCall(ids.hungLong, stage);
  const { llama, whisper, connection } = fake;
  llama.program.signal("SIGSTOP");
  connection.send(...chunks.slice(0, 2));
  await whisper.reaches("two texts sent", (status) => status.llama.sent === 2);
  // The next text comes when the first two are long gone from whisper's own queues.
  const later = stage.startInbound({
    callId: ids.meanwhile,
    recording: demoCall,
    whisperPort: whisper.port,
  });
  expect(await later.exited()).toBe(0);
  connection.send(...chunks.slice(2, 3), endMarker);
  await whisper.reaches("three texts of the call sent", (status) => status.llama.sent === 6);
  await whisper.isIdle();
  await kill(llama);

  const successor = await stage.startLlama(llama.port);
  expect(await successor.hears(ids.hungLong, 3)).toEqual(spoken.slice(0, 3));
});

interface RunningCall extends Disposable {
  readonly llama: Llama;
  readonly whisper: Whisper;
  readonly connection: RawConnection;
}

async function startCall(callId: number, stage: Stage): Promise<RunningCall> {
  const llama = await stage.startLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  using resources = new DisposableStack();
  const announcer = resources.use(await Announcer.open(whisper.port));
  const inbound = resources.use(new LegacyInbound(callId, announcer));
  const connection = await inbound.call();
  await llama.program.said("whisper connected");
  const owned = resources.move();
  return { llama, whisper, connection, [Symbol.dispose]: () => owned.dispose() };
}

for (const [index, shut] of (["reset", "end"] as const).entries()) {
  test(`a LLaMA that shuts the door on every connection (${shut}) costs nothing but the wait`, async () => {
    await using stage = new Stage();
    const llamaPort = freePort();
    const whisper = await stage.startWhisper({ llamaPort });
    const callId = ids.refusing + index * 2;
    const heard: string[] = [];
    {
      using hostile = new FakeLlama({ port: llamaPort, onConnect: (raw) => raw[shut]() });
      const call = stage.startInbound({
        callId,
        recording: demoCall,
        whisperPort: whisper.port,
      });
      expect(await call.exited()).toBe(0);
      expect(call.texts).toEqual([...demoCall.texts]);
      await whisper.program.said(
        "the LLaMA does not accept this call id: start it, or restart it if it holds an ended call",
      );
      heard.push(...hostile.texts(callId));
    }
    using llama = new FakeLlama({ port: llamaPort });
    const { length } = demoCall.texts;
    await llama.gets(callId, length - heard.length);
    expect([...heard, ...llama.texts(callId)]).toEqual([...demoCall.texts]);
    // Every 200 ms five times, then every second: no storm.
    expect(whisper.program.count("connected to the LLaMA")).toBeLessThan(10);
  });
}

function asFrames(texts: readonly string[]): string[] {
  return texts.map((text) => `text ${text}`);
}

test("a LLaMA that talks back without end is read and never blocks the call", async () => {
  await using stage = new Stage();
  const chatter = Buffer.alloc(8 << 20, "much to say, little to mean. ");
  using llama = new FakeLlama({ onConnect: (raw) => raw.send(chatter) });
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const call = stage.startInbound({
    callId: ids.talking,
    recording: demoCall,
    whisperPort: whisper.port,
  });
  expect(await call.exited()).toBe(0);
  expect(await llama.gets(ids.talking, 4)).toEqual([...asFrames(demoCall.texts), "bye"]);
});

test("audio and nonsense from the LLaMA's side are ignored", async () => {
  await using stage = new Stage();
  const nonsense = Buffer.concat([
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]),
    ...chunks,
  ]);
  using llama = new FakeLlama({ onConnect: (raw) => raw.send(nonsense) });
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const call = stage.startInbound({
    callId: ids.garbage,
    recording: demoCall,
    whisperPort: whisper.port,
  });
  expect(await call.exited()).toBe(0);
  expect(await llama.gets(ids.garbage, 4)).toEqual([...asFrames(demoCall.texts), "bye"]);
});

test(`${queueLimit} texts wait for an absent LLaMA, and not one is lost`, async () => {
  const { frames, dropped } = await sayToAbsentLlama(ids.exact, queueLimit);
  expect(frames).toEqual([...saidInTurn(queueLimit), "bye"]);
  expect(dropped).toBe(0);
});

test("beyond that the oldest texts go, counted and with a line in the log", async () => {
  const tooMany = queueLimit + 6;
  const { frames, dropped, warned } = await sayToAbsentLlama(ids.overflow, tooMany);
  expect(frames).toEqual([...saidInTurn(tooMany).slice(6), "bye"]);
  expect(dropped).toBe(6);
  expect(warned).toBe(1);
});

/** Three short sentences in turn, so that the order shows. */
const turns = [0, 1, 2];

function saidInTurn(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `text ${spoken[index % turns.length]}`);
}

async function sayToAbsentLlama(callId: number, count: number) {
  await using stage = new Stage();
  const llamaPort = freePort();
  const whisper = await stage.startWhisper({ llamaPort });
  using announcer = await Announcer.open(whisper.port);
  using inbound = new LegacyInbound(callId, announcer);
  const connection = await inbound.call();
  const said = Array.from({ length: count }, (_, index) => chunks[index % turns.length]);
  connection.send(...said.filter((chunk) => chunk !== undefined), endMarker);
  const { totals } = await whisper.reaches(
    "the call over",
    (status) => status.totals.ended === 1,
    40_000,
  );
  expect(totals.transcripts).toBe(count);
  const before = await whisper.status();
  using llama = new FakeLlama({ port: llamaPort });
  await eventually({ what: "BYE", probe: () => llama.frames(callId).at(-1) === "bye" });
  const frames = llama.frames(callId);
  const warned = whisper.program.count(
    "the LLaMA is away and the queue is full: the oldest texts are dropped",
  );
  return { frames, dropped: before.llama.dropped, warned };
}

test("a LLaMA that reads nothing for a while gets everything when it reads again", async () => {
  await using stage = new Stage();
  const paused: RawConnection[] = [];
  using llama = new FakeLlama({
    onConnect: (raw) => {
      raw.pause();
      paused.push(raw);
    },
  });
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const call = stage.startInbound({
    callId: ids.paused,
    recording: { ...shortest },
    whisperPort: whisper.port,
  });
  expect(await call.exited()).toBe(0);
  await whisper.isIdle();
  expect(llama.frames(ids.paused)).toEqual([]);
  for (const raw of paused) raw.resume();
  expect(await llama.gets(ids.paused, 2)).toEqual([`text ${shortest.texts[0]}`, "bye"]);
});
