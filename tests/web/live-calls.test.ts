import { expect, test } from "bun:test";
import type { StreamEvent } from "../../src/history/event-applier.ts";
import { CatchUp } from "../../src/web/live/catch-up.ts";
import type { LiveCall } from "../../src/web/live/live-call.ts";
import { LiveCalls } from "../../src/web/live/live-calls.ts";
import { callCard } from "../../src/web/pages/call-card.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import {
  type AllServices,
  newServices,
  scriptCall,
  type ScriptedStream,
  streamsOf,
} from "../history/event-scripts.ts";

/** One service after the other, as they tell what they have kept. */
function takeLater(calls: LiveCalls, streams: readonly ScriptedStream[], clock: FakeClock): void {
  const catchUp = new CatchUp({ clock, take: (process, fields) => calls.take(process, fields) });
  for (const { events } of streams) {
    for (const { service, pid, fields } of events) catchUp.take({ service, pid }, fields);
    clock.advance(10);
  }
  clock.advance(250);
}

const happenedMs = ({ fields }: StreamEvent): number => Date.parse(String(fields["time"]));

function isWhole({ parts }: LiveCall): boolean {
  return parts.some(({ service }) => service === "sip");
}

/** As they happened, whoever told them. */
function takeInOrder(calls: LiveCalls, services: AllServices): void {
  const events = streamsOf(services).flatMap((stream) => stream.events);
  for (const { service, pid, fields } of events.toSorted((a, b) => happenedMs(a) - happenedMs(b))) {
    calls.take({ service, pid }, fields);
  }
}

function words({ transcript }: LiveCall): string[] {
  return transcript.map(({ who, text }) => `${who}: ${text}`);
}

function newCalls(clock = new FakeClock()): LiveCalls {
  return new LiveCalls({ clock, onChange: () => undefined });
}

const nowMs = new FakeClock().wallMs();

test("read afterwards, service by service, a call is the same as when it was followed", () => {
  const services = newServices();
  scriptCall(services, { number: 1, callId: "2", atMs: nowMs - 20_000, turns: 3 });
  for (const stream of streamsOf(services)) stream.renumber();
  const followed = newCalls();
  takeInOrder(followed, services);
  const orders = [streamsOf(services), streamsOf(services).toReversed()];
  for (const streams of orders) {
    const clock = new FakeClock();
    const replayed = newCalls(clock);
    takeLater(replayed, streams, clock);
    expect(replayed.list()).toHaveLength(1);
    expect(replayed.list().map(words)).toEqual(followed.list().map(words));
  }
  const [call] = followed.list();
  expect(call?.parts.map(({ service }) => service).toSorted()).toEqual([
    "kokoro",
    "llama",
    "sip",
    "whisper",
  ]);
  expect(call?.endedMs).toBeDefined();
});

test("two calls that had the same id one after the other stay two", () => {
  const services = newServices();
  scriptCall(services, { number: 1, callId: "2", atMs: nowMs - 60_000, turns: 1 });
  scriptCall(services, { number: 2, callId: "2", atMs: nowMs - 20_000, turns: 1 });
  const seen = new Set<LiveCall>();
  const calls = new LiveCalls({ clock: new FakeClock(), onChange: (call) => void seen.add(call) });
  takeInOrder(calls, services);
  const whole = [...seen].filter(isWhole);
  expect(whole.map(words)).toEqual([
    ["caller: question 1 of call 1", "agent: answer 1 to call 1."],
    ["caller: question 1 of call 2", "agent: answer 1 to call 2."],
  ]);
});

test("the service that knows the beginning and the end of calls is believed", () => {
  const clock = new FakeClock();
  const calls = newCalls(clock);
  const time = new Date(clock.wallMs()).toISOString();
  calls.take({ service: "sip", pid: 1 }, { kind: "established", key: "a", callId: "2", time });
  calls.take({ service: "llama", pid: 2 }, { kind: "began", key: "x", callId: "2", time });
  calls.take({ service: "llama", pid: 2 }, { kind: "ended", key: "x", callId: "2", time });
  expect(calls.active).toBe(1);
  calls.left({ service: "llama", pid: 2 });
  expect(calls.active).toBe(1);
  calls.left({ service: "sip", pid: 1 });
  expect(calls.active).toBe(0);
});

test("a service that starts again in mid-call goes on with the same call", () => {
  const clock = new FakeClock();
  const calls = newCalls(clock);
  const say = (pid: number, text: string): void => {
    clock.advance(1000);
    const time = new Date(clock.wallMs()).toISOString();
    calls.take({ service: "whisper", pid }, { kind: "final", key: "2-1", callId: "2", text, time });
  };
  const time = new Date(clock.wallMs()).toISOString();
  calls.take({ service: "sip", pid: 1 }, { kind: "established", key: "a", callId: "2", time });
  say(2, "before");
  calls.left({ service: "whisper", pid: 2 });
  say(3, "after");
  expect(calls.list().map(words)).toEqual([["caller: before", "caller: after"]]);
});

test("a call whose brain starts again stays one, though the voice begins anew with it", () => {
  const calls = newCalls();
  const time = new Date(nowMs).toISOString();
  const tell = (service: string, pid: number, event: object): void => {
    calls.take({ service, pid }, { time, callId: "4", ...event });
  };
  tell("sip", 1, { key: "2", kind: "established" });
  tell("llama", 2, { key: "4-2", kind: "began" });
  tell("kokoro", 3, { key: "4-2", kind: "began" });
  tell("kokoro", 3, { key: "4-2", kind: "ended" });
  calls.left({ service: "llama", pid: 2 });
  tell("kokoro", 3, { key: "4-3", kind: "began" });
  tell("llama", 5, { key: "4-1", kind: "began" });
  tell("llama", 5, { key: "4-1", kind: "clause", text: "Here I am.", turn: 1 });
  expect(calls.list().map(words)).toEqual([["agent: Here I am."]]);
  // The next call of that id is another one.
  tell("sip", 1, { key: "2", kind: "ended" });
  tell("sip", 1, { key: "3", kind: "established" });
  tell("kokoro", 3, { key: "4-3", kind: "ended" });
  tell("kokoro", 3, { key: "4-4", kind: "began" });
  expect(calls.list().map(({ parts }) => parts.map(({ key }) => key))).toEqual([
    ["2", "4-2", "4-2", "4-3", "4-1"],
    ["3", "4-4"],
  ]);
});

test("calls of AudioSocket, which tells no events, are known by its status", () => {
  const clock = new FakeClock();
  const calls = newCalls(clock);
  const process = { service: "audiosocket", pid: 5 };
  calls.reconcile(process, { current: [{ key: "uuid", callId: "4" }] });
  expect(calls.list()).toMatchObject([{ callId: "4", endedMs: undefined }]);
  clock.advance(2000);
  calls.reconcile(process, { current: [] });
  expect(calls.active).toBe(0);
});

test("one that has ended is shown for a while, then forgotten", () => {
  const clock = new FakeClock();
  const calls = newCalls(clock);
  const time = new Date(clock.wallMs()).toISOString();
  calls.take({ service: "sip", pid: 1 }, { kind: "ringing", key: "a", time });
  calls.take(
    { service: "sip", pid: 1 },
    { kind: "ended", key: "a", by: "peer", reason: "busy", time },
  );
  expect(calls.list()).toMatchObject([{ endReason: "by peer: busy" }]);
  clock.advance(15_000);
  expect(calls.list()).toEqual([]);
});

test("what is remembered is bounded: calls, lines of a call, letters of a line", () => {
  const clock = new FakeClock();
  const calls = newCalls(clock);
  const time = new Date(clock.wallMs()).toISOString();
  for (let number = 0; number < 2000; number += 1) {
    calls.take({ service: "sip", pid: 1 }, { kind: "ringing", key: `k${number}`, time });
  }
  // All that two telephones and the page take at once.
  expect(calls.list()).toHaveLength(1200);
  const whisper = { service: "whisper", pid: 2 };
  const text = "x".repeat(100_000);
  for (let number = 0; number < 500; number += 1) {
    calls.take(whisper, { kind: "final", key: "9-1", callId: "9", text, time });
  }
  const lines = calls.find("9")?.transcript ?? [];
  expect(lines).toHaveLength(200);
  expect(lines[0]?.text.length).toBeLessThanOrEqual(4000);
});

test.each([
  { kind: "final", key: 7, callId: 7 },
  { kind: "final", key: "" },
  { key: "a", callId: "2", time: "never" },
  { kind: "turn", key: "a", callId: "2", totalMs: "long" },
  { kind: "partial", key: "a", callId: "2", committed: { a: 1 } },
  { kind: "ended", key: "a", statistics: [1, 2] },
])("an event of another version does no harm: %p", (fields) => {
  const calls = newCalls();
  for (const service of ["sip", "whisper", "llama", "kokoro", "stranger"]) {
    calls.take({ service, pid: 1 }, fields);
    calls.reconcile({ service, pid: 1 }, { current: 1, calls: [null, 2, { call: 3 }] });
  }
  expect(calls.list().length).toBeLessThanOrEqual(4);
});

test("how loud both are is shown while the call goes on, and of no use afterwards", () => {
  const clock = new FakeClock();
  const calls = newCalls(clock);
  const process = { service: "sip", pid: 7 };
  const about = { key: "c1", callId: "2", time: new Date(clock.wallMs()).toISOString() };
  calls.take(process, { ...about, kind: "established", codec: "PCMU" });
  calls.take(process, { ...about, kind: "levels", callerDbfs: -23, agentDbfs: -120 });
  const shown = (): string => calls.list().map((call) => callCard(call).text)[0] ?? "";
  expect(shown()).toContain('value="-23"');
  expect(shown()).toContain('value="-60"');
  calls.take(process, { ...about, kind: "levels", callerDbfs: "loud", agentDbfs: -1 });
  expect(shown()).not.toContain("<meter");
  calls.take(process, { ...about, kind: "levels", callerDbfs: -9, agentDbfs: -10 });
  calls.take(process, { ...about, kind: "ended", by: "peer", reason: "" });
  expect(shown()).not.toContain("<meter");
});
