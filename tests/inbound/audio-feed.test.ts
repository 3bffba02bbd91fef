import { describe, expect, test } from "bun:test";
import { decodeWav } from "../../src/audio/wav.ts";
import { type AudioFeed, ChunkFeed, StreamFeed } from "../../src/inbound/audio-feed.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

const rateHz = 16_000;

/** Two spoken sentences with pauses of silence before, between and after. */
async function twoSentences(): Promise<Float32Array> {
  const names = ["145_espeak-en-us-nyc.wav", "024_espeak-en-gb-aunty.wav"];
  const parts: Float32Array[] = [new Float32Array(rateHz)];
  for (const name of names) {
    const bytes = await Bun.file(`${import.meta.dir}/../data/speech/${name}`).bytes();
    parts.push(decodeWav(bytes, name).samples, new Float32Array(rateHz));
  }
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Samples that say where they stand. */
const ramp = (from: number, to: number): Float32Array =>
  Float32Array.from({ length: to - from }, (_, index) => from + index);

function takeAll(feed: AudioFeed): number[] {
  const lengths: number[] = [];
  for (let block = feed.next(); block !== undefined; block = feed.next())
    lengths.push(block.length);
  return lengths;
}

const sum = (lengths: readonly number[]): number => lengths.reduce((total, n) => total + n, 0);

/** Sends all there is on a new connection: the stretch of a ramp that went out. */
function resend(feed: AudioFeed): { readonly from: number; readonly to: number } | undefined {
  feed.rewind();
  const first = feed.next();
  const from = first?.[0];
  if (first === undefined || from === undefined) return undefined;
  return { from, to: from + first.length + sum(takeAll(feed)) };
}

/** A stream of which so much was said and sent. */
function sent(samples: number, limitSamples = 60 * rateHz): StreamFeed {
  const feed = new StreamFeed(limitSamples);
  feed.append(ramp(0, samples));
  takeAll(feed);
  return feed;
}

describe("stream feed", () => {
  test("sends everything, in blocks that no receiver takes for finished utterances", () => {
    const feed = new StreamFeed(60 * rateHz);
    expect(feed.unsettled).toBe(0);
    feed.append(ramp(0, 100_000));
    expect(feed.unsettled).toBe(0);
    const lengths = takeAll(feed);
    expect(sum(lengths)).toBe(100_000);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1600);
    expect(feed.unsettled).toBe(1);
  });

  test("after a break it starts over at the last mark, be it in the middle of an utterance", () => {
    const feed = sent(100_000);
    feed.settle();
    expect(feed.settleBefore(40_001)).toBe(true);
    feed.settle();
    expect(feed.unsettled).toBe(1);
    expect(resend(feed)).toEqual({ from: 40_001, to: 100_000 });
    expect(feed.unsettled).toBe(1);
  });

  test("marks of the next connection count from its own start", () => {
    const feed = sent(100_000);
    feed.settleBefore(40_000);
    feed.rewind();
    takeAll(feed);
    expect(feed.settleBefore(25_000)).toBe(true);
    expect(resend(feed)).toEqual({ from: 65_000, to: 100_000 });
    expect(feed.settleBefore(35_000)).toBe(true);
    expect(feed.unsettled).toBe(0);
    expect(resend(feed)).toBeUndefined();
  });

  test("what was settled once stays settled when the next connection breaks early", () => {
    const feed = sent(100_000);
    feed.settleBefore(90_000);
    feed.rewind();
    expect(feed.unsettled).toBe(1);
    feed.next();
    expect(resend(feed)).toEqual({ from: 90_000, to: 100_000 });
  });

  test("a mark beyond what was sent on this connection is refused and settles nothing", () => {
    const feed = new StreamFeed(60 * rateHz);
    feed.append(ramp(0, 100_000));
    feed.next();
    expect(feed.settleBefore(1601)).toBe(false);
    expect(feed.settleBefore(1600)).toBe(true);
    takeAll(feed);
    feed.rewind();
    expect(feed.settleBefore(1)).toBe(false);
    expect(feed.settleBefore(0)).toBe(true);
    expect(resend(feed)).toEqual({ from: 1600, to: 100_000 });
  });

  test("a mark that is behind an earlier one takes nothing back", () => {
    const feed = sent(100_000);
    feed.settleBefore(50_000);
    feed.settleBefore(20_000);
    expect(resend(feed)).toEqual({ from: 50_000, to: 100_000 });
  });

  test("marks keep silence from piling up", () => {
    const feed = new StreamFeed(2 * rateHz);
    for (let second = 1; second <= 100; second += 1) {
      feed.append(ramp((second - 1) * rateHz, second * rateHz));
      takeAll(feed);
      feed.settleBefore(second * rateHz - 100);
    }
    expect(resend(feed)).toEqual({ from: 100 * rateHz - 100, to: 100 * rateHz });
    expect(feed.droppedSamples).toBe(0);
  });

  test("all is settled when whisper says that all transcripts are out", () => {
    const feed = sent(100_000);
    feed.settleAll();
    expect(feed.unsettled).toBe(0);
    expect(resend(feed)).toBeUndefined();
  });

  describe("without marks", () => {
    test("nothing came back: everything is sent again", () => {
      expect(resend(sent(100_000))).toEqual({ from: 0, to: 100_000 });
    });

    test("the last transcript stands for what was sent before it came", () => {
      const feed = sent(50_000);
      feed.settle();
      feed.append(ramp(50_000, 60_000));
      takeAll(feed);
      feed.settle();
      feed.append(ramp(60_000, 100_000));
      takeAll(feed);
      expect(feed.unsettled).toBe(1);
      expect(resend(feed)).toEqual({ from: 60_000, to: 100_000 });
      expect(resend(feed)).toEqual({ from: 60_000, to: 100_000 });
    });

    test("nothing is left when the last transcript came after the last sound", () => {
      const feed = sent(50_000);
      feed.settle();
      expect(feed.unsettled).toBe(1);
      feed.rewind();
      expect(feed.unsettled).toBe(0);
    });

    test("marks of the connection before change nothing", () => {
      const feed = sent(50_000);
      feed.settleBefore(10_000);
      feed.rewind();
      takeAll(feed);
      feed.settle();
      expect(resend(feed)).toBeUndefined();
    });

    test("a long call costs no live sound, and what is sent again has the usual limit", () => {
      const feed = new StreamFeed(2 * rateHz);
      for (let second = 0; second < 100; second += 1) {
        feed.append(ramp(second * rateHz, (second + 1) * rateHz));
        expect(sum(takeAll(feed))).toBe(rateHz);
        if (second % 7 === 0) feed.settle();
      }
      expect(feed.droppedSamples).toBe(0);
      expect(resend(feed)).toEqual({ from: 99 * rateHz, to: 100 * rateHz });
      expect(feed.droppedSamples).toBe(0);
    });
  });

  describe("beyond its limit", () => {
    test("sound that was never sent is dropped from the front and counted", () => {
      const feed = new StreamFeed(rateHz);
      feed.append(ramp(0, 3 * rateHz));
      expect(feed.droppedSamples).toBe(2 * rateHz);
      expect(resend(feed)).toEqual({ from: 2 * rateHz, to: 3 * rateHz });
      expect(feed.droppedSamples).toBe(2 * rateHz);
    });

    test("sound that was sent counts as dropped only when it is needed again", () => {
      const feed = sent(3 * rateHz, rateHz);
      const lost = feed.droppedSamples;
      feed.append(ramp(3 * rateHz, 4 * rateHz));
      takeAll(feed);
      expect(feed.droppedSamples).toBe(lost);
      feed.rewind();
      expect(feed.droppedSamples).toBe(lost + rateHz);
    });

    test("a mark means the same sound though unsent sound was dropped behind it", () => {
      const feed = sent(rateHz, rateHz);
      feed.append(ramp(rateHz, 3 * rateHz));
      expect(feed.droppedSamples).toBe(rateHz);
      feed.next();
      expect(feed.settleBefore(rateHz / 2)).toBe(true);
      expect(feed.settleBefore(rateHz + 600)).toBe(true);
      expect(resend(feed)).toEqual({ from: 2 * rateHz + 600, to: 3 * rateHz });
      expect(feed.droppedSamples).toBe(rateHz);
    });
  });

  test("whatever happens, each sample is heard until it is settled, or counted as dropped", () => {
    const random = new SeededRandom(31);
    let broken = 0;
    let dropped = 0;
    for (let round = 0; round < 300; round += 1) {
      const call = new ModelCall(random, random.pick([4000, 20_000, 200_000]));
      for (let step = random.between(5, 60); step > 0; step -= 1) call.step();
      call.end();
      broken += call.breaks;
      dropped += call.feed.droppedSamples;
    }
    expect(broken).toBeGreaterThan(100);
    expect(dropped).toBeGreaterThan(1000);
  });
});

/** A caller and a marking whisper that dies at times; it hears a ramp, so that each sample is known. */
class ModelCall {
  readonly feed: StreamFeed;
  breaks = 0;
  readonly #random: SeededRandom;
  #spoken = 0;
  /** Heard on this connection, and how many of the first are settled. */
  #heard: number[] = [];
  #marked = 0;
  /** Samples of all connections that are settled. */
  #settled = 0;
  #lastSettled = -1;

  constructor(random: SeededRandom, limitSamples: number) {
    this.#random = random;
    this.feed = new StreamFeed(limitSamples);
  }

  step(): void {
    const kind = this.#random.between(0, 9);
    if (kind < 4) this.#speak();
    else if (kind < 7) this.#hear(this.#random.between(1, 4));
    else if (kind < 9) this.#mark(this.#random.between(this.#marked, this.#heard.length));
    else this.#break();
  }

  /** The last whisper lives to the end: whatever it was not told was dropped. */
  end(): void {
    this.#hear(Number.POSITIVE_INFINITY);
    this.#mark(this.#heard.length);
    expect(this.feed.unsettled).toBe(0);
    expect(this.#settled + this.feed.droppedSamples).toBe(this.#spoken);
  }

  #speak(): void {
    const end = this.#spoken + this.#random.between(1, 3000);
    this.feed.append(ramp(this.#spoken, end));
    this.#spoken = end;
  }

  #hear(blocks: number): void {
    for (let count = 0; count < blocks; count += 1) {
      const block = this.feed.next();
      if (block === undefined) return;
      this.#heard.push(...block);
    }
  }

  /** Settled sound rises: nothing is settled twice. */
  #mark(position: number): void {
    expect(this.feed.settleBefore(position)).toBe(true);
    expect(this.feed.settleBefore(this.#heard.length + 1)).toBe(false);
    for (; this.#marked < position; this.#marked += 1) {
      const sample = this.#heard[this.#marked] ?? -1;
      if (sample <= this.#lastSettled) throw new Error(`sample ${sample} was settled before`);
      this.#lastSettled = sample;
      this.#settled += 1;
    }
  }

  #break(): void {
    this.feed.rewind();
    this.#heard = [];
    this.#marked = 0;
    this.breaks += 1;
  }
}

describe("chunk feed", () => {
  test("cuts at pauses into chunks of 0.5 to 3 s, each settled by one transcript", async () => {
    const feed = new ChunkFeed(60 * rateHz);
    feed.append(await twoSentences());
    feed.endInput();
    const lengths = takeAll(feed);
    expect(lengths).toHaveLength(2);
    for (const length of lengths) {
      expect(length).toBeGreaterThanOrEqual(0.5 * rateHz);
      expect(length).toBeLessThanOrEqual(3 * rateHz);
    }
    feed.settle();
    expect(feed.unsettled).toBe(1);
    feed.rewind();
    expect(feed.unsettled).toBe(1);
    expect(takeAll(feed)).toEqual(lengths.slice(1));
    feed.settle();
    expect(feed.unsettled).toBe(0);
  });

  test("position marks settle no chunk, and say nothing of what was not sent", async () => {
    const feed = new ChunkFeed(60 * rateHz);
    feed.append(await twoSentences());
    feed.endInput();
    const lengths = takeAll(feed);
    expect(feed.settleBefore(sum(lengths))).toBe(true);
    expect(feed.settleBefore(sum(lengths) + 1)).toBe(false);
    expect(feed.unsettled).toBe(2);
    feed.rewind();
    expect(feed.settleBefore(1)).toBe(false);
    expect(takeAll(feed)).toEqual(lengths);
    feed.settleAll();
    expect(feed.unsettled).toBe(0);
  });

  test("the transcript of a chunk that was sent and then dropped settles no other one", async () => {
    const speech = await twoSentences();
    const feed = new ChunkFeed(5 * rateHz);
    feed.append(speech);
    feed.endInput();
    const sentChunks = takeAll(feed).length;
    while (feed.droppedSamples === 0) feed.append(speech);
    const dropped = sentChunks - feed.unsettled;
    expect(dropped).toBeGreaterThan(0);
    for (let i = 0; i < dropped; i += 1) feed.settle();
    expect(feed.unsettled).toBe(sentChunks - dropped);
    takeAll(feed);
    const waiting = feed.unsettled;
    feed.settle();
    expect(feed.unsettled).toBe(waiting - 1);
  });

  test("chunks beyond the limit are dropped from the front and counted", async () => {
    const feed = new ChunkFeed(rateHz * 2);
    const speech = await twoSentences();
    for (let i = 0; i < 5; i += 1) feed.append(speech);
    feed.endInput();
    expect(feed.droppedSamples).toBeGreaterThan(0);
    expect(sum(takeAll(feed))).toBeLessThanOrEqual(2 * rateHz);
  });
});
