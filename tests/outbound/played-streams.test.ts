/** What the voice is told of its replies. */
import { describe, expect, test } from "bun:test";
import { PlayedStreams, type StreamReport } from "../../src/outbound/played-streams.ts";
import { PlayoutRig } from "./playout-rig.ts";

describe("a reply", () => {
  test("is told when its first frame goes to the line, and when all of it has been played", () => {
    const rig = new PlayoutRig();
    rig.reply(100);
    rig.clock.advance(12);
    rig.run(20);
    expect(rig.reports).toEqual(["begun 1: 0 after 12"]);
    rig.run(80);
    expect(rig.reports).toEqual(["begun 1: 0 after 12", "over 1: 800 after 12"]);
  });

  test("behind another waits for it, and each has its number", () => {
    const rig = new PlayoutRig();
    rig.reply(100);
    rig.reply(50);
    rig.run(200);
    expect(rig.reports).toEqual([
      "begun 1: 0 after 0",
      "over 1: 800 after 0",
      "begun 2: 0 after 100",
      "over 2: 400 after 100",
    ]);
  });

  test("that is interrupted: what was played; those that wait behind it: nothing; once", () => {
    const rig = new PlayoutRig();
    for (const ms of [500, 200, 200]) rig.reply(ms);
    rig.run(300);
    rig.playout.interrupt();
    rig.playout.interrupt();
    rig.run(200);
    expect(rig.reports).toEqual([
      "begun 1: 0 after 0",
      "over 1: 2400 after 0",
      "over 2: 0 after 0",
      "over 3: 0 after 0",
    ]);
  });

  test("is not over while it stalls, whatever the caller may think", () => {
    const rig = new PlayoutRig();
    rig.beginReply();
    rig.write(40);
    rig.run(2000);
    expect(rig.told).toContain("drained");
    expect(rig.reports).toEqual(["begun 1: 0 after 0"]);
    rig.write(40);
    rig.run(100);
    rig.playout.endReply();
    rig.run(20);
    expect(rig.reports).toEqual(["begun 1: 0 after 0", "over 1: 640 after 0"]);
  });

  test("that stalls and is interrupted then: all that came was played", () => {
    const rig = new PlayoutRig();
    rig.beginReply();
    rig.write(40);
    rig.run(2000);
    rig.playout.interrupt();
    expect(rig.reports.at(-1)).toBe("over 1: 320 after 0");
  });

  test("that goes on after an interruption is told again, with all that was played of it", () => {
    const rig = new PlayoutRig();
    rig.beginReply();
    rig.write(200);
    rig.run(100);
    rig.playout.interrupt();
    rig.write(200);
    rig.clock.advance(100);
    rig.playout.callerSilent();
    rig.write(60);
    rig.playout.endReply();
    rig.run(100);
    expect(rig.reports).toEqual([
      "begun 1: 0 after 0",
      "over 1: 800 after 0",
      "over 1: 1280 after 0",
    ]);
  });

  test("behind a greeting waits for it; a greeting itself is not the voice's", () => {
    const greeting = { samples: new Float32Array(200 * 8).fill(0.25), rateHz: 8000 };
    const rig = new PlayoutRig({ greeting });
    rig.reply(40);
    rig.reply(40);
    rig.run(200);
    expect(rig.reports).toEqual([]);
    rig.run(100);
    expect(rig.reports).toEqual([
      "begun 1: 0 after 200",
      "over 1: 320 after 200",
      "begun 2: 0 after 240",
      "over 2: 320 after 240",
    ]);
  });

  test("behind a greeting that is interrupted is told as never heard", () => {
    const greeting = { samples: new Float32Array(200 * 8).fill(0.25), rateHz: 8000 };
    const rig = new PlayoutRig({ greeting });
    rig.reply(40);
    rig.run(100);
    rig.playout.interrupt();
    expect(rig.reports).toEqual(["over 1: 0 after 0"]);
  });
});

describe("the end of a call", () => {
  test("in the middle of a reply tells what was played", () => {
    const rig = new PlayoutRig();
    rig.reply(500);
    rig.reply(500);
    rig.run(100);
    rig.playout.close();
    rig.playout.close();
    expect(rig.reports.slice(1)).toEqual(["over 1: 800 after 0", "over 2: 0 after 0"]);
  });

  test("before anything was played tells nothing", () => {
    const rig = new PlayoutRig();
    rig.reply(500);
    rig.playout.close();
    expect(rig.reports).toEqual([]);
  });
});

test("samples are counted in the rate in which they came, whatever the line has", () => {
  const reports: StreamReport[] = [];
  const streams = new PlayedStreams((report) => reports.push(report));
  const stream = { connection: 3, number: 7 };
  streams.begin(stream);
  streams.add(24_000, 1000, 5);
  streams.advance(980, 17);
  streams.interrupt(700);
  expect(reports).toEqual([
    { stream, samples: 0, waitMs: 12, isOver: false },
    { stream, samples: 7200, waitMs: 12, isOver: true },
  ]);
});

test("a rounding of the line's rate neither begins a reply nor keeps one from its end", () => {
  const reports: StreamReport[] = [];
  const streams = new PlayedStreams((report) => reports.push(report));
  for (const number of [1, 2]) {
    streams.begin({ connection: 1, number });
    streams.add(441, 10, 0);
    streams.end();
  }
  streams.advance(9.9, 0);
  expect(reports.map(({ stream, samples }) => [stream.number, samples])).toEqual([
    [1, 0],
    [1, 441],
  ]);
  reports.length = 0;
  streams.advance(0.1, 0);
  expect(reports.at(-1)).toMatchObject({ samples: 441, isOver: true });
});

test("replies in crumbs do not grow what is remembered of each", () => {
  const rig = new PlayoutRig();
  for (let reply = 0; reply < 500; reply += 1) rig.reply(20);
  rig.run(11_000);
  expect(rig.reports).toHaveLength(2 * 64);
  expect(rig.reports.at(-1)).toStartWith(`over 500: ${(10_000 - 63 * 20) * 8} `);
});
