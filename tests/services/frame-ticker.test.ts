import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { FrameTicker, type Ticking } from "../../src/services/frame-ticker.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";

/** A clock whose timers fire when a test says so: the host was busy. */
class StallingClock extends FakeClock {
  #aheadMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.#aheadMs;
  }

  /** Time passes for all who ask, but no timer fires until the stall is over. */
  stall(ms: number): void {
    this.#aheadMs += ms;
  }
}

describe("the schedule", () => {
  test.each([10, 20, 30, 40, 60])("%i ms apart, for as long as it lasts", (periodMs) => {
    const clock = new FakeClock();
    const ticker = new FrameTicker(clock);
    const times: number[] = [];
    ticker.add(periodMs, () => times.push(clock.nowMs()));
    clock.advance(periodMs * 1000 - 1);
    expect(times).toHaveLength(1000);
    expect(times.every((timeMs, index) => timeMs === index * periodMs)).toBe(true);
  });

  test("calls of different periods share one timer", () => {
    const clock = new FakeClock();
    const ticker = new FrameTicker(clock);
    const counts = [0, 0, 0];
    for (const [index, periodMs] of [10, 20, 60].entries()) {
      ticker.add(periodMs, () => void (counts[index] = (counts[index] ?? 0) + 1));
    }
    expect(clock.timers).toBe(1);
    clock.advance(599);
    expect(counts).toEqual([60, 30, 10]);
    expect(clock.timers).toBe(1);
  });

  test("calls that begin at odd times fall on a grid, so that one wake-up serves many", () => {
    const clock = new FakeClock();
    const ticker = new FrameTicker(clock);
    const phases = new Set<number>();
    for (let call = 0; call < 40; call += 1) {
      clock.advance(0.7);
      ticker.add(20, () => phases.add(clock.nowMs() % 20));
    }
    clock.advance(100);
    expect([...phases].toSorted((a, b) => a - b)).toEqual([0, 5, 10, 15]);
  });

  test.each([9, 61, 0, Number.NaN])("a period of %d ms is refused", (periodMs) => {
    expect(() => new FrameTicker(new FakeClock()).add(periodMs, () => undefined)).toThrow(
      RangeError,
    );
  });
});

describe("after a stall", () => {
  test("missed ticks within 200 ms run at once, and the schedule stays", () => {
    const clock = new StallingClock();
    const ticker = new FrameTicker(clock);
    const times: number[] = [];
    ticker.add(20, () => times.push(clock.nowMs()));
    clock.advance(20);
    clock.stall(150);
    clock.advance(20);
    expect(times).toEqual([0, 20, 190, 190, 190, 190, 190, 190, 190, 190]);
    expect(ticker.status()).toMatchObject({ ticks: 10, caughtUp: 7, skipped: 0 });
    clock.advance(11);
    expect(times.at(-1)).toBe(200);
  });

  test("what is later than 200 ms is left out, counted and told to the call", () => {
    const clock = new StallingClock();
    const ticker = new FrameTicker(clock);
    const missed: number[] = [];
    ticker.add(20, (count) => missed.push(count));
    clock.advance(20);
    clock.stall(5000);
    clock.advance(20);
    expect(missed.slice(0, 4)).toEqual([0, 0, 240, 0]);
    expect(missed.length + ticker.status().skipped).toBe(Math.floor(5040 / 20) + 1);
    expect(ticker.status().skipped).toBe(240);
  });

  test("lateness is counted, rounded up to whole milliseconds", () => {
    const clock = new StallingClock();
    const ticker = new FrameTicker(clock);
    ticker.add(20, () => undefined);
    clock.advance(20 * 998);
    clock.stall(33.5);
    clock.advance(20);
    const { latenessP50Ms, latenessP99Ms, latenessMaxMs } = ticker.status();
    expect([latenessP50Ms, latenessP99Ms, latenessMaxMs]).toEqual([0, 0, 34]);
  });
});

describe("cancelling", () => {
  test("ends the ticks at once, for others in the same wake-up too, and frees the timer", () => {
    const clock = new FakeClock();
    const ticker = new FrameTicker(clock);
    const ran: string[] = [];
    let second: Ticking | undefined;
    const first = ticker.add(20, () => {
      ran.push("first");
      second?.cancel();
    });
    second = ticker.add(20, () => ran.push("second"));
    clock.advance(100);
    expect(new Set(ran)).toEqual(new Set(["first"]));
    expect(ticker.status().entries).toBe(1);
    first.cancel();
    first.cancel();
    expect(ticker.status().entries).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test("a call may end itself, and another begin, within a tick", () => {
    const clock = new FakeClock();
    const ticker = new FrameTicker(clock);
    const ran: string[] = [];
    const first = ticker.add(20, () => {
      ran.push("first");
      first.cancel();
      ticker.add(20, () => ran.push("next"));
    });
    clock.advance(41);
    expect(ran[0]).toBe("first");
    expect(ran.filter((name) => name === "first")).toHaveLength(1);
    expect(ran.filter((name) => name === "next").length).toBeGreaterThan(1);
    expect(ticker.status().entries).toBe(1);
  });

  test("a thousand calls leave nothing", () => {
    const clock = new FakeClock();
    const ticker = new FrameTicker(clock);
    for (let call = 0; call < 1000; call += 1) {
      const ticking = ticker.add(20, () => undefined);
      clock.advance(7);
      ticking.cancel();
    }
    expect(clock.timers).toBe(0);
    expect(ticker.status().entries).toBe(0);
  });
});

test("an action that throws silences nobody else", () => {
  const clock = new FakeClock();
  const ticker = new FrameTicker(clock);
  let ticks = 0;
  let throws = 0;
  ticker.add(20, () => {
    throws += 1;
    throw new Error("a bug");
  });
  ticker.add(20, () => void (ticks += 1));
  let errors = 0;
  for (let step = 0; step < 400; step += 1) {
    try {
      clock.advance(1);
    } catch {
      errors += 1;
    }
  }
  expect(errors).toBe(throws);
  expect([throws, ticks]).toEqual([20, 20]);
});

test("fifty calls on the real clock get each of their ticks", async () => {
  const ticker = new FrameTicker(systemClock);
  const counts = Array.from({ length: 50 }, () => 0);
  const startedMs = performance.now();
  const tickings = counts.map((_, call) =>
    ticker.add(20, (missed) => void (counts[call] = (counts[call] ?? 0) + 1 + missed)),
  );
  await until(() => counts.every((count) => count >= 25), "25 ticks of each call");
  const elapsedMs = performance.now() - startedMs;
  for (const ticking of tickings) ticking.cancel();
  expect(Math.max(...counts)).toBeLessThanOrEqual(elapsedMs / 20 + 2);
  expect(ticker.status().entries).toBe(0);
});
