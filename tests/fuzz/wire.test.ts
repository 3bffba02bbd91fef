import { expect, test } from "bun:test";
import { parseCallId } from "../../src/wire/call-id.ts";
import { AudioFrameDecoder, encodeAudioChunk, encodeHello } from "../../src/wire/audio-frames.ts";
import { parseRegistration } from "../../src/wire/registration.ts";
import {
  encodePositionMark,
  encodeReturnedTranscript,
  TextFrameDecoder,
  type TextFrameOptions,
} from "../../src/wire/text-frames.ts";
import { isUtf8 } from "../../src/wire/utf8.ts";
import {
  joinBytes,
  lengthBytes,
  recordAudio,
  recordText,
  type FrameRecord,
} from "../wire/frame-recorders.ts";
import { SeededRandom } from "./seeded-random.ts";

const verbs = ["REGISTER:", "BYE:", "SPEECH:", "SILENCE:", "REGISTER", "bye:", ""] as const;
const texts = ["111", "007", "52535", "52536", "-1", "1e3", "٣", " 5 ", "", "Grüße 👋"] as const;

const oddLengths = [
  0, 1, 3, 4, 999, 1_000, 1_001, 1_024, 1_025, 2_000_000, 2_000_004, 10_485_760, 10_485_761,
  0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffe, 0xffffffff,
] as const;

function datagram(random: SeededRandom): Uint8Array {
  const kind = random.between(0, 2);
  if (kind === 0) return random.bytes(random.between(0, 300));
  const bytes = new TextEncoder().encode(random.pick(verbs) + random.pick(texts));
  return kind === 1 ? bytes : random.mutate(bytes);
}

test("any datagram is a signal or a refusal with a reason that is true", () => {
  const random = new SeededRandom(1);
  const kinds = new Set<string>();
  for (let round = 0; round < 40_000; round += 1) {
    const bytes = datagram(random);
    const parsed = parseRegistration(bytes);
    if (parsed.kind === "refused") {
      kinds.add(parsed.reason);
      expect(parsed.quoted.length).toBeLessThan(300);
      if (parsed.reason === "not-utf8") expect(isUtf8(bytes)).toBe(false);
      if (parsed.reason === "oversized") expect(bytes.length).toBeGreaterThan(256);
    } else {
      kinds.add(parsed.kind);
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
      expect(text).toBe(`${parsed.kind.toUpperCase()}:${parsed.callId.text}`);
      expect(parseCallId(parsed.callId.text)).toEqual({ ok: true, callId: parsed.callId });
    }
  }
  expect(kinds.size).toBe(9);
});

test("validity of UTF-8 is judged like the strict decoder does", () => {
  const random = new SeededRandom(2);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let round = 0; round < 20_000; round += 1) {
    const text = new TextEncoder().encode(random.pick(texts).repeat(2));
    const bytes = round % 2 === 0 ? random.mutate(text) : random.bytes(random.between(0, 5));
    let valid = true;
    try {
      decoder.decode(bytes);
    } catch {
      valid = false;
    }
    expect(isUtf8(bytes)).toBe(valid);
  }
});

/** A few frames, some with a length that lies, sometimes damaged. */
function stream(random: SeededRandom, frame: () => Uint8Array): Uint8Array {
  const parts: Uint8Array[] =
    random.between(0, 9) === 0 ? [] : [encodeHello(random.pick(["111", "x"]))];
  for (let count = random.between(0, 8); count > 0; count -= 1) {
    const isOdd = random.between(0, 7) === 0;
    parts.push(isOdd ? lengthBytes(random.pick(oddLengths)) : frame());
  }
  const bytes = joinBytes(...parts);
  return random.between(0, 2) === 0 ? random.mutate(bytes) : bytes;
}

function audioFrame(random: SeededRandom): Uint8Array {
  const count = random.between(1, 200);
  return encodeAudioChunk(new Float32Array(random.bytes(count * 4).slice().buffer));
}

function decodeAudio(pieces: readonly Uint8Array[]): FrameRecord[] {
  const decoder = new AudioFrameDecoder();
  const recorder = recordAudio();
  for (const piece of pieces) decoder.push(piece, recorder);
  return recorder.records;
}

function decodeText(options: TextFrameOptions, pieces: readonly Uint8Array[]): FrameRecord[] {
  const decoder = new TextFrameDecoder(options);
  const recorder = recordText();
  for (const piece of pieces) decoder.push(piece, recorder);
  return recorder.records;
}

const positions = [0, 0, 1, 16_000, 2 ** 32, Number.MAX_SAFE_INTEGER] as const;

function textFrame(random: SeededRandom): Uint8Array {
  const kind = random.between(0, 5);
  if (kind === 0) return encodePositionMark(random.pick(positions));
  if (kind === 1) return encodeReturnedTranscript(random.pick(texts), random.pick(positions));
  return encodeReturnedTranscript(random.pick(texts));
}

/** Positions are exact numbers and never fall. */
function expectRisingPositions(records: readonly FrameRecord[]): void {
  const told = records
    .filter(([kind]) => kind === "position")
    .map(([, samples]) => Number(samples));
  expect(told.every((samples) => Number.isSafeInteger(samples) && samples >= 0)).toBe(true);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
}

/** What both kinds of stream promise: an end is the end, and events cost bytes. */
function expectOrderly(records: readonly FrameRecord[], streamBytes: number): void {
  expect(records.length).toBeLessThanOrEqual(streamBytes / 4 + 2);
  const last = records.findIndex(([kind]) => ["end", "close", "violation"].includes(kind));
  if (last !== -1) expect(last).toBe(records.length - 1);
}

test("audio streams, damaged or not, decode the same however they are split", () => {
  const random = new SeededRandom(3);
  const kinds = new Set<string>();
  for (let round = 0; round < 2_000; round += 1) {
    const bytes = stream(random, () => audioFrame(random));
    const records = decodeAudio([bytes]);
    expectOrderly(records, bytes.length);
    for (const [kind] of records) kinds.add(kind);
    expect(decodeAudio(random.split(bytes, 7))).toEqual(records);
    expect(decodeAudio(random.split(bytes, 500))).toEqual(records);
  }
  expect([...kinds].toSorted()).toEqual(["declared", "end", "hello", "samples", "violation"]);
});

test.each<[string, TextFrameOptions]>([
  ["text links", { expectHello: true, zeroMeans: "close" }],
  ["returned transcripts", { expectHello: false, zeroMeans: "empty-text" }],
])("%s, damaged or not, decode the same however they are split", (_, options) => {
  const random = new SeededRandom(4);
  const kinds = new Set<string>();
  for (let round = 0; round < 2_000; round += 1) {
    const bytes = stream(random, () => textFrame(random));
    const records = decodeText(options, [bytes]);
    expectOrderly(records, bytes.length);
    expectRisingPositions(records);
    for (const [kind] of records) kinds.add(kind);
    expect(decodeText(options, random.split(bytes, 3))).toEqual(records);
    expect(decodeText(options, random.split(bytes, 100))).toEqual(records);
  }
  const own = options.expectHello ? ["bye", "close", "hello"] : ["bye", "position"];
  expect([...kinds].toSorted()).toEqual([...own, "text", "violation"]);
});

test("streams of random bytes end in order too", () => {
  const random = new SeededRandom(5);
  for (let round = 0; round < 5_000; round += 1) {
    const bytes = random.bytes(random.between(0, 64));
    // Plausible lengths, so that decoding gets beyond the first.
    for (let at = 0; at + 4 < bytes.length; at += random.between(1, 12)) bytes.fill(0, at, at + 3);
    const records = decodeAudio([bytes]);
    expectOrderly(records, bytes.length);
    expect(decodeAudio(random.split(bytes, 5))).toEqual(records);
  }
});
