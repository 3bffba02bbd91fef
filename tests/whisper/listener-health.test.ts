import { describe, expect, test } from "bun:test";
import { type ListenerSample, recognisePatterns } from "../../src/whisper/listener-health.ts";

const healthy: ListenerSample = {
  nowMs: 100_000,
  startedAtMs: 0,
  datagrams: 10,
  isOpen: true,
  errors: 0,
  lastErrno: null,
  lastErrorAtMs: undefined,
  health: { callErrno: 0, socketErrno: 0, receiveBufferBytes: 8 << 20, queuedBytes: 0, drops: 0 },
};

const patternsOf = (sample: ListenerSample, previous?: ListenerSample): string[] =>
  recognisePatterns(sample, previous).map((found) => found.pattern);

const withHealth = (health: Partial<NonNullable<ListenerSample["health"]>>): ListenerSample => ({
  ...healthy,
  health: { ...healthy.health!, ...health },
});

describe("failure patterns of the registration listener", () => {
  test("a healthy listener shows none", () => {
    expect(patternsOf(healthy, healthy)).toEqual([]);
  });

  test("A: nothing has arrived, but only after half a minute", () => {
    expect(patternsOf({ ...healthy, datagrams: 0 })).toEqual(["A"]);
    expect(patternsOf({ ...healthy, datagrams: 0, nowMs: 29_000 })).toEqual([]);
  });

  test("A is not claimed when the kernel cannot be asked and datagrams do arrive", () => {
    expect(patternsOf({ ...healthy, health: undefined })).toEqual([]);
  });

  test("B: the socket is closed, or its descriptor is gone", () => {
    expect(patternsOf({ ...healthy, isOpen: false, health: undefined })).toEqual(["B"]);
    const gone = recognisePatterns(withHealth({ callErrno: 9 }));
    expect(gone.map((found) => found.finding)).toEqual([
      "the registration socket died: the kernel answers EBADF",
    ]);
  });

  test("C: an error is pending, or was reported within the last minute", () => {
    expect(patternsOf(withHealth({ socketErrno: 111 }))).toEqual(["C"]);
    const reported = { ...healthy, errors: 3, lastErrno: "ENETDOWN", lastErrorAtMs: 50_000 };
    expect(recognisePatterns(reported)[0]?.finding).toBe(
      "the registration socket reports ENETDOWN (3 in all)",
    );
    expect(patternsOf({ ...reported, nowMs: 120_000 })).toEqual([]);
  });

  test("D: the queue is long at two looks in a row, or the kernel has dropped", () => {
    const long = withHealth({ queuedBytes: 3 << 20 });
    expect(patternsOf(long, healthy)).toEqual([]);
    expect(patternsOf(long, long)).toEqual(["D"]);
    expect(patternsOf(withHealth({ drops: 5 }), healthy)).toEqual(["D"]);
    expect(patternsOf(withHealth({ drops: 5 }), withHealth({ drops: 5 }))).toEqual([]);
    expect(patternsOf(withHealth({ drops: -1 }), healthy)).toEqual([]);
  });

  test("each pattern says what to do", () => {
    const all = recognisePatterns(
      { ...withHealth({ callErrno: 9, socketErrno: 5, drops: 3 }), datagrams: 0 },
      healthy,
    );
    expect(all.map((found) => found.pattern)).toEqual(["A", "B", "C", "D"]);
    for (const found of all) expect(found.advice.length).toBeGreaterThan(20);
  });
});
