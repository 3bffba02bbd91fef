/** How the reports of outbound correct what the LLaMA was told of a text. */
import { describe, expect, test } from "bun:test";
import { delayMs, HeardTextsRig } from "./heard-texts-rig.ts";

describe("outbound corrects", () => {
  test("what was told of an interruption, to another text too", () => {
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
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
    const rig = new HeardTextsRig();
    rig.say(1, 1000);
    rig.clock.advance(600);
    rig.played(480, { over: 1 });
    expect(rig.told).toEqual(["1: 0/1000"]);
    rig.interrupt();
    expect(rig.told.at(-1)).toBe("1: 480/1000");
  });

  test("and is believed in the end when it threw sound away for no reason that is known here", () => {
    const rig = new HeardTextsRig();
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
