/** Texts and signals that are read in another order than they were sent. */
import { describe, expect, test } from "bun:test";
import { CallerTurn } from "../../src/voice/caller-turn.ts";
import { type CallText, LateTexts } from "../../src/voice/late-texts.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

class Rig {
  readonly clock = new FakeClock();
  readonly dropped: number[] = [];
  readonly late = new LateTexts(this.clock, ({ number }) => void this.dropped.push(number));

  text(number: number): CallText {
    const speakable = { pieces: ["x"], dropped: 0 };
    return { number, speakable, cameAtMs: this.clock.nowMs() };
  }

  released(): number[] {
    return this.late.release().map(({ number }) => number);
  }
}

describe("a text that comes while the caller speaks", () => {
  test("is spoken when SILENCE comes within 150 ms, in order with others", () => {
    const rig = new Rig();
    rig.late.hold(rig.text(1));
    rig.clock.advance(100);
    rig.late.hold(rig.text(2));
    rig.clock.advance(49);
    expect(rig.released()).toEqual([1, 2]);
    expect(rig.dropped).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });

  test("is dropped after 150 ms, each at its own time", () => {
    const rig = new Rig();
    rig.late.hold(rig.text(1));
    rig.clock.advance(100);
    rig.late.hold(rig.text(2));
    rig.clock.advance(50);
    expect(rig.dropped).toEqual([1]);
    rig.clock.advance(100);
    expect(rig.dropped).toEqual([1, 2]);
    expect(rig.released()).toEqual([]);
  });

  test("is dropped at once when a hundred are held already", () => {
    const rig = new Rig();
    for (let number = 1; number <= 101; number += 1) rig.late.hold(rig.text(number));
    expect(rig.dropped).toEqual([101]);
    expect(rig.released()).toHaveLength(100);
  });
});

describe("a text that came just before SPEECH", () => {
  test("may have been sent behind it: it is held like one that comes afterwards", () => {
    const rig = new Rig();
    rig.late.note(rig.text(1));
    rig.clock.advance(11);
    rig.late.note(rig.text(2));
    rig.clock.advance(5);
    rig.late.callerSpeaks();
    expect(rig.released()).toEqual([2]);
  });

  test("is dropped when no SILENCE follows", () => {
    const rig = new Rig();
    rig.late.note(rig.text(1));
    rig.late.callerSpeaks();
    rig.clock.advance(150);
    expect(rig.dropped).toEqual([1]);
  });
});

test("a call that ends holds no timer", () => {
  const rig = new Rig();
  rig.late.hold(rig.text(1));
  rig.late.close();
  expect(rig.clock.timers).toBe(0);
});

describe("the caller's turn", () => {
  test("begins with SPEECH, each copy included, and ends with SILENCE", () => {
    const turn = new CallerTurn(new FakeClock(), () => undefined);
    expect([turn.speaks(), turn.speaks(), turn.isSpeaking]).toEqual([true, true, true]);
    expect([turn.silent(), turn.silent(), turn.isSpeaking]).toEqual([true, false, false]);
  });

  test("does not begin with the copy of a SPEECH whose SILENCE has come already", () => {
    const clock = new FakeClock();
    const turn = new CallerTurn(clock, () => undefined);
    turn.speaks();
    turn.silent();
    clock.advance(20);
    expect(turn.speaks()).toBe(false);
    clock.advance(20);
    expect(turn.speaks()).toBe(true);
  });

  test("ends after 10 s when nobody tells of its end", () => {
    const clock = new FakeClock();
    let limits = 0;
    const turn = new CallerTurn(clock, () => void (limits += 1));
    turn.speaks();
    clock.advance(9000);
    turn.speaks();
    clock.advance(9999);
    expect([limits, turn.isSpeaking]).toEqual([0, true]);
    clock.advance(1);
    expect([limits, turn.isSpeaking]).toEqual([1, false]);
  });
});
