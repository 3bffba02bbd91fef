/** What the LLaMA is told of each text: its first sound, its end, and where the caller interrupted. */
import { describe, expect, test } from "bun:test";
import { HeardTexts, type HeardValues } from "../../src/voice/heard-texts.ts";
import { ToldText } from "../../src/voice/told-text.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const rateHz = 24_000;
const samplesPerMs = rateHz / 1000;

/** Texts as a queue hands them on: at once, as far as the test says. */
class Rig {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly reports: HeardValues[] = [];
  readonly heard = new HeardTexts({
    rateHz,
    clock: this.clock,
    onHeard: (values) => {
      this.reports.push(values);
      this.told.push(
        `${values.text}: ${values.samples / samplesPerMs}/${values.of / samplesPerMs}`,
      );
    },
  });
  stream = 1;
  #heardAtMs = 0;

  /** A text of so much sound, all of it synthesised. */
  say(number: number, ms: number, spoken = "twenty letters here."): ToldText {
    const text = this.begin(number, ms, spoken);
    this.end(text, ms);
    return text;
  }

  /** A text of which the first `ms` have been handed on, and more is expected. */
  begin(number: number, ms: number, spoken = "x", expectedMs = ms): ToldText {
    const text = new ToldText(number, spoken, this.clock.nowMs());
    const part = { expectedSamples: expectedMs * samplesPerMs };
    this.heard.add(text);
    if (expectedMs > 0) text.addPart(part);
    text.finish();
    this.handOn(text, ms);
    this.#parts.set(text, part);
    return text;
  }

  end(text: ToldText, ms: number): void {
    const part = this.#parts.get(text);
    if (part !== undefined) {
      part.expectedSamples = ms * samplesPerMs;
      text.endPart(part);
    }
    this.heard.settle();
  }

  handOn(text: ToldText | undefined, ms: number): void {
    if (ms === 0) return;
    this.#heardAtMs = Math.max(this.#heardAtMs, this.clock.nowMs()) + ms;
    const { stream } = this;
    const samples = ms * samplesPerMs;
    this.heard.handedOn({ text, stream, samples, heardAtMs: this.#heardAtMs });
  }

  played(ms: number, { stream = this.stream, wait = 0, over = 0 } = {}): void {
    this.heard.played({ stream, samples: ms * samplesPerMs, wait, over });
  }

  /** Forgets how far the pace of speech is, as a queue does when it is interrupted. */
  interrupt(): string {
    const heard = this.heard.interrupt();
    this.#heardAtMs = this.clock.nowMs();
    return heard === undefined ? "" : heard.text.until(heard.samples);
  }

  readonly #parts = new Map<ToldText, { expectedSamples: number }>();
}

describe("by the pace of speech", () => {
  test("a text is told when its first sound leaves and when it has been heard", () => {
    const rig = new Rig();
    rig.say(1, 500);
    expect(rig.told).toEqual(["1: 0/500"]);
    rig.clock.advance(499);
    expect(rig.told).toHaveLength(1);
    rig.clock.advance(1);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500"]);
    expect(rig.clock.timers).toBe(0);
  });

  test("each text is told at its own end, and none before the one in front of it", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.handOn(undefined, 200);
    rig.say(2, 300);
    rig.clock.advance(699);
    expect(rig.told).toEqual(["1: 0/500", "2: 0/300", "1: 500/500"]);
    rig.clock.advance(301);
    expect(rig.told.at(-1)).toBe("2: 300/300");
  });

  test("the time from the text to its first sound is told with it", () => {
    const rig = new Rig();
    const text = new ToldText(1, "x", 0);
    rig.heard.add(text);
    rig.clock.advance(42);
    rig.handOn(text, 100);
    expect(rig.reports).toEqual([{ text: 1, samples: 0, of: 0, voice: 42, wait: 0 }]);
  });

  test("a text that is still being synthesised is not through, however long it takes", () => {
    const rig = new Rig();
    const text = rig.begin(1, 200, "x", 900);
    rig.clock.advance(60_000);
    expect(rig.told).toEqual(["1: 0/900"]);
    rig.handOn(text, 300);
    rig.end(text, 500);
    rig.clock.advance(300);
    expect(rig.told.at(-1)).toBe("1: 500/500");
  });

  test("a text of which nothing is ever heard is told in its turn", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.say(2, 0);
    rig.say(3, 100);
    rig.clock.advance(600);
    expect(rig.told).toEqual(["1: 0/500", "3: 0/100", "1: 500/500", "2: 0/0", "3: 100/100"]);
  });

  test("such a text alone is told at once", () => {
    const rig = new Rig();
    rig.say(1, 0);
    expect(rig.told).toEqual(["1: 0/0"]);
  });
});

describe("an interruption", () => {
  test("tells the text that was being heard, how much of it, and none behind it", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 1000, "0123456789");
    rig.say(3, 500);
    rig.clock.advance(400 + 250);
    rig.told.length = 0;
    expect(rig.interrupt()).toBe("01");
    rig.clock.advance(60_000);
    expect(rig.told).toEqual(["2: 250/1000"]);
  });

  test("of a text that is not wholly synthesised tells it with what was expected", () => {
    const rig = new Rig();
    rig.begin(1, 300, "x".repeat(20), 2000);
    rig.clock.advance(200);
    expect(rig.interrupt()).toHaveLength(2);
    expect(rig.told.at(-1)).toBe("1: 200/2000");
  });

  test("before any sound, or in silence, tells nothing", () => {
    const rig = new Rig();
    rig.begin(1, 0, "x", 500);
    rig.interrupt();
    expect(rig.told).toEqual([]);
    rig.say(2, 100);
    rig.clock.advance(100);
    rig.told.length = 0;
    rig.interrupt();
    rig.interrupt();
    expect(rig.told).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });
});

describe("an outbound that reports", () => {
  test("tells the wait with the first sound, and moves the ends of texts by it", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.say(2, 500);
    rig.clock.advance(120);
    rig.played(20, { wait: 97 });
    expect(rig.reports.at(-1)).toEqual({ text: 1, samples: 0, of: 12_000, voice: 0, wait: 97 });
    rig.clock.advance(479);
    expect(rig.told).not.toContain("1: 500/500");
    rig.clock.advance(1);
    expect(rig.told.at(-1)).toBe("1: 500/500");
  });

  test("is waited for at the end of the reply", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(20);
    rig.clock.advance(1500);
    expect(rig.told).not.toContain("1: 500/500");
    rig.played(500, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 500/500");
    expect(rig.clock.timers).toBe(0);
  });

  test("is waited for no longer than 2 s when it has begun to play", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(2499);
    expect(rig.told).not.toContain("1: 500/500");
    rig.clock.advance(1);
    expect(rig.told.at(-1)).toBe("1: 500/500");
  });

  test("is waited for a minute when it has not begun: the call may be on hold", () => {
    const rig = new Rig();
    rig.say(1, 100);
    rig.played(100, { over: 1 });
    rig.stream = 2;
    rig.say(2, 500);
    rig.clock.advance(59_000);
    expect(rig.told).not.toContain("2: 500/500");
    rig.clock.advance(2000);
    expect(rig.told.at(-1)).toBe("2: 500/500");
  });

  test("and goes away leaves the pace of speech", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(300);
    rig.heard.outboundLost();
    rig.clock.advance(199);
    expect(rig.told).not.toContain("1: 500/500");
    rig.clock.advance(1);
    expect(rig.told.at(-1)).toBe("1: 500/500");
  });

  test("corrects what was told of an interruption, to another text too", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 1000);
    rig.clock.advance(500);
    rig.interrupt();
    expect(rig.told.at(-1)).toBe("2: 100/1000");
    rig.played(300, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 300/400");
    const told = rig.told.length;
    rig.played(300, { over: 1 });
    expect(rig.told).toHaveLength(told);
    expect(rig.heard.status()).toMatchObject({ corrections: 1 });
  });

  test("and was interrupted before SPEECH came here is believed at once", () => {
    const rig = new Rig();
    rig.say(1, 1000);
    rig.clock.advance(600);
    rig.played(480, { over: 1 });
    expect(rig.told).toEqual(["1: 0/1000"]);
    rig.interrupt();
    expect(rig.told.at(-1)).toBe("1: 480/1000");
  });

  test("and threw sound away for no reason that is known here is believed in the end", () => {
    const rig = new Rig();
    rig.say(1, 1000);
    rig.played(480, { over: 1 });
    rig.clock.advance(3000);
    expect(rig.told.at(-1)).toBe("1: 480/1000");
    expect(rig.clock.timers).toBe(0);
  });
});

test("texts of an earlier connection are heard, and nobody is told", () => {
  const rig = new Rig();
  rig.say(1, 500);
  rig.heard.mute();
  rig.say(1, 300);
  rig.clock.advance(1000);
  expect(rig.told).toEqual(["1: 0/500", "1: 0/300", "1: 300/300"]);
});

test("after its end a call holds no timer and tells nothing", () => {
  const rig = new Rig();
  rig.say(1, 500);
  rig.heard.close();
  expect(rig.clock.timers).toBe(0);
  expect(rig.told).toEqual(["1: 0/500"]);
});
