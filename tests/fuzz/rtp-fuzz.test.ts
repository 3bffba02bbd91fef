import { expect, setDefaultTimeout, test } from "bun:test";
import { ByteWindow } from "../../src/call/rtp/byte-window.ts";
import { createRtpHeader, parseRtp, parseRtpHeader } from "../../src/call/rtp/rtp-packet.ts";
import { RtpReceiver } from "../../src/call/rtp/rtp-receiver.ts";
import { SourceLatch } from "../../src/call/rtp/source-latch.ts";
import { SrtpReceiver } from "../../src/call/rtp/srtp-receiver.ts";
import { SrtpSender } from "../../src/call/rtp/srtp-sender.ts";
import { checkOrShow, readCorpus } from "./rtp-fuzz-corpus.ts";
import { SeededRandom } from "./seeded-random.ts";
import { agreedMedia } from "../call/rtp/packets.ts";

/** WILDFIRE_FUZZ_INPUTS=1000000 for a long run, WILDFIRE_FUZZ_SEED for another one. */
const inputs = Number(process.env["WILDFIRE_FUZZ_INPUTS"] ?? 20_000);
const seed = Number(process.env["WILDFIRE_FUZZ_SEED"] ?? 1);

setDefaultTimeout(10_000 + inputs);

const corpus = readCorpus("rtp");

function damaged(random: SeededRandom): Uint8Array {
  const kind = random.between(0, 9);
  if (kind === 0) return random.bytes(random.between(0, 64));
  return kind === 1 ? random.pick(corpus).slice() : random.mutate(random.pick(corpus));
}

function checkHeader(bytes: Uint8Array): string {
  const header = createRtpHeader();
  const fault = parseRtp(bytes, bytes.length, header);
  if (fault !== undefined) return fault;
  const { payloadStart, payloadEnd } = header;
  if (payloadStart < 12 || payloadEnd < payloadStart || payloadEnd > bytes.length) {
    throw new Error(`payload from ${payloadStart} to ${payloadEnd} of ${bytes.length}`);
  }
  return "read";
}

test("any packet is read, or has one of the known faults", () => {
  const random = new SeededRandom(seed);
  const outcomes = new Set<string>();
  for (let round = 0; round < inputs; round += 1) {
    outcomes.add(checkOrShow(damaged(random), checkHeader));
  }
  expect([...outcomes].toSorted()).toEqual([
    "csrc",
    "extension",
    "padding",
    "read",
    "short",
    "version",
  ]);
});

test("a receiver hands on what is whole, and its counts add up", () => {
  const random = new SeededRandom(seed + 1);
  const latch = new SourceLatch({ isStrict: false });
  const counts = { frames: 0, digits: 0, restarts: 0 };
  const receiver = new RtpReceiver(latch, {
    onFrame: (frame) => {
      counts.frames += 1;
      if (frame.payload.length === 0 || frame.payload.length > 300) throw new Error("payload");
    },
    onDigit: (digit) => {
      counts.digits += 1;
      if (!/^[0-9*#A-D]$/.test(digit)) throw new Error(`digit ${digit}`);
    },
    onRestart: () => (counts.restarts += 1),
  });
  receiver.configure(agreedMedia);
  for (let round = 0; round < inputs; round += 1) {
    checkOrShow(damaged(random), (bytes) => {
      receiver.receive(bytes, "192.0.2.1", random.between(4000, 4001), round * 20);
      return "";
    });
  }
  const { received, lost, late, duplicates } = receiver.counts;
  expect(Math.min(counts.frames, counts.digits, counts.restarts)).toBeGreaterThan(0);
  expect(counts.frames).toBeLessThanOrEqual(received);
  expect(Math.min(lost, late, duplicates)).toBeGreaterThanOrEqual(0);
  expect(receiver.reception.jitterMs).toBeGreaterThanOrEqual(0);
  const { malformed, foreign, unknownPayload, stray } = receiver.refusals;
  const refused = malformed + foreign + unknownPayload + stray;
  expect(received + duplicates + refused).toBe(inputs);
});

test("what was protected opens only if it is not changed", () => {
  const random = new SeededRandom(seed + 2);
  const key = random.bytes(30);
  const sender = new SrtpSender("AES_CM_128_HMAC_SHA1_80", key);
  const receiver = new SrtpReceiver("AES_CM_128_HMAC_SHA1_80", key);
  const window = new ByteWindow(2048);
  const header = createRtpHeader();
  let opened = 0;
  for (let round = 0; round < Math.ceil(inputs / 4); round += 1) {
    const payload = random.bytes(random.between(0, 200));
    window.bytes.set([0x80, 0, (round >> 8) & 0xff, round & 0xff, 0, 0, 0, 0, 1, 2, 3, 4]);
    window.bytes.set(payload, 12);
    const whole = window.bytes.slice(0, sender.protectRtp(window, 12, 12 + payload.length));
    const changed = random.mutate(whole);
    const isSame = changed.length === whole.length && changed.toHex() === whole.toHex();
    window.bytes.set(changed);
    if (!isSame && parseRtpHeader(window.bytes, changed.length, header) === undefined) {
      expect(receiver.openRtp(window, header)).not.toBeUndefined();
    }
    window.bytes.set(whole);
    expect(parseRtpHeader(window.bytes, whole.length, header)).toBeUndefined();
    expect(receiver.openRtp(window, header)).toBeUndefined();
    expect(window.bytes.slice(12, header.payloadEnd)).toEqual(payload.slice());
    opened += 1;
  }
  expect(opened).toBe(Math.ceil(inputs / 4));
});
