import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { PseudoRandom } from "../../src/evaluation/pseudo-random.ts";
import type { StreamEvent } from "../../src/history/event-applier.ts";
import {
  type AllServices,
  newServices,
  scriptCall,
  ScriptedStream,
  type Services,
  stages,
  startMs,
  streamsOf,
  timeOf,
} from "./event-scripts.ts";
import { HistoryRig } from "./history-rig.ts";

let rigs: HistoryRig[] = [];

function newRig(): HistoryRig {
  const rig = new HistoryRig();
  rigs.push(rig);
  return rig;
}

afterEach(() => {
  for (const rig of rigs) rig.close();
  rigs = [];
});

const inOrder = (services: Services): StreamEvent[] =>
  streamsOf(services)
    .flatMap(({ events }) => events)
    .toSorted((one, other) => timeOf(one) - timeOf(other));

/** Each stream in its own order, some of it again as after a break, and the streams in any order. */
function shuffled(services: Services, random: PseudoRandom): StreamEvent[] {
  const waiting = streamsOf(services).map(({ events }) => ({ events, next: 0 }));
  const told: StreamEvent[] = [];
  while (true) {
    const open = waiting.filter(({ events, next }) => next < events.length);
    const source = open[Math.floor(random.unit() * open.length)];
    if (source === undefined) return told;
    const run = 1 + Math.floor(random.unit() * random.unit() * 40);
    told.push(...source.events.slice(source.next, source.next + run));
    source.next = Math.min(source.events.length, source.next + run);
    if (random.unit() < 0.2)
      source.next = Math.max(0, source.next - Math.floor(random.unit() * 15));
  }
}

/** All tables, without the numbers of rows, which depend on the order. */
function rowsOf(rig: HistoryRig): unknown {
  const calls = rig.calls().map(({ id: _id, ...call }) => ({
    ...call,
    parts: call.parts.toSorted((one, other) => one.pid - other.pid),
  }));
  const counts = rig.query(`SELECT
    (SELECT count(*) FROM calls) AS calls, (SELECT count(*) FROM parts) AS parts,
    (SELECT count(*) FROM utterances) AS utterances, (SELECT count(*) FROM turns) AS turns,
    (SELECT count(*) FROM events) AS events`);
  const positions = rig.query("SELECT stream, seq FROM streams ORDER BY stream");
  return { calls, counts, positions };
}

describe("a call", () => {
  test("is one row, with what each service knows of it", () => {
    const rig = newRig();
    const services = newServices();
    scriptCall(services, { number: 7, callId: "42", atMs: startMs, turns: 2 });
    rig.take(inOrder(services));
    rig.settle();
    const calls = rig.calls();
    expect(calls).toHaveLength(1);
    const { heard = [], said = [], parts = [], ...call } = calls[0] ?? {};
    expect(call).toMatchObject({
      key: "sip-100/7",
      callId: "42",
      direction: "incoming",
      line: "200@pbx",
      remote: "557",
      name: "Caller 7",
      language: "en",
      startedMs: startMs,
      answeredMs: startMs + 50,
      endedMs: startMs + 15_000,
      endedBy: "remote",
      endReason: "BYE",
      codec: "PCMA",
      meanOpinionScore: 4.1,
      jitterMs: 2.5,
      lossFraction: 0.01,
      utterances: 2,
      turns: 2,
      answerMs: 700,
    });
    expect(heard.map(({ text }) => text)).toEqual(["question 1 of call 7", "question 2 of call 7"]);
    expect(heard[0]).toMatchObject({
      service: "whisper",
      startMs: 3500,
      silenceMs: 500,
      textMs: 1.5,
    });
    expect(said[1]).toMatchObject({
      service: "llama",
      question: "question 2 of call 7",
      answer: "answer 2 to call 7.",
      outcome: "stop",
      tokens: 12,
      heardCharacters: 19,
      isAllHeard: 1,
      isInterrupted: 0,
      ...stages,
    });
    expect(parts.map(({ service }) => service).toSorted()).toEqual([
      "kokoro",
      "llama",
      "sip",
      "whisper",
    ]);
  });

  test("that was never answered is kept with its reason", () => {
    const rig = newRig();
    const sip = new ScriptedStream("sip", 100);
    const phone = { key: "1", line: "200@pbx", direction: "outgoing", remote: "<sip:600@pbx>" };
    sip.tell(startMs, "progress", { status: 180, ...phone });
    sip.tell(startMs + 9000, "ended", { by: "remote", status: 486, reason: "Busy Here", ...phone });
    rig.take(sip.events);
    rig.settle();
    expect(rig.calls()).toMatchObject([
      {
        direction: "outgoing",
        remote: "600",
        answeredMs: null,
        status: 486,
        endReason: "Busy Here",
      },
    ]);
  });

  test.each([
    ["whisper alone", (all: Services): Services => ({ whisper: all.whisper })],
    ["no telephone", (all: Services): Services => ({ ...all, sip: undefined })],
    ["the voice alone", (all: Services): Services => ({ kokoro: all.kokoro })],
    ["telephone and voice", (all: Services): Services => ({ sip: all.sip, kokoro: all.kokoro })],
  ])("is known also by %s", (_name, choose) => {
    const rig = newRig();
    const services = choose(newServices());
    // The same id twice, as peers that know only one use it.
    scriptCall(services, { number: 1, callId: "111", atMs: startMs, turns: 3 });
    scriptCall(services, { number: 2, callId: "111", atMs: startMs + 40_000, turns: 1 });
    rig.take(inOrder(services));
    rig.settle();
    const calls = rig.calls();
    expect(calls).toHaveLength(2);
    const words = calls.map(({ heard, said }) => Math.max(heard.length, said.length));
    expect(words).toEqual([3, 1]);
  });

  test("a short sound that was no turn is not asked about", () => {
    const rig = newRig();
    const llama = new ScriptedStream("llama", 5);
    const name = { callId: "2", key: "2-1" };
    llama.tell(startMs, "began", name);
    llama.tell(startMs + 1, "transcript", { ...name, text: "mhm" });
    llama.tell(startMs + 1, "back-channel", { ...name, text: "mhm" });
    llama.tell(startMs + 2, "transcript", { ...name, text: "what is" });
    llama.tell(startMs + 3, "transcript", { ...name, text: "the time" });
    llama.tell(startMs + 4, "asked", { ...name, turn: 1, messages: 2 });
    rig.take(llama.events);
    rig.settle();
    const [call] = rig.calls();
    expect(call?.said).toMatchObject([{ question: "what is the time" }]);
    expect(call?.events).toMatchObject([{ kind: "back-channel", fields: '{"text":"mhm"}' }]);
  });

  test.each([
    ["the model was stopped", { outcome: "cancelled", cancelMs: 12 }, 1],
    ["only half was heard", { outcome: "stop" }, 1],
  ])("an answer counts as interrupted when %s", (_name, answered, isInterrupted) => {
    const rig = newRig();
    const llama = new ScriptedStream("llama", 5);
    const name = { callId: "2", key: "2-1" };
    for (const turn of [1, 2]) {
      llama.tell(startMs + turn, "asked", { ...name, turn, messages: 2 });
      llama.tell(startMs + turn, "clause", { ...name, turn, text: "One, two, three." });
      llama.tell(startMs + turn, "answered", { ...name, turn, tokens: 3, totalMs: 9, ...answered });
      llama.tell(startMs + turn, "heard", { ...name, turn, characters: 5, isAll: turn === 2 });
    }
    rig.take(llama.events);
    rig.settle();
    expect(rig.calls()[0]?.said[0]).toMatchObject({ isInterrupted, heardCharacters: 5 });
  });

  test("what no rule knows is kept as it came, with the call or without", () => {
    const rig = newRig();
    const sip = new ScriptedStream("sip", 9);
    sip.tell(startMs, "registration", { line: "200@pbx", isRegistered: true });
    sip.tell(startMs + 1, "digit", {
      key: "1",
      line: "200@pbx",
      remote: "<sip:1@pbx>",
      digit: "5",
    });
    sip.tell(startMs + 2, "teleported", { key: "1", to: { planet: "Mars" } });
    rig.take(sip.events);
    rig.settle();
    expect(rig.calls()[0]?.events).toMatchObject([
      { kind: "digit", fields: '{"digit":"5"}' },
      { kind: "teleported", fields: '{"to":{"planet":"Mars"}}' },
    ]);
    expect(rig.query("SELECT kind, fields FROM events WHERE part IS NULL")).toEqual([
      { kind: "registration", fields: '{"line":"200@pbx","isRegistered":true}' },
    ]);
  });

  test("hostile fields spoil nothing", () => {
    const rig = newRig();
    const whisper = new ScriptedStream("whisper", 9);
    const name = { callId: "2", key: "2-1" };
    const values = [null, {}, [], -1, 1e308, "x".repeat(100_000), "\uD800", "\u0000", true];
    for (const value of values) {
      whisper.tell(startMs, "final", { ...name, text: value, startMs: value, language: value });
      whisper.tell(startMs, "final", { key: value, callId: value, time: value, text: "odd" });
    }
    whisper.tell(startMs, "final", { ...name, text: "the last one" });
    rig.take(whisper.events);
    rig.settle();
    expect(rig.recorder.status()).toMatchObject({ waiting: 0, failures: 0, refused: 0 });
    const texts = rig.calls().flatMap(({ heard }) => heard.map(({ text }) => text));
    expect(texts).toContain("the last one");
  });
});

function manyCalls(random: PseudoRandom): AllServices {
  const services = newServices();
  const sipless = { ...services, sip: undefined };
  for (let number = 1; number <= 8; number += 1) {
    // Two ids of which each comes again, at a time when its last call has been over for a while.
    const atMs = startMs + Math.floor((number - 1) / 2) * 60_000 + Math.floor(random.unit() * 3000);
    const callId = String(2 + 2 * (number % 2));
    const isPhone = random.unit() < 0.7;
    const turns = Math.floor(random.unit() * 5) + 1;
    scriptCall(isPhone ? services : sipless, { number, callId, atMs, turns });
  }
  for (const stream of streamsOf(services)) stream.renumber();
  return services;
}

describe("whatever the order", () => {
  test("the same rows come of it, also when parts are told twice", () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const random = new PseudoRandom(`interleaving ${seed}`);
      const services = manyCalls(random);
      const orderly = newRig();
      orderly.take(inOrder(services));
      orderly.settle();
      const expected = rowsOf(orderly);
      expect(orderly.calls()).toHaveLength(8);
      const other = newRig();
      for (const event of shuffled(services, random)) {
        other.recorder.take(event);
        if (random.unit() < 0.05) other.settle();
      }
      other.settle();
      expect(rowsOf(other)).toEqual(expected);
    }
  });

  test("a recorder that was killed goes on where it was, without gap or double", () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const random = new PseudoRandom(`killed ${seed}`);
      const services = manyCalls(random);
      const orderly = newRig();
      orderly.take(inOrder(services));
      orderly.settle();
      const killed = newRig();
      const past = inOrder(services);
      for (const [index, event] of past.entries()) {
        killed.recorder.take(event);
        if (random.unit() < 0.02) killed.settle();
        if (random.unit() > 0.01) continue;
        // What waited is lost with the process; the services still have it.
        killed.killAndOpen();
        for (const { service, pid, events } of streamsOf(services)) {
          const seq = killed.recorder.since(service, pid)?.seq ?? 0;
          killed.take(events.filter((one) => one.seq > seq && past.indexOf(one) <= index));
        }
      }
      killed.settle();
      expect(rowsOf(killed)).toEqual(rowsOf(orderly));
    }
  });
});

test("two recorders that take the same events at the same time write them once", () => {
  const services = newServices();
  scriptCall(services, { number: 1, callId: "2", atMs: startMs, turns: 8 });
  const events = inOrder(services);
  const alone = newRig();
  alone.take(events);
  alone.settle();
  const both = newRig();
  const first = both.recorder;
  const second = both.open();
  // Each is the one that comes first for a while.
  for (let from = 0; from < events.length; from += 7) {
    const order = from % 2 === 0 ? [first, second] : [second, first];
    for (const recorder of order) {
      for (const event of events.slice(from, from + 7)) recorder.take(event);
      both.clock.advance(from % 3 === 0 ? 250 : 0);
    }
  }
  both.clock.advance(1000);
  expect(rowsOf(both)).toEqual(rowsOf(alone));
  expect([first, second].map((recorder) => recorder.status().refused)).toEqual([0, 0]);
  first.close();
});

describe("a service that is killed in mid-call", () => {
  test("leaves a call that is closed as lost, at the last that was seen of it", () => {
    const rig = newRig();
    const services = newServices();
    scriptCall(services, { number: 1, callId: "2", atMs: startMs, turns: 2 });
    const { sip } = services;
    rig.take(sip.events.slice(0, 3));
    rig.settle();
    rig.clock.advance(60_000);
    expect(rig.calls()).toMatchObject([{ endedMs: null }]);
    rig.gone.add(sip.pid);
    rig.clock.advance(20_000);
    expect(rig.calls()).toMatchObject([
      { endedMs: startMs + 5001, endedBy: "service", endReason: "lost: the service has ended" },
    ]);
    // It was only away for long.
    rig.take(sip.events.slice(3));
    rig.settle();
    expect(rig.calls()).toMatchObject([{ endedMs: startMs + 15_000, endedBy: "remote" }]);
  });

  test("and comes again with the same process id is another one", () => {
    const rig = newRig();
    const before = new ScriptedStream("sip", 7);
    const after = Object.assign(new ScriptedStream("sip", 7), { stream: "sip-7-later" });
    const phone = { key: "1", line: "200@pbx", direction: "incoming", remote: "<sip:1@pbx>" };
    before.tell(startMs, "ringing", phone);
    after.tell(startMs + 90_000, "ringing", phone);
    rig.take(before.events);
    rig.settle();
    expect(rig.recorder.since("sip", 7)).toEqual({ stream: "sip-7", seq: 1 });
    rig.clock.advance(90_000);
    rig.take(after.events);
    rig.settle();
    expect(rig.recorder.since("sip", 7)).toEqual({ stream: "sip-7-later", seq: 1 });
    rig.clock.advance(15_000);
    expect(rig.calls().map(({ endedMs }) => endedMs)).toEqual([startMs, null]);
  });

  test("a second whisper in the same call is the same call", () => {
    const rig = newRig();
    const services = newServices();
    scriptCall(services, { number: 1, callId: "2", atMs: startMs, turns: 4 });
    const second = new ScriptedStream("whisper", 900);
    const { whisper, ...others } = services;
    const [early, late] = [whisper.events.slice(0, 4), whisper.events.slice(4)];
    for (const event of late) {
      second.tell(timeOf(event), String(event.fields["kind"]), { ...event.fields, key: "2-1" });
    }
    rig.take([...early, ...second.events, ...inOrder(others)]);
    rig.settle();
    const calls = rig.calls();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.heard).toHaveLength(4);
    expect(calls[0]?.parts.filter(({ service }) => service === "whisper")).toHaveLength(2);
  });

  test("a call that nobody ends is over when nothing was heard of it for half an hour", () => {
    const rig = newRig();
    const services = newServices();
    const { whisper } = services;
    scriptCall({ whisper }, { number: 1, callId: "2", atMs: rig.clock.wallMs(), turns: 1 });
    rig.take(whisper.events);
    rig.settle();
    rig.clock.advance(29 * 60_000);
    expect(rig.calls()).toMatchObject([{ endedMs: null }]);
    rig.clock.advance(2 * 60_000);
    expect(rig.calls()).toMatchObject([{ endReason: "nothing was heard of it any more" }]);
  });

  test("a telephone is believed that it goes on, for a day without a word", () => {
    const rig = newRig();
    const { sip } = newServices();
    scriptCall({ sip }, { number: 1, callId: "2", atMs: rig.clock.wallMs(), turns: 1 });
    // Its end was gone before it was read.
    rig.take(sip.events.slice(0, -1));
    rig.settle();
    const hourMs = 3_600_000;
    rig.clock.advance(23 * hourMs);
    expect(rig.calls()).toMatchObject([{ endedMs: null }]);
    rig.clock.advance(2 * hourMs);
    expect(rig.calls()).toMatchObject([{ endReason: "nothing was heard of it any more" }]);
  });
});

test("a history that is closed stays so, also when there is more to do", () => {
  const rig = newRig();
  const { whisper } = newServices();
  for (let number = 1; number <= 20; number += 1) {
    scriptCall({ whisper }, { number, callId: "2", atMs: startMs + number * 60_000, turns: 1 });
  }
  rig.take(whisper.events);
  rig.settle();
  // Between the look at what is to be done every five seconds and the rest of it.
  rig.clock.after(5000 - rig.clock.nowMs(), () => {
    rig.recorder.close();
    rmSync(rig.path);
  });
  rig.clock.advance(10_000);
  expect(existsSync(rig.path)).toBe(false);
});
