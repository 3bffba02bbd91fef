import { describe, expect, test } from "bun:test";
import { PlainEncoder } from "./plain-encoder.ts";
import { PlayoutRig as Rig } from "./playout-rig.ts";

describe("a reply", () => {
  test("is played whole, then told, then drained once", () => {
    const rig = new Rig();
    rig.reply(30, 30);
    rig.run(200);
    expect(rig.heardMs(0.5)).toBe(60);
    expect(rig.told).toEqual(["said reply 60 of 60", "drained"]);
  });

  test("of an odd length is filled up with silence", () => {
    const rig = new Rig();
    rig.reply(25);
    rig.run(100);
    expect(rig.heardMs(0.5)).toBe(25);
    expect(rig.heard).toHaveLength(2 * PlainEncoder.frameSamples);
    expect(rig.told).toEqual(["said reply 25 of 25", "drained"]);
  });

  test("that comes too slowly has gaps, which are counted, and is drained at its end only", () => {
    const rig = new Rig();
    rig.beginReply();
    for (let part = 0; part < 5; part += 1) {
      rig.write(40);
      rig.run(100);
    }
    expect(rig.told).toEqual([]);
    expect(rig.playout.status().underruns).toBe(4);
    rig.playout.endReply();
    rig.run(20);
    expect(rig.told).toEqual(["said reply 200 of 200", "drained"]);
  });

  test("that stalls in mid-frame plays what there is of it at once, and counts as too slow", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(50);
    rig.run(60);
    expect(rig.heardMs(0.5)).toBe(50);
    rig.run(100);
    rig.write(40);
    rig.run(40);
    expect(rig.heardMs(0.5)).toBe(90);
    expect(rig.playout.status().underruns).toBe(1);
  });

  test("whose first sound is less than a frame waits for more of it", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(10);
    rig.run(60);
    expect(rig.heard).toEqual([]);
    rig.write(10);
    rig.run(20);
    expect(rig.heardMs(0.5)).toBe(20);
  });

  test("whose stream is never ended counts as said when nothing comes for half a second", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(50);
    rig.run(500);
    expect(rig.told).toEqual([]);
    rig.run(200);
    expect(rig.told).toEqual(["said reply 50 of 50", "drained"]);
    expect(rig.heardMs(0.5)).toBe(50);
    rig.write(40);
    rig.run(1000);
    expect(rig.told.slice(2)).toEqual(["said reply 40 of 40", "drained"]);
    expect(rig.playout.status().underruns).toBe(0);
  });

  test("follows the one before it, and each is told when it has been played", () => {
    const rig = new Rig();
    rig.reply(100);
    rig.reply(60);
    rig.run(100);
    expect(rig.told).toEqual(["said reply 100 of 100"]);
    rig.run(80);
    expect(rig.told).toEqual(["said reply 100 of 100", "said reply 60 of 60", "drained"]);
  });

  test("without sound is no reply", () => {
    const rig = new Rig();
    rig.reply();
    rig.run(100);
    expect(rig.told).toEqual([]);
  });
});

describe("a greeting", () => {
  const greeting = { samples: new Float32Array(400 * 8).fill(0.25), rateHz: 8000 };

  test("comes first, is encoded as it is played, and holds replies back", () => {
    const rig = new Rig({ greeting });
    expect(rig.playout.isFull).toBe(true);
    rig.beginReply();
    rig.write(100);
    rig.run(20);
    expect(rig.encoder.pendingMs).toBeLessThanOrEqual(140);
    rig.run(380);
    expect(rig.heardMs(0.25)).toBe(400);
    expect(rig.heardMs(0.5)).toBe(0);
    rig.run(20);
    expect(rig.told).toContain("room");
    rig.write(100);
    rig.playout.endReply();
    rig.run(300);
    expect(rig.heardMs(0.5)).toBe(200);
    expect(rig.told.filter((told) => told !== "room")).toEqual([
      "said greeting 400 of 400",
      "said reply 200 of 200",
      "drained",
    ]);
  });

  test("holds back a reply that ended meanwhile too", () => {
    const rig = new Rig({ greeting });
    rig.reply(30);
    rig.run(600);
    expect(rig.heard.slice(0, 3200).every((sample) => sample === 0.25)).toBe(true);
    expect(rig.heardMs(0.5)).toBe(30);
    expect(rig.told.at(-2)).toBe("said reply 30 of 30");
  });

  test("alone is drained too", () => {
    const rig = new Rig({ greeting });
    rig.run(600);
    expect(rig.told).toEqual(["room", "said greeting 400 of 400", "drained"]);
  });

  test("is cut by a caller who talks", () => {
    const rig = new Rig({ greeting });
    rig.run(100);
    rig.playout.interrupt();
    rig.run(100);
    expect(rig.heardMs(0.25)).toBe(100);
    expect(rig.told.toSorted()).toEqual(["cut greeting 100 of 200", "drained", "room"]);
    rig.reply(40);
    rig.run(100);
    expect(rig.heardMs(0.5)).toBe(40);
  });
});

describe("a caller who talks", () => {
  test("hears nothing more from the next frame on, and how much he heard is told", () => {
    const rig = new Rig();
    rig.reply(1000);
    rig.reply(500);
    rig.run(300);
    rig.playout.interrupt();
    rig.playout.interrupt();
    rig.run(200);
    expect(rig.heardMs(0.5)).toBe(300);
    expect(rig.told).toEqual(["cut reply 300 of 1000", "cut reply 0 of 500", "drained"]);
    expect(rig.playout.status()).toMatchObject({ interruptions: 1, playedMs: 300 });
  });

  test("does not hear the rest of that reply, but the next one", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(200);
    rig.run(100);
    rig.playout.interrupt();
    rig.write(200);
    rig.run(100);
    rig.playout.endReply();
    expect(rig.playout.status().discardedMs).toBe(200);
    expect(rig.told).toEqual(["cut reply 100 of 200", "drained"]);
    rig.beginReply();
    rig.write(40, 0.75);
    rig.run(100);
    expect(rig.heardMs(0.75)).toBe(40);
  });

  test("hears what comes on the same stream once he is silent", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(200);
    rig.run(100);
    rig.playout.interrupt();
    rig.write(100);
    rig.clock.advance(100);
    rig.playout.callerSilent();
    rig.write(60, 0.75);
    rig.playout.endReply();
    rig.run(200);
    expect(rig.heardMs(0.5)).toBe(100);
    expect(rig.heardMs(0.75)).toBe(60);
  });

  test("and is silent at once does not hear what was under way before", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(200);
    rig.run(100);
    rig.playout.interrupt();
    rig.playout.callerSilent();
    rig.write(100);
    rig.playout.endReply();
    rig.reply(60);
    rig.run(300);
    expect(rig.heardMs(0.5)).toBe(160);
  });

  test("of whom nobody says that he is silent hears the stream again after ten seconds", () => {
    const rig = new Rig();
    rig.beginReply();
    rig.write(100);
    rig.playout.interrupt();
    rig.clock.advance(9999);
    rig.write(100);
    expect(rig.encoder.pendingMs).toBe(0);
    rig.clock.advance(1);
    rig.write(100);
    expect(rig.encoder.pendingMs).toBe(100);
  });

  test("interrupts nothing while nothing is said", () => {
    const rig = new Rig();
    rig.playout.interrupt();
    rig.playout.callerSilent();
    rig.reply(40);
    rig.run(100);
    rig.playout.interrupt();
    expect(rig.playout.status().interruptions).toBe(0);
    expect(rig.heardMs(0.5)).toBe(40);
  });
});

describe("too much sound", () => {
  test("is said at the limit, and what still comes is taken", () => {
    const rig = new Rig({ limitMs: 1000 });
    rig.beginReply();
    rig.write(900);
    expect(rig.told).toEqual([]);
    rig.write(300);
    rig.write(300);
    rig.playout.endReply();
    expect(rig.told).toEqual(["full"]);
    rig.run(740);
    expect(rig.told).toEqual(["full"]);
    rig.run(20);
    expect(rig.told).toEqual(["full", "room"]);
    rig.run(1000);
    expect(rig.heardMs(0.5)).toBe(1500);
  });

  test("has room again when the caller talks", () => {
    const rig = new Rig({ limitMs: 1000 });
    rig.beginReply();
    rig.write(2000);
    rig.run(20);
    rig.playout.interrupt();
    expect(rig.told).toContain("room");
  });

  test("in crumbs does not grow what is remembered of each", () => {
    const rig = new Rig();
    for (let reply = 0; reply < 500; reply += 1) rig.reply(20);
    rig.run(11_000);
    expect(rig.heardMs(0.5)).toBe(10_000);
    const told = rig.told.filter((text) => text.startsWith("said"));
    expect(told).toHaveLength(64);
    expect(told.at(-1)).toBe(`said reply ${10_000 - 63 * 20} of ${10_000 - 63 * 20}`);
  });
});

describe("a call on hold", () => {
  test("keeps its place", () => {
    const rig = new Rig();
    rig.reply(200);
    rig.run(100);
    rig.playout.hold(true);
    rig.run(1000);
    expect(rig.heardMs(0.5)).toBe(100);
    rig.playout.hold(false);
    rig.run(200);
    expect(rig.heardMs(0.5)).toBe(200);
    expect(rig.told).toEqual(["said reply 200 of 200", "drained"]);
  });

  test("that is muted instead goes on unheard", () => {
    const rig = new Rig();
    rig.reply(200);
    rig.playout.mute(true);
    rig.run(100);
    rig.playout.mute(false);
    rig.run(200);
    expect(rig.heardMs(0.5)).toBe(100);
    expect(rig.told).toEqual(["said reply 200 of 200", "drained"]);
  });
});
