/** What the LLaMA is told of each text: its first sound, its end, and where the caller interrupted. */
import { describe, expect, test } from "bun:test";
import { ToldText } from "../../src/voice/told-text.ts";
import { delayMs, HeardTextsRig } from "./heard-texts-rig.ts";

describe("where outbound tells nothing", () => {
  test("a text is told when the caller begins to hear it and when they have heard it", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    expect(rig.told).toEqual([]);
    rig.clock.advance(5000);
    expect(rig.times).toEqual([`${delayMs} 1: 0/500`, `${delayMs + 500} 1: 500/500`]);
    expect(rig.clock.timers).toBe(0);
  });

  test("of three texts in a stream none begins before the one in front of it has ended", () => {
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
    const text = new ToldText(1, "x", 0);
    rig.heard.add(text);
    rig.clock.advance(42);
    rig.handOn(text, 100);
    rig.clock.advance(delayMs);
    expect(rig.reports).toEqual([{ text: 1, samples: 0, of: 0, voice: 42, wait: 0 }]);
  });

  test("a text that is still being synthesised is not through, however long it takes", () => {
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.clock.advance(2000);
    rig.say(2, 500);
    rig.clock.advance(2000);
    expect(rig.times.slice(1)).toEqual(["560 1: 500/500", "2010 2: 0/500", "2510 2: 500/500"]);
  });

  test("a text of which nothing is ever heard is told in its turn", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.say(2, 0);
    rig.say(3, 100);
    rig.clock.advance(1000);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500", "2: 0/0", "3: 0/100", "3: 100/100"]);
  });

  test("such a text alone is told at once", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 0);
    expect(rig.told).toEqual(["1: 0/0"]);
  });
});

describe("an interruption", () => {
  test("tells the text that was being heard, how much of it, and none behind it", () => {
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
    rig.begin(1, 300, "x".repeat(20), 2000);
    rig.clock.advance(delayMs + 200);
    expect(rig.interrupt()).toHaveLength(2);
    expect(rig.told.at(-1)).toBe("1: 200/2000");
  });

  test("before anything is heard of what was handed on tells that it was nothing", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 400);
    rig.say(2, 400);
    expect(rig.interrupt()).toBe("");
    expect(rig.told).toEqual(["1: 0/400"]);
  });

  test("between two texts tells the one in front, once", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 400);
    rig.handOn(undefined, 200);
    rig.say(2, 400);
    rig.clock.advance(delayMs + 500);
    expect(rig.told).toEqual(["1: 0/400", "1: 400/400"]);
    expect(rig.interrupt()).toBe("");
    expect(rig.told).toHaveLength(2);
  });

  test("before any sound, or in silence, tells nothing", () => {
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.clock.advance(17);
    rig.played(0, { wait: 15 });
    expect(rig.reports).toEqual([{ text: 1, samples: 0, of: 12_000, voice: 0, wait: 15 }]);
    rig.played(0, { wait: 15 });
    expect(rig.reports).toHaveLength(1);
  });

  test("later than usual has it told once more, and is believed from then on", () => {
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(700);
    expect(rig.told).toHaveLength(1);
    rig.say(2, 500);
    expect(rig.times.at(-1)).toBe("700 1: 500/500");
  });

  test("is waited for at the end of the reply", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(1500);
    expect(rig.told).toEqual(["1: 0/500"]);
    rig.played(500, { over: 1 });
    expect(rig.told.at(-1)).toBe("1: 500/500");
    expect(rig.clock.timers).toBe(0);
  });

  test("is waited for no longer than 2 s when it has begun to play", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(5000);
    expect(rig.times.at(-1)).toBe("2500 1: 500/500");
  });

  test("is waited for a minute when it has not begun: the call may be on hold", () => {
    const rig = new HeardTextsRig();
    rig.reportedBefore();
    rig.say(1, 500);
    rig.say(2, 500);
    rig.clock.advance(59_999);
    expect(rig.told).toEqual([]);
    rig.clock.advance(2000);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500", "2: 0/500", "2: 500/500"]);
  });

  test("and begins a reply has played all of the one before it", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.played(0);
    rig.stream = 2;
    rig.say(2, 500);
    rig.clock.advance(520);
    rig.played(0);
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500", "2: 0/500"]);
  });

  test("and goes away leaves the usual pace", () => {
    const rig = new HeardTextsRig();
    rig.say(1, 500);
    rig.played(0);
    rig.clock.advance(300);
    rig.heard.outboundLost();
    rig.clock.advance(1000);
    expect(rig.times.at(-1)).toBe("500 1: 500/500");
  });

  test("and goes away before it has begun leaves what is heard by now", () => {
    const rig = new HeardTextsRig();
    rig.reportedBefore();
    rig.say(1, 500);
    rig.clock.advance(1000);
    expect(rig.told).toEqual([]);
    rig.heard.outboundLost();
    expect(rig.told).toEqual(["1: 0/500", "1: 500/500"]);
  });
});

test("texts of an earlier connection are heard, and nobody is told", () => {
  const rig = new HeardTextsRig();
  rig.say(1, 500);
  rig.clock.advance(delayMs);
  rig.heard.mute();
  rig.say(1, 300);
  rig.clock.advance(1000);
  expect(rig.told).toEqual(["1: 0/500", "1: 0/300", "1: 300/300"]);
});

test("after its end a call holds no timer and tells nothing", () => {
  const rig = new HeardTextsRig();
  rig.say(1, 500);
  rig.heard.close();
  expect(rig.clock.timers).toBe(0);
  expect(rig.told).toEqual([]);
});

test("ten thousand texts that nobody reports are told, each at its begin and its end", () => {
  const rig = new HeardTextsRig();
  for (let count = 1; count <= 10_000; count += 1) {
    rig.say(count, 20);
    rig.clock.advance(20);
  }
  rig.clock.advance(delayMs + 1000);
  expect(rig.told).toHaveLength(20_000);
  expect(rig.told.at(-1)).toBe("10000: 20/20");
  expect(rig.heard.status()).toMatchObject({ open: 0 });
});
