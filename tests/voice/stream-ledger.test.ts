/** Which text each sample of a stream belongs to, and how much of it was heard. */
import { describe, expect, test } from "bun:test";
import { StreamLedger } from "../../src/voice/stream-ledger.ts";

const rateHz = 24_000;
const samplesPerMs = rateHz / 1000;

interface Sound {
  readonly text: string | undefined;
  readonly ms: number;
}

/** Sound that is handed on without a gap, from the time 0 on. */
class Rig {
  readonly ledger = new StreamLedger<{ readonly name: string }>(rateHz);
  readonly #texts = new Map<string, { readonly name: string }>();
  heardAtMs = 0;

  text(name: string): { readonly name: string } {
    const text = this.#texts.get(name) ?? { name };
    this.#texts.set(name, text);
    return text;
  }

  handOn(stream: number, ...sounds: readonly Sound[]): void {
    for (const { text: name, ms } of sounds) {
      this.heardAtMs += ms;
      const text = name === undefined ? undefined : this.text(name);
      const samples = ms * samplesPerMs;
      this.ledger.handOn({ stream, text, samples, heardAtMs: this.heardAtMs });
    }
  }

  heardMs(name: string, nowMs: number): number {
    return this.ledger.heardSamples(this.text(name), nowMs) / samplesPerMs;
  }

  played(stream: number, ms: number, { at = 0, wait = 0, over = 0 } = {}): string | undefined {
    return this.ledger.played({ stream, samples: ms * samplesPerMs, wait, over }, at)?.name;
  }
}

const two: readonly Sound[] = [
  { text: "one", ms: 1000 },
  { text: undefined, ms: 200 },
  { text: "two", ms: 500 },
];

describe("by the pace of speech", () => {
  test.each([
    [0, 0, 0],
    [400, 400, 0],
    [1000, 1000, 0],
    [1100, 1000, 0],
    [1300, 1000, 100],
    [9999, 1000, 500],
  ])("at %p ms %p ms of the first and %p ms of the second are heard", (nowMs, one, second) => {
    const rig = new Rig();
    rig.handOn(1, ...two);
    expect([rig.heardMs("one", nowMs), rig.heardMs("two", nowMs)]).toEqual([one, second]);
  });

  test("a text that comes in several pieces counts all of them, pauses left out", () => {
    const rig = new Rig();
    rig.handOn(1, ...two, { text: "two", ms: 100 }, { text: undefined, ms: 60 });
    rig.handOn(1, { text: "two", ms: 300 });
    expect(rig.heardMs("two", 9999)).toBe(900);
    expect(rig.ledger.endOf(rig.text("two"))).toMatchObject({ heardAtMs: 2160, isLast: true });
    expect(rig.ledger.endOf(rig.text("one"))).toMatchObject({ heardAtMs: 1000, isLast: false });
  });

  test("a text of which nothing was handed on has no end", () => {
    const rig = new Rig();
    rig.handOn(1, ...two);
    expect(rig.ledger.endOf(rig.text("three"))).toBeUndefined();
    expect(rig.heardMs("three", 9999)).toBe(0);
  });

  test("a gap in which nothing was handed on is no part of any text", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 200 });
    rig.heardAtMs += 1000;
    rig.handOn(1, { text: "two", ms: 200 });
    expect(rig.heardMs("one", 600)).toBe(200);
    expect(rig.heardMs("two", 600)).toBe(0);
    expect(rig.heardMs("two", 1300)).toBe(100);
  });
});

describe("what outbound has begun to play", () => {
  test("moves what is heard by as much as the line is behind", () => {
    const rig = new Rig();
    rig.handOn(1, ...two);
    expect(rig.played(1, 20, { at: 120, wait: 95 })).toBe("one");
    expect(rig.heardMs("one", 500)).toBe(400);
    expect(rig.ledger.waitMs(rig.text("one"))).toBe(95);
    expect(rig.ledger.endOf(rig.text("two"))).toMatchObject({ heardAtMs: 1800, hasBegun: true });
  });

  test("is never taken back, and never more than was handed on", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 300 });
    expect(rig.played(1, 250, { at: 100 })).toBe("one");
    expect(rig.heardMs("one", 0)).toBe(250);
    rig.played(1, 5000, { at: 100 });
    expect(rig.heardMs("one", 0)).toBe(300);
  });
});

describe("the end of a stream", () => {
  test.each([
    [700, "one", 700, 0],
    [1100, "one", 1000, 0],
    [1400, "two", 1000, 200],
  ])("after %p ms was in text %p", (ms, name, one, second) => {
    const rig = new Rig();
    rig.handOn(1, ...two);
    expect(rig.played(1, ms, { over: 1 })).toBe(name);
    expect([rig.heardMs("one", 9999), rig.heardMs("two", 9999)]).toEqual([one, second]);
    expect(rig.ledger.endOf(rig.text("two"))).toMatchObject({ isOver: true, isCut: true });
  });

  test("a few milliseconds before its last sample is its end all the same", () => {
    const rig = new Rig();
    rig.handOn(1, ...two);
    expect(rig.played(1, 1650, { over: 1 })).toBe("two");
    expect(rig.heardMs("two", 0)).toBe(500);
    expect(rig.ledger.endOf(rig.text("two"))).toMatchObject({ isOver: true, isCut: false });
  });

  test("is told once, and its copy says nothing", () => {
    const rig = new Rig();
    rig.handOn(1, ...two);
    expect(rig.ledger.openStreams).toEqual([1]);
    rig.played(1, 700, { over: 1 });
    expect(rig.played(1, 700, { over: 1 })).toBeUndefined();
    expect(rig.ledger.openStreams).toEqual([]);
  });

  test("of one stream says nothing about the next", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 500 });
    rig.handOn(2, { text: "two", ms: 500 });
    rig.played(1, 100, { over: 1 });
    expect(rig.heardMs("one", 9999)).toBe(100);
    expect(rig.heardMs("two", 900)).toBe(400);
  });

  test("of a stream that nobody knows says nothing", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 500 });
    expect(rig.played(7, 100, { over: 1 })).toBeUndefined();
    expect(rig.heardMs("one", 9999)).toBe(500);
  });

  test("cannot be told by another connection, whose streams count anew", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 500 });
    rig.ledger.detach();
    expect(rig.played(1, 100, { over: 1 })).toBeUndefined();
    rig.handOn(1, { text: "two", ms: 500 });
    expect(rig.played(1, 100, { over: 1 })).toBe("two");
    expect(rig.heardMs("one", 9999)).toBe(500);
    expect(rig.heardMs("two", 9999)).toBe(100);
  });
});

test("ten thousand streams and clauses take no more memory than a few", () => {
  const rig = new Rig();
  for (let count = 1; count <= 10_000; count += 1) {
    rig.handOn(count, { text: `a ${count}`, ms: 20 });
  }
  expect(rig.heardMs("a 1", 1e9)).toBe(0);
  expect(rig.heardMs("a 10000", 1e9)).toBe(20);
  for (let count = 1; count <= 10_000; count += 1) {
    rig.handOn(10_001, { text: `b ${count}`, ms: 20 });
  }
  expect(rig.heardMs("b 1", 1e9)).toBe(0);
  expect(rig.heardMs("b 10000", 1e9)).toBe(20);
  expect(rig.ledger.openStreams.length).toBeLessThanOrEqual(16);
});
