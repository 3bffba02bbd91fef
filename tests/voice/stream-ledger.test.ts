/** Which text each sample of a stream belongs to, and how much of it was heard. */
import { describe, expect, test } from "bun:test";
import { StreamLedger, type TextEnd } from "../../src/voice/stream-ledger.ts";

const rateHz = 24_000;
const samplesPerMs = rateHz / 1000;

interface Sound {
  readonly text: string | undefined;
  readonly ms: number;
}

/** From sound to the line, where nobody tells. */
const delayMs = 60;

/** Sound that is handed on as it says, all of it at the time 0 unless it is moved on. */
class Rig {
  readonly ledger = new StreamLedger<{ readonly name: string }>(rateHz);
  readonly #texts = new Map<string, { readonly name: string }>();
  nowMs = 0;

  text(name: string): { readonly name: string } {
    const text = this.#texts.get(name) ?? { name };
    this.#texts.set(name, text);
    return text;
  }

  handOn(stream: number, ...sounds: readonly Sound[]): void {
    for (const { text: name, ms } of sounds) {
      const text = name === undefined ? undefined : this.text(name);
      this.ledger.handOn({ stream, text, samples: ms * samplesPerMs }, this.nowMs);
    }
  }

  heardMs(name: string, nowMs: number): number {
    return this.ledger.heardSamples(this.text(name), nowMs) / samplesPerMs;
  }

  beginsAtMs(name: string): number | undefined {
    return this.ledger.beginsAtMs(this.text(name));
  }

  endOf(name: string): TextEnd | undefined {
    return this.ledger.endOf(this.text(name));
  }

  played(stream: number, ms: number, { at = 0, wait = 0, over = 0 } = {}): boolean {
    return this.ledger.played({ stream, samples: ms * samplesPerMs, wait, over }, at);
  }
}

const twoTexts: readonly Sound[] = [
  { text: "one", ms: 1000 },
  { text: undefined, ms: 200 },
  { text: "two", ms: 500 },
];

describe("by the pace of the line", () => {
  test.each([
    [0, 0, 0],
    [400, 400, 0],
    [1000, 1000, 0],
    [1100, 1000, 0],
    [1300, 1000, 100],
    [9999, 1000, 500],
  ])(
    "%p ms from its begin %p ms of the first and %p ms of the second are heard",
    (at, one, two) => {
      const rig = new Rig();
      rig.handOn(1, ...twoTexts);
      const nowMs = delayMs + at;
      expect([rig.heardMs("one", nowMs), rig.heardMs("two", nowMs)]).toEqual([one, two]);
    },
  );

  test("a text that comes in several pieces counts all of them, pauses left out", () => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts, { text: "two", ms: 100 }, { text: undefined, ms: 60 });
    rig.handOn(1, { text: "two", ms: 300 });
    expect(rig.heardMs("two", 9999)).toBe(900);
    expect(rig.endOf("two")).toMatchObject({ atMs: delayMs + 2160, isLast: true });
    expect(rig.endOf("one")).toMatchObject({ atMs: delayMs + 1000, isLast: false });
    expect(rig.beginsAtMs("one")).toBe(delayMs);
    expect(rig.beginsAtMs("two")).toBe(delayMs + 1200);
  });

  test("a text of which nothing was handed on neither begins nor ends", () => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts);
    expect(rig.beginsAtMs("three")).toBeUndefined();
    expect(rig.endOf("three")).toBeUndefined();
    expect(rig.heardMs("three", 9999)).toBe(0);
  });

  test("the first sound of a text is heard behind a gap, and the last one in front of it", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 200 });
    rig.nowMs = 1000;
    rig.handOn(1, { text: "two", ms: 200 });
    expect(rig.endOf("one")).toMatchObject({ atMs: delayMs + 200 });
    expect(rig.beginsAtMs("two")).toBe(1010);
    expect(rig.heardMs("one", 600)).toBe(200);
    expect(rig.heardMs("two", 1009)).toBe(0);
    expect(rig.heardMs("two", 1110)).toBe(100);
  });
});

describe("what outbound has begun to play", () => {
  test("is heard from then on", () => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts);
    expect(rig.played(1, 0, { at: 120, wait: 95 })).toBe(true);
    expect(rig.heardMs("one", 500)).toBe(380);
    expect(rig.ledger.waitMs(rig.text("one"))).toBe(95);
    expect(rig.beginsAtMs("two")).toBe(1320);
    expect(rig.endOf("two")).toEqual({
      state: "playing",
      atMs: 1820,
      isLast: true,
      isAwaited: true,
    });
  });

  test("is not moved by the copy of the report", () => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts);
    rig.played(1, 0, { at: 100 });
    rig.played(1, 0, { at: 130 });
    expect(rig.heardMs("one", 500)).toBe(400);
  });

  test("is never taken back, and never more than was handed on", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 300 });
    rig.played(1, 250, { at: 100 });
    expect(rig.heardMs("one", 0)).toBe(250);
    rig.played(1, 5000, { at: 100 });
    expect(rig.heardMs("one", 0)).toBe(300);
  });

  test("follows all that was handed on before it", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 5000 });
    rig.handOn(2, { text: "two", ms: 500 });
    rig.played(2, 0, { at: 1000 });
    expect(rig.beginsAtMs("one")).toBe(-Infinity);
    expect(rig.endOf("one")).toMatchObject({ state: "played" });
    expect(rig.ledger.openStreams).toEqual([2]);
  });
});

test("an outbound that reports has played nothing of what it has not begun", () => {
  const rig = new Rig();
  rig.handOn(1, { text: "one", ms: 500 });
  rig.played(1, 500, { over: 1 });
  rig.handOn(2, { text: "two", ms: 500 });
  expect(rig.heardMs("two", 50_000)).toBe(0);
  expect(rig.endOf("two")).toMatchObject({ state: "playing", isAwaited: false });
  rig.ledger.detach();
  expect(rig.heardMs("two", delayMs + 100)).toBe(100);
});

describe("the end of a stream", () => {
  test.each([
    [0, "cut", 0, 0],
    [700, "cut", 700, 0],
    [960, "played", 960, 0],
    [1100, "played", 1000, 0],
    [1400, "played", 1000, 200],
  ] as const)("after %p ms leaves the first text %s", (ms, state, one, two) => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts);
    expect(rig.played(1, ms, { over: 1, at: 5 })).toBe(true);
    expect([rig.heardMs("one", 9999), rig.heardMs("two", 9999)]).toEqual([one, two]);
    expect(rig.endOf("one")).toMatchObject({ state, atMs: 5 });
    expect(rig.endOf("two")).toMatchObject({ state: "cut" });
    const isHeard = two > 0;
    expect(rig.beginsAtMs("two")).toBe(isHeard ? -Infinity : Infinity);
  });

  test("a few milliseconds before its last sample is its end all the same", () => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts);
    rig.played(1, 1650, { over: 1 });
    expect(rig.heardMs("two", 0)).toBe(500);
    expect(rig.endOf("two")).toMatchObject({ state: "played" });
  });

  test("is told once, and its copy says nothing", () => {
    const rig = new Rig();
    rig.handOn(1, ...twoTexts);
    expect(rig.ledger.openStreams).toEqual([1]);
    expect(rig.played(1, 700, { over: 1 })).toBe(true);
    expect(rig.played(1, 900, { over: 1 })).toBe(false);
    expect(rig.heardMs("one", 9999)).toBe(700);
    expect(rig.ledger.openStreams).toEqual([]);
  });

  test("of one stream says nothing about the next", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 500 });
    rig.handOn(2, { text: "two", ms: 500 });
    rig.played(1, 100, { over: 1 });
    rig.played(2, 0, { at: 200 });
    expect(rig.heardMs("one", 9999)).toBe(100);
    expect(rig.heardMs("two", 600)).toBe(400);
  });

  test("of a stream that nobody knows says nothing", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 500 });
    expect(rig.played(7, 100, { over: 1 })).toBe(false);
    rig.ledger.detach();
    expect(rig.heardMs("one", 9999)).toBe(500);
  });

  test("cannot be told by another connection, whose streams count anew", () => {
    const rig = new Rig();
    rig.handOn(1, { text: "one", ms: 500 });
    rig.ledger.detach();
    expect(rig.played(1, 100, { over: 1 })).toBe(false);
    rig.handOn(1, { text: "two", ms: 500 });
    expect(rig.played(1, 100, { over: 1 })).toBe(true);
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
