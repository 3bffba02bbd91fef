import { describe, expect, test } from "bun:test";
import { decodeWav } from "../../src/audio/wav.ts";
import { type AudioFeed, ChunkFeed, StreamFeed } from "../../src/inbound/audio-feed.ts";

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

function takeAll(feed: AudioFeed): number[] {
  const lengths: number[] = [];
  for (let block = feed.next(); block !== undefined; block = feed.next())
    lengths.push(block.length);
  return lengths;
}

const sum = (lengths: readonly number[]): number => lengths.reduce((total, n) => total + n, 0);

describe("stream feed", () => {
  test("sends everything, in blocks that no receiver takes for finished utterances", async () => {
    const speech = await twoSentences();
    const feed = new StreamFeed(60 * rateHz);
    feed.append(speech);
    const lengths = takeAll(feed);
    expect(sum(lengths)).toBe(speech.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1600);
    expect(feed.unsettled).toBe(2);
  });

  test("after a break it starts over at the first utterance without a transcript", async () => {
    const speech = await twoSentences();
    const feed = new StreamFeed(60 * rateHz);
    feed.append(speech);
    takeAll(feed);
    feed.settle();
    expect(feed.unsettled).toBe(1);
    feed.rewind();
    expect(feed.unsettled).toBe(0);
    const again = sum(takeAll(feed));
    expect(again).toBeLessThan(speech.length * 0.7);
    expect(feed.unsettled).toBe(1);
    feed.settle();
    feed.rewind();
    expect(sum(takeAll(feed))).toBeLessThan(1.5 * rateHz);
  });

  test("silence does not pile up", () => {
    const feed = new StreamFeed(60 * rateHz);
    const second = new Float32Array(rateHz);
    for (let i = 0; i < 100; i += 1) {
      feed.append(second);
      takeAll(feed);
    }
    expect(feed.droppedSamples).toBe(0);
    feed.rewind();
    expect(sum(takeAll(feed))).toBeLessThan(rateHz);
  });

  test("an utterance that the end of the stream cuts off counts once the end was sent", async () => {
    const speech = (await twoSentences()).subarray(0, Math.round(1.6 * rateHz));
    const feed = new StreamFeed(60 * rateHz);
    feed.append(speech);
    takeAll(feed);
    expect(feed.unsettled).toBe(0);
    feed.endSent();
    expect(feed.unsettled).toBe(1);
  });

  test("sound beyond the limit is dropped from the front and counted", () => {
    const feed = new StreamFeed(rateHz);
    feed.append(new Float32Array(3 * rateHz).fill(0.1));
    expect(feed.droppedSamples).toBe(2 * rateHz);
    expect(sum(takeAll(feed))).toBe(rateHz);
  });
});

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
    feed.rewind();
    expect(takeAll(feed)).toEqual(lengths.slice(1));
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
