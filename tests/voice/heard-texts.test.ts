/** What the LLaMA is told of each text: its first sound, its end, and where the caller interrupted. */
import { describe, expect, test } from "bun:test";
import { HeardTexts, type HeardValues } from "../../src/voice/heard-texts.ts";
import { ToldText } from "../../src/voice/told-text.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const rateHz = 24_000;
const samplesPerMs = rateHz / 1000;
/** From sound to the line, where nobody tells. */
const delayMs = 60;

/** Texts as a queue hands them on: at once, as far as the test says. */
class Rig {
  readonly clock = new FakeClock();
  /** `text: heard/of`, in ms. */
  readonly told: string[] = [];
  /** The same behind the time at which it was told. */
  readonly times: string[] = [];
  readonly reports: HeardValues[] = [];
  readonly heard = new HeardTexts({
    rateHz,
    clock: this.clock,
    onHeard: (values) => {
      const { text, samples, of } = values;
      const told = `${text}: ${samples / samplesPerMs}/${of / samplesPerMs}`;
      this.reports.push(values);
      this.told.push(told);
      this.times.push(`${this.clock.nowMs()} ${told}`);
    },
  });
  stream = 1;
  readonly #parts = new Map<ToldText, { expectedSamples: number }>();

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
    this.heard.settle();
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
    const { stream } = this;
    this.heard.handedOn({ text, stream, samples: ms * samplesPerMs });
  }

  played(ms: number, { stream = this.stream, wait = 0, over = 0 } = {}): void {
    this.heard.played({ stream, samples: ms * samplesPerMs, wait, over });
  }

  /** A reply before, so that it is known that outbound reports. */
  reportedBefore(): void {
    this.say(0, 100);
    this.played(0);
    this.played(100, { over: 1 });
    this.stream += 1;
    this.told.length = 0;
    this.times.length = 0;
  }

  interrupt(): string {
    const heard = this.heard.interrupt();
    return heard === undefined ? "" : heard.text.until(heard.samples);
  }
}

describe("where outbound tells nothing", () => {
  test("a text is told when the caller begins to hear it and when they have heard it", () => {
    const rig = new Rig();
    rig.say(1, 500);
    expect(rig.told).toEqual([]);
    rig.clock.advance(5000);
    expect(rig.times).toEqual([`${delayMs} 1: 0/500`, `${delayMs + 500} 1: 500/500`]);
    expect(rig.clock.timers).toBe(0);
  });

  test("of three texts in a stream none begins before the one in front of it has ended", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.handOn(undefined, 200);
    rig.say(2, 300);
    rig.handOn(undefined, 130);
    rig.say(3, 400);
    rig.clock.advance(5000);
    expect(rig.times).toEqual([
      "60 1: 0/500",
      "560 1: 500/500",
      "760 2: 0/300",
      "1060 2: 300/300",
      "1190 3: 0/400",
      "1590 3: 400/400",
    ]);
  });

  test("the time from the text to its first sound is told with it", () => {
    const rig = new Rig();
    const text = new ToldText(1, "x", 0);
    rig.heard.add(text);
    rig.clock.advance(42);
    rig.handOn(text, 100);
    rig.clock.advance(delayMs);
    expect(rig.reports).toEqual([{ text: 1, samples: 0, of: 0, voice: 42, wait: 0 }]);
  });

  test("a text that is still being synthesised is not through, however long it takes", () => {
    const rig = new Rig();
    const text = rig.begin(1, 200, "x", 900);
    rig.clock.advance(60_000);
    expect(rig.told).toEqual(["1: 0/900"]);
    rig.handOn(text, 300);
    rig.end(text, 500);
    rig.clock.advance(309);
    expect(rig.told).toHaveLength(1);
    rig.clock.advance(1);
    expect(rig.told.at(-1)).toBe("1: 500/500");
  });

  test("a text behind a gap begins when it comes", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.clock.advance(2000);
    rig.say(2, 500);
    rig.clock.advance(2000);
    expect(rig.times.slice(1)).toEqual(["560 1: 500/500", "2010 2: 0/500", "2510 2: 500/500"]);
  });

  test("a text of which nothing is ever heard is told in its turn", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.say(2, 0);
    rig.say(3, 100);
    rig.clock.advance(1000);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500", "2: 0/0", "3: 0/100", "3: 100/100"]);
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
    rig.clock.advance(delayMs + 400 + 250);
    rig.told.length = 0;
    expect(rig.interrupt()).toBe("01");
    rig.clock.advance(60_000);
    expect(rig.told).toEqual(["2: 250/1000"]);
  });

  test("of a text that is not wholly synthesised tells it with what was expected", () => {
    const rig = new Rig();
    rig.begin(1, 300, "x".repeat(20), 2000);
    rig.clock.advance(delayMs + 200);
    expect(rig.interrupt()).toHaveLength(2);
    expect(rig.told.at(-1)).toBe("1: 200/2000");
  });

  test("before anything is heard of what was handed on tells that it was nothing", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 400);
    expect(rig.interrupt()).toBe("");
    expect(rig.told).toEqual(["1: 0/400"]);
  });

  test("between two texts tells the one in front, once", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.handOn(undefined, 200);
    rig.say(2, 400);
    rig.clock.advance(delayMs + 500);
    expect(rig.told).toEqual(["1: 0/400", "1: 400/400"]);
    expect(rig.interrupt()).toBe("");
    expect(rig.told).toHaveLength(2);
  });

  test("before any sound, or in silence, tells nothing", () => {
    const rig = new Rig();
    rig.begin(1, 0, "x", 500);
    rig.interrupt();
    expect(rig.told).toEqual([]);
    rig.say(2, 100);
    rig.clock.advance(delayMs + 100);
    rig.told.length = 0;
    rig.interrupt();
    rig.interrupt();
    expect(rig.told).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });
});

describe("an outbound that reports", () => {
  test("has the first text of a stream told at once, with its wait", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.clock.advance(17);
    rig.played(0, { wait: 15 });
    expect(rig.reports).toEqual([{ text: 1, samples: 0, of: 12_000, voice: 0, wait: 15 }]);
    rig.played(0, { wait: 15 });
    expect(rig.reports).toHaveLength(1);
  });

  test("later than usual has it told once more, and is believed from then on", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.say(2, 500);
    rig.clock.advance(120);
    expect(rig.times).toEqual(["60 1: 0/500"]);
    rig.played(0, { wait: 97 });
    expect(rig.reports.at(-1)).toEqual({ text: 1, samples: 0, of: 12_000, voice: 0, wait: 97 });
    rig.clock.advance(1000);
    expect(rig.times.slice(2)).toEqual(["620 1: 500/500", "620 2: 0/500"]);
  });

  test("of three texts in a stream each is told by the begin of the stream", () => {
    const rig = new Rig();
    rig.reportedBefore();
    rig.say(1, 840);
    rig.handOn(undefined, 260);
    rig.clock.advance(300);
    rig.played(0);
    rig.clock.advance(300);
    rig.say(2, 1000);
    rig.clock.advance(700);
    rig.say(3, 500);
    rig.clock.advance(1600);
    expect(rig.times).toEqual([
      "300 1: 0/840",
      "1140 1: 840/840",
      "1400 2: 0/1000",
      "2400 2: 1000/1000",
      "2400 3: 0/500",
    ]);
    rig.played(2600, { over: 1 });
    expect(rig.times.at(-1)).toBe("2900 3: 500/500");
    expect(rig.clock.timers).toBe(0);
  });

  test("does not hold back the end of a text behind which another one is being synthesised", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(100);
    const second = rig.begin(2, 0, "x", 900);
    rig.clock.advance(1500);
    expect(rig.times).toEqual(["0 1: 0/500", "500 1: 500/500"]);
    rig.handOn(second, 900);
    rig.end(second, 900);
    rig.clock.advance(100);
    expect(rig.times.at(-1)).toBe("1610 2: 0/900");
  });

  test("nor that of a text whose follower comes when it should have ended", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(700);
    expect(rig.told).toHaveLength(1);
    rig.say(2, 500);
    expect(rig.times.at(-1)).toBe("700 1: 500/500");
  });

  test("is waited for at the end of the reply", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(1500);
    expect(rig.told).toEqual(["1: 0/500"]);
    rig.played(500, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 500/500");
    expect(rig.clock.timers).toBe(0);
  });

  test("is waited for no longer than 2 s when it has begun to play", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(5000);
    expect(rig.times.at(-1)).toBe("2500 1: 500/500");
  });

  test("is waited for a minute when it has not begun: the call may be on hold", () => {
    const rig = new Rig();
    rig.reportedBefore();
    rig.say(1, 500);
    rig.say(2, 500);
    rig.clock.advance(59_999);
    expect(rig.told).toEqual([]);
    rig.clock.advance(2000);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500", "2: 0/500", "2: 500/500"]);
  });

  test("and begins a reply has played all of the one before it", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.stream = 2;
    rig.say(2, 500);
    rig.clock.advance(520);
    rig.played(0);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500", "2: 0/500"]);
  });

  test("and goes away leaves the usual pace", () => {
    const rig = new Rig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(300);
    rig.heard.outboundLost();
    rig.clock.advance(1000);
    expect(rig.times.at(-1)).toBe("500 1: 500/500");
  });

  test("and goes away before it has begun leaves what is heard by now", () => {
    const rig = new Rig();
    rig.reportedBefore();
    rig.say(1, 500);
    rig.clock.advance(1000);
    expect(rig.told).toEqual([]);
    rig.heard.outboundLost();
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500"]);
  });
});

describe("outbound corrects", () => {
  test("what was told of an interruption, to another text too", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 1000);
    rig.clock.advance(delayMs + 500);
    rig.interrupt();
    expect(rig.told.at(-1)).toBe("2: 100/1000");
    rig.played(300, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 300/400");
    const told = rig.told.length;
    rig.played(300, { over: 1 });
    expect(rig.told).toHaveLength(told);
    expect(rig.heard.status()).toMatchObject({ corrections: 1 });
  });

  test("an interruption after a pause of the line, to a text that was told to its end", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.begin(2, 0, "x", 900);
    rig.played(0);
    rig.clock.advance(900);
    expect(rig.told.at(-1)).toBe("1: 400/400");
    // Nothing of the second has been handed on, so that there is nothing to tell now.
    expect(rig.interrupt()).toBe("");
    expect(rig.told).toHaveLength(2);
    rig.played(260, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 260/400");
  });

  test("the same when it tells of the interruption before SPEECH comes here", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 600);
    rig.say(3, 600);
    rig.played(0);
    rig.clock.advance(1100);
    expect(rig.told.at(-1)).toBe("3: 0/600");
    rig.played(300, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 300/400");
    rig.clock.advance(5);
    expect(rig.interrupt()).not.toBe("");
    expect(rig.told.at(-1)).toBe("1: 300/400");
    rig.clock.advance(60_000);
    expect(rig.told.slice(5)).toEqual(["1: 300/400", "1: 300/400"]);
  });

  test("the end of a reply that was given up waiting for", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 600);
    rig.played(0);
    rig.clock.advance(3000);
    expect(rig.told.at(-1)).toBe("2: 600/600");
    rig.interrupt();
    rig.played(900, { over: 1 });
    expect(rig.told.at(-1)).toBe("2: 500/600");
  });

  test("a text that it had not begun to the text itself, and none behind it", () => {
    const rig = new Rig();
    rig.say(1, 400);
    rig.say(2, 400);
    rig.clock.advance(delayMs + 500);
    expect(rig.told).toEqual(["1: 0/400", "1: 400/400", "2: 0/400"]);
    rig.told.length = 0;
    rig.times.length = 0;
    // A greeting was played before.
    rig.played(0, { wait: 555 });
    expect(rig.reports.at(-1)).toMatchObject({ text: 1, samples: 0, wait: 555 });
    rig.clock.advance(500);
    expect(rig.times).toEqual(["560 1: 0/400", "960 1: 400/400", "960 2: 0/400"]);
  });

  test("each interruption by the reports of its own replies", () => {
    const rig = new Rig();
    rig.say(1, 1000);
    rig.played(0);
    rig.clock.advance(500);
    rig.interrupt();
    rig.stream = 2;
    rig.say(2, 1000);
    rig.clock.advance(100);
    rig.interrupt();
    rig.told.length = 0;
    rig.played(470, { stream: 1, over: 1 });
    rig.played(0, { stream: 2, over: 1 });
    expect(rig.told).toEqual(["1: 470/1000", "2: 0/1000"]);
  });

  test("a reply of which it has played nothing, behind one that was cut, to that one", () => {
    const rig = new Rig();
    rig.say(1, 1000);
    rig.played(0);
    rig.clock.advance(990);
    rig.stream = 2;
    rig.say(2, 1000);
    rig.clock.advance(70);
    rig.interrupt();
    rig.told.length = 0;
    rig.played(800, { stream: 1, over: 1 });
    rig.played(0, { stream: 2, over: 1 });
    expect(rig.told).toEqual(["1: 800/1000", "1: 800/1000"]);
  });

  test("and is believed at once when it was interrupted before SPEECH came here", () => {
    const rig = new Rig();
    rig.say(1, 1000);
    rig.clock.advance(600);
    rig.played(480, { over: 1 });
    expect(rig.told).toEqual(["1: 0/1000"]);
    rig.interrupt();
    expect(rig.told.at(-1)).toBe("1: 480/1000");
  });

  test("and is believed in the end when it threw sound away for no reason that is known here", () => {
    const rig = new Rig();
    rig.say(1, 1000);
    rig.say(2, 1000);
    rig.clock.advance(delayMs);
    rig.played(480, { over: 1 });
    rig.stream = 2;
    rig.say(3, 500);
    rig.clock.advance(2100);
    expect(rig.told).toEqual(["1: 0/1000", "1: 480/1000"]);
    rig.played(0);
    expect(rig.told.at(-1)).toBe("3: 0/500");
    rig.played(500, { over: 1 });
    expect(rig.clock.timers).toBe(0);
    expect(rig.heard.status()).toMatchObject({ open: 0 });
  });
});

test("texts of an earlier connection are heard, and nobody is told", () => {
  const rig = new Rig();
  rig.say(1, 500);
  rig.clock.advance(delayMs);
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
  expect(rig.told).toEqual([]);
});

test("ten thousand texts that nobody reports are told, each at its begin and its end", () => {
  const rig = new Rig();
  for (let count = 1; count <= 10_000; count += 1) {
    rig.say(count, 20);
    rig.clock.advance(20);
  }
  rig.clock.advance(delayMs + 1000);
  expect(rig.told).toHaveLength(20_000);
  expect(rig.told.at(-1)).toBe("10000: 20/20");
  expect(rig.heard.status()).toMatchObject({ open: 0 });
});
