/** A playout that waits while the caller may have begun to talk. */
import { describe, expect, test } from "bun:test";
import { PlainEncoder } from "./plain-encoder.ts";
import { PlayoutRig } from "./playout-rig.ts";

/** Sound in which each sample is its own number, from 1. */
function numbered(ms: number, from = 1): Float32Array {
  return Float32Array.from({ length: ms * 8 }, (_, index) => from + index);
}

/** What was heard, without fades and silence. */
function soundOf({ heard }: PlayoutRig): number[] {
  return heard.filter((sample) => sample > 0);
}

/** A rig that is 100 ms into a reply of the given length. */
function talking(ms = 1000): PlayoutRig {
  const rig = new PlayoutRig();
  rig.beginReply();
  rig.playout.write(numbered(ms), 8000);
  rig.playout.endReply();
  rig.run(100);
  return rig;
}

describe("a pause", () => {
  test("is heard from the next frame on, which is a short fade, and then nothing", () => {
    const rig = talking();
    rig.playout.pause();
    rig.run(20);
    expect(rig.heard.slice(800, 840)).toEqual(Array(40).fill(PlainEncoder.fadeLevel));
    expect(rig.heard).toHaveLength(800 + PlainEncoder.frameSamples);
    rig.run(500);
    expect(rig.heard).toHaveLength(800 + PlainEncoder.frameSamples);
    expect(rig.told).toEqual([]);
  });

  test("ends where it began, with RESUME", () => {
    const rig = talking();
    rig.playout.pause();
    rig.run(300);
    rig.playout.resume();
    rig.run(1200);
    expect(soundOf(rig)).toEqual([...numbered(1000)]);
    expect(rig.told).toEqual(["said reply 1000 of 1000", "drained"]);
    expect(rig.playout.status()).toMatchObject({ pauses: 1, pausedMs: 300, underruns: 0 });
  });

  test("that is over before the next frame is not heard at all", () => {
    const rig = talking(200);
    rig.playout.pause();
    rig.playout.resume();
    rig.run(200);
    expect(rig.heard).toEqual([...numbered(200)]);
  });

  test("ends by itself after 1.5 s, however often it is told in between", () => {
    const rig = talking();
    for (let time = 0; time < 10; time += 1) {
      rig.playout.pause();
      rig.run(140);
    }
    expect(soundOf(rig)).toHaveLength(800);
    rig.run(100);
    expect(soundOf(rig)).toHaveLength(800);
    rig.run(20);
    expect(soundOf(rig)).toHaveLength(800 + PlainEncoder.frameSamples);
    expect(rig.playout.status()).toMatchObject({ pauses: 1, expiredPauses: 1, pausedMs: 1500 });
  });

  test("in which the caller does talk ends the reply without another sound", () => {
    const rig = talking();
    rig.playout.pause();
    rig.run(400);
    const before = rig.heard.length;
    rig.playout.interrupt();
    rig.playout.interrupt();
    rig.playout.resume();
    rig.run(2000);
    expect(rig.heard).toHaveLength(before);
    expect(rig.encoder.flushes).toBe(0);
    expect(rig.told).toEqual(["cut reply 100 of 1000", "drained"]);
    expect(rig.reports.at(-1)).toBe("over 1: 800 after 0");
  });

  test("RESUME without PAUSE changes nothing", () => {
    const rig = talking(200);
    rig.playout.resume();
    rig.run(200);
    expect(rig.heard).toEqual([...numbered(200)]);
    expect(rig.playout.status().pauses).toBe(0);
  });

  test("is no lack of sound and no end of a reply that still comes", () => {
    const rig = new PlayoutRig();
    rig.beginReply();
    rig.write(40);
    rig.run(60);
    rig.playout.pause();
    rig.run(1000);
    rig.playout.resume();
    rig.run(460);
    expect(rig.told).toEqual([]);
    rig.run(80);
    expect(rig.told).toEqual(["said reply 40 of 40", "drained"]);
  });

  test("takes the sound that comes meanwhile, and says when it is too much", () => {
    const rig = new PlayoutRig({ limitMs: 500 });
    rig.beginReply();
    rig.write(200);
    rig.run(100);
    rig.playout.pause();
    rig.run(100);
    rig.write(500);
    rig.run(200);
    expect(rig.told).toEqual(["full"]);
    rig.playout.resume();
    rig.playout.endReply();
    rig.run(700);
    expect(rig.heardMs(0.5)).toBe(700);
    expect(rig.told).toEqual(["full", "room", "said reply 700 of 700", "drained"]);
  });
});

describe("a reply that begins during a pause", () => {
  test("waits for the decision, and its waiting is told", () => {
    const rig = new PlayoutRig();
    rig.playout.pause();
    rig.run(100);
    rig.reply(40);
    rig.run(200);
    expect(rig.heard).toEqual([]);
    expect(rig.reports).toEqual([]);
    rig.playout.resume();
    rig.run(100);
    expect(rig.heardMs(0.5)).toBe(40);
    expect(rig.reports).toEqual(["begun 1: 0 after 200", "over 1: 320 after 200"]);
  });

  test("is never heard when the caller talks", () => {
    const rig = new PlayoutRig();
    rig.playout.pause();
    rig.reply(400);
    rig.run(200);
    rig.playout.interrupt();
    rig.run(400);
    expect(rig.heard).toEqual([]);
    expect(rig.reports).toEqual(["over 1: 0 after 0"]);
  });

  test("waits for 1.5 s at most", () => {
    const rig = new PlayoutRig();
    rig.playout.pause();
    rig.reply(40);
    rig.run(1500);
    expect(rig.heard).toEqual([]);
    rig.run(20);
    expect(rig.heard).toHaveLength(PlainEncoder.frameSamples);
  });

  test("does not wait for a PAUSE that comes twice and late, behind the SPEECH it led to", () => {
    const rig = talking();
    rig.playout.pause();
    rig.playout.interrupt();
    rig.clock.advance(20);
    rig.playout.pause();
    rig.run(200);
    rig.heard.length = 0;
    rig.reply(40);
    rig.run(60);
    expect(rig.heardMs(0.5)).toBe(40);
    expect(rig.playout.status().pauses).toBe(1);
  });
});

describe("a pause of a greeting", () => {
  const greeting = { samples: numbered(400), rateHz: 8000 };

  test("ends where it began", () => {
    const rig = new PlayoutRig({ greeting });
    rig.run(100);
    rig.playout.pause();
    rig.run(300);
    expect(soundOf(rig)).toHaveLength(800);
    rig.playout.resume();
    rig.run(500);
    expect(soundOf(rig)).toEqual([...numbered(400)]);
    expect(rig.told).toEqual(["room", "said greeting 400 of 400", "drained"]);
    expect(rig.reports).toEqual([]);
  });

  test("in which the caller talks ends it", () => {
    const rig = new PlayoutRig({ greeting });
    rig.run(100);
    rig.playout.pause();
    rig.run(100);
    rig.playout.interrupt();
    rig.run(200);
    expect(soundOf(rig)).toHaveLength(800);
    expect(rig.told.filter((told) => told.startsWith("cut"))).toEqual(["cut greeting 100 of 200"]);
  });
});

describe("a pause and a call on hold", () => {
  test("that is taken back first: nothing is heard until the pause is over", () => {
    const rig = talking();
    rig.playout.hold(true);
    rig.run(100);
    rig.playout.pause();
    rig.run(100);
    rig.playout.hold(false);
    rig.run(200);
    expect(rig.heard).toHaveLength(800);
    rig.playout.resume();
    rig.run(1000);
    expect(soundOf(rig)).toEqual([...numbered(1000)]);
  });

  test("that is taken back last: nothing is heard until it is", () => {
    const rig = talking();
    rig.playout.pause();
    rig.run(100);
    rig.playout.hold(true);
    rig.run(100);
    rig.playout.resume();
    rig.run(3000);
    expect(soundOf(rig)).toHaveLength(800);
    rig.playout.hold(false);
    rig.run(1000);
    expect(soundOf(rig)).toEqual([...numbered(1000)]);
  });

  test("that is muted: time stands still all the same", () => {
    const rig = talking(300);
    rig.playout.mute(true);
    rig.run(100);
    rig.playout.pause();
    rig.run(500);
    rig.playout.resume();
    rig.playout.mute(false);
    rig.run(200);
    expect(soundOf(rig)).toEqual([...numbered(100), ...numbered(100, 1601)]);
  });
});
