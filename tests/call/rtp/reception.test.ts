import { describe, expect, test } from "bun:test";
import { type Arrival, Reception } from "../../../src/call/rtp/reception.ts";

function noteAll(reception: Reception, sequences: readonly number[]): Arrival[] {
  return sequences.map((sequence) => reception.note(sequence & 0xffff));
}

describe("order", () => {
  test("over the wrap nothing is lost", () => {
    const reception = new Reception();
    for (let sequence = 65_000; sequence < 66_000; sequence += 1) {
      expect(reception.note(sequence & 0xffff)).toBe("new");
    }
    expect(reception.counts).toEqual({ received: 1000, lost: 0, late: 0, duplicates: 0 });
    expect(reception.takeReport().highestSequence).toBe(65_999);
  });

  test("a gap is loss until the missing packet comes late, and twice is a duplicate", () => {
    const reception = new Reception();
    expect(noteAll(reception, [10, 11, 14])).toEqual(["new", "new", "new"]);
    expect(reception.counts.lost).toBe(2);
    expect(noteAll(reception, [12, 12, 14, 13])).toEqual([
      "late",
      "duplicate",
      "duplicate",
      "late",
    ]);
    expect(reception.counts).toEqual({ received: 5, lost: 0, late: 2, duplicates: 2 });
  });

  test("packets from before the first one count too, also below zero", () => {
    const reception = new Reception();
    expect(noteAll(reception, [1, 0, -1, -2])).toEqual(["new", "late", "late", "late"]);
    expect(reception.counts).toMatchObject({ received: 4, lost: 0 });
  });

  test("one packet far away is a stray, a second one beside it a restart", () => {
    const reception = new Reception();
    expect(noteAll(reception, [100, 5000, 101, 5001, 102])).toEqual([
      "new",
      "stray",
      "new",
      "stray",
      "new",
    ]);
    expect(noteAll(reception, [40_000, 40_001])).toEqual(["stray", "restart"]);
    expect(reception.counts).toMatchObject({ received: 3, lost: 0 });
  });

  test("the longest gap is loss, one more is a jump", () => {
    expect(noteAll(new Reception(), [0, 2999])).toEqual(["new", "new"]);
    expect(noteAll(new Reception(), [0, 3000])).toEqual(["new", "stray"]);
    expect(noteAll(new Reception(), [1000, 1000 - 511])).toEqual(["new", "late"]);
    expect(noteAll(new Reception(), [1000, 1000 - 512])).toEqual(["new", "stray"]);
  });
});

test("the fraction lost is that since the last report", () => {
  const reception = new Reception();
  noteAll(reception, [1, 2, 3, 5]);
  expect(reception.takeReport()).toMatchObject({ fractionLost: 51, cumulativeLost: 1 });
  noteAll(reception, [6, 7]);
  expect(reception.takeReport()).toMatchObject({ fractionLost: 0, cumulativeLost: 1 });
  noteAll(reception, [4, 8]);
  expect(reception.takeReport()).toMatchObject({ fractionLost: 0, cumulativeLost: 0 });
  noteAll(reception, [16]);
  expect(reception.takeReport()).toMatchObject({ fractionLost: 224, cumulativeLost: 7 });
});

function jitterOf(arrivals: readonly (readonly [timestamp: number, atMs: number])[]): number {
  const reception = new Reception();
  for (const [timestamp, atMs] of arrivals) reception.noteTiming(timestamp >>> 0, atMs);
  return reception.jitterMs;
}

describe("jitter", () => {
  test("an even stream has none, silence and wrap included", () => {
    expect(
      jitterOf([
        [-160, 0],
        [0, 20],
        [160, 40],
        [8160, 1040],
      ]),
    ).toBe(0);
  });

  test("it moves by a sixteenth of each deviation", () => {
    expect(
      jitterOf([
        [0, 0],
        [160, 36],
      ]),
    ).toBe(1);
    expect(
      jitterOf([
        [0, 0],
        [160, 36],
        [320, 56],
      ]),
    ).toBeCloseTo(0.9375, 10);
  });

  test("a source whose time jumps is not jitter", () => {
    expect(
      jitterOf([
        [0, 0],
        [5_000_000, 20],
        [5_000_160, 40],
      ]),
    ).toBe(0);
  });

  test("a report has it in units of the timestamp", () => {
    const reception = new Reception();
    reception.noteTiming(0, 0);
    reception.noteTiming(160, 52);
    expect(reception.takeReport().jitter).toBe(16);
  });
});
