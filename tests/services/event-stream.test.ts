import { describe, expect, test } from "bun:test";
import { type EventPosition, EventStream } from "../../src/services/event-stream.ts";
import type { CallHearing } from "../../src/services/hearing-record.ts";
import { finalEvent, finalOf } from "../fakes/final-transcript.ts";
import { call, newStream, pid, say, ScriptedReader, time } from "./event-stream-rig.ts";

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
    const reader = new ScriptedReader();
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
    const subscription = stream.subscribe(new ScriptedReader());
    expect(() => stream.publish(untouchable())).toThrow("looked at");
    subscription?.cancel();
    stream.publish(untouchable());
    expect(stream.status()).toMatchObject({ listeners: 0, events: 0, keptBytes: 0 });
  });

  test("a listener too many is told so and not kept", () => {
    const stream = newStream();
    for (let count = 0; count < 16; count += 1) {
      expect(stream.subscribe(new ScriptedReader())).toBeDefined();
    }
    const reader = new ScriptedReader();
    expect(stream.subscribe(reader)).toBeUndefined();
    expect(reader.lines).toEqual([
      { kind: "refused", time, pid, reason: "16 listeners are served already" },
    ]);
    expect(stream.status().listeners).toBe(16);
  });

  test("1,000 listeners that came and went leave nothing", () => {
    const stream = newStream();
    for (let count = 0; count < 1000; count += 1) {
      const reader = new ScriptedReader();
      const subscription = stream.subscribe(reader);
      stream.publish({ call, event: { kind: "speech-start", atMs: count } });
      expect(reader.kinds).toEqual(["listening", "speech-start"]);
      subscription?.cancel();
    }
    expect(stream.status()).toMatchObject({ listeners: 0, events: 1000, missed: 0 });
  });
});

const partial = (text: string): CallHearing => ({
  call,
  event: { kind: "partial", startMs: 0, committed: "", tentative: text },
});

const numbersOf = ({ lines }: ScriptedReader): unknown[] => lines.map(({ seq }) => seq).slice(1);

describe("a slow reader", () => {
  test("gets what it was too slow for as soon as it reads on", () => {
    const stream = newStream();
    const reader = new ScriptedReader();
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
    const reader = new ScriptedReader();
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
    const reader = new ScriptedReader();
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
    const reader = new ScriptedReader();
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
    const slow = new ScriptedReader();
    const quick = new ScriptedReader();
    stream.subscribe(slow);
    stream.subscribe(quick);
    slow.pendingBytes = 256 * 1024 - 20;
    say(stream, 5);
    expect(slow.kinds).toEqual(["listening"]);
    expect(quick.kinds).toHaveLength(6);
  });

  test("is not stuck behind a line that is longer than all that may wait", () => {
    const stream = newStream();
    const reader = new ScriptedReader();
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
  const reader = new ScriptedReader();
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
      const reader = new ScriptedReader();
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
    const reader = new ScriptedReader();
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
