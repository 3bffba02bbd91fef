import { describe, expect, test } from "bun:test";
import { ReturnPath } from "../../src/whisper/return-path.ts";
import { TextFrameDecoder } from "../../src/wire/text-frames.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

/** Reads what goes back as the sender of a call's audio does. */
class Rig {
  readonly frames: string[] = [];
  /** Frames of each write, in one string. */
  readonly writes: string[] = [];
  lost = 0;
  isReading = true;
  readonly path: ReturnPath;
  readonly #decoder = new TextFrameDecoder({ expectHello: false, zeroMeans: "empty-text" });

  constructor() {
    this.path = new ReturnPath({
      write: (bytes) => this.#read(bytes),
      onLost: () => {
        this.lost += 1;
      },
    });
  }

  #read(bytes: Uint8Array): boolean {
    if (!this.isReading) return false;
    const before = this.frames.length;
    this.#decoder.push(bytes, {
      hello: () => undefined,
      text: (text) => void this.frames.push(`"${text}"`),
      position: (samples) => void this.frames.push(`<${samples}>`),
      bye: () => undefined,
      close: () => undefined,
      violation: (reason) => void this.frames.push(`violation: ${reason}`),
    });
    this.writes.push(this.frames.slice(before).join(""));
    return true;
  }
}

describe("the sender of utterances", () => {
  test("gets one transcript for each, empty ones too, and no positions", () => {
    const rig = new Rig();
    rig.path.transcript("one", 8_000);
    rig.path.transcript("", 16_000);
    rig.path.settled(20_000, 5_000);
    rig.path.transcript("three", 24_000);
    expect(rig.frames).toEqual(['"one"', '""', '"three"']);
  });
});

describe("the sender of a stream", () => {
  test("gets each text with the position up to which it settles the sound, in one write", () => {
    const rig = new Rig();
    rig.path.streams();
    rig.path.transcript("one", 8_000);
    rig.path.transcript("two", 24_000);
    expect(rig.writes).toEqual(['"one"<8000>', '"two"<24000>']);
  });

  test("gets only the position of an utterance without words", () => {
    const rig = new Rig();
    rig.path.streams();
    rig.path.transcript("", 8_000);
    expect(rig.frames).toEqual(["<8000>"]);
  });

  test("learns once a second, while nobody speaks, what it may forget", () => {
    const rig = new Rig();
    rig.path.streams();
    for (let nowMs = 10_000; nowMs < 13_000; nowMs += 250) rig.path.settled(nowMs * 16, nowMs);
    expect(rig.frames).toEqual(["<160000>", "<176000>", "<192000>"]);
  });

  test("is not told the same position twice", () => {
    const rig = new Rig();
    rig.path.streams();
    rig.path.settled(0, 1_000);
    rig.path.settled(500, 2_000);
    rig.path.settled(500, 3_000);
    rig.path.transcript("", 400);
    expect(rig.frames).toEqual(["<500>"]);
  });

  test("sees positions that never fall, whatever comes", () => {
    const random = new SeededRandom(7);
    const rig = new Rig();
    rig.path.streams();
    let texts = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs += 200) {
      const sample = Math.max(0, nowMs * 16 - random.between(0, 20_000));
      const text = random.pick(["", "hello"]);
      if (random.between(0, 2) > 0) rig.path.settled(sample, nowMs);
      else rig.path.transcript(text, sample);
      texts = rig.frames.filter((frame) => frame.startsWith('"')).length;
    }
    expect(rig.frames.filter((frame) => frame.startsWith("violation"))).toEqual([]);
    expect(texts).toBeGreaterThan(10);
  });
});

test("what the peer does not read is counted, and the next text finds its way", () => {
  const rig = new Rig();
  rig.path.streams();
  rig.isReading = false;
  rig.path.transcript("one", 100);
  rig.path.transcript("", 200);
  expect(rig.lost).toBe(2);
  rig.isReading = true;
  rig.path.transcript("three", 300);
  expect(rig.frames).toEqual(['"three"', "<300>"]);
});
