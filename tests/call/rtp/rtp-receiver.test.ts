import { beforeEach, describe, expect, test } from "bun:test";
import { RtpReceiver } from "../../../src/call/rtp/rtp-receiver.ts";
import { SourceLatch } from "../../../src/call/rtp/source-latch.ts";
import { agreedMedia, eventPayload, type PacketParts, rtpPacket } from "./packets.ts";

let told: string[] = [];
let payloads: number[][] = [];
let receiver: RtpReceiver;

function fresh(): RtpReceiver {
  const latch = new SourceLatch({ isStrict: false });
  latch.expect({ address: agreedMedia.remote.address, port: agreedMedia.remote.rtpPort }, 0);
  return new RtpReceiver(latch, {
    onFrame: (frame) => {
      told.push(`${frame.payloadType}:${frame.sequence}`);
      payloads.push([...frame.payload]);
    },
    onDigit: (digit) => told.push(`digit ${digit}`),
    onRestart: (ssrc) => told.push(`restart ${ssrc}`),
  });
}

beforeEach(() => {
  told = [];
  payloads = [];
  receiver = fresh();
  receiver.configure(agreedMedia);
});

function hear(parts: PacketParts, nowMs = 0, port = 4000): boolean {
  return receiver.receive(rtpPacket(parts), "192.0.2.1", port, nowMs);
}

test("frames carry the payload alone, in the order of arrival, each once", () => {
  hear({ sequence: 5, payload: Uint8Array.of(1, 2) });
  hear({ sequence: 7, payload: Uint8Array.of(3) });
  hear({ sequence: 6, payload: Uint8Array.of(4, 5, 6) });
  hear({ sequence: 7, payload: Uint8Array.of(3) });
  expect(told).toEqual(["0:5", "0:7", "0:6"]);
  expect(payloads).toEqual([[1, 2], [3], [4, 5, 6]]);
  expect(receiver.counts).toEqual({ received: 3, lost: 0, late: 1, duplicates: 1 });
});

test("before an agreement nothing is good", () => {
  receiver = fresh();
  expect(hear({ sequence: 1 })).toBe(false);
  expect(receiver.refusals.unknownPayload).toBe(1);
});

test("all receivable codecs, comfort noise and events pass, other payload types do not", () => {
  hear({ sequence: 1, payloadType: 0 });
  hear({ sequence: 2, payloadType: 8 });
  hear({ sequence: 3, payloadType: 13, payload: Uint8Array.of(64) });
  hear({ sequence: 4, payloadType: 101, payload: eventPayload(5, 160) });
  expect(hear({ sequence: 5, payloadType: 18 })).toBe(false);
  expect(told).toEqual(["0:1", "8:2", "13:3", "digit 5", "101:4"]);
  expect(receiver.refusals.unknownPayload).toBe(1);
});

test("a payload type that no later agreement has is refused from then on", () => {
  const { telephoneEvent: _, comfortNoise: __, ...plain } = agreedMedia;
  receiver.configure({ ...plain, receivable: [{ payloadType: 8, codec: "PCMA" }] });
  expect([0, 8, 13, 101].map((payloadType) => hear({ sequence: 1, payloadType }))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test("while this side does not receive, packets count but nothing is handed on", () => {
  receiver.configure({ ...agreedMedia, direction: "sendonly" });
  expect(hear({ sequence: 1 })).toBe(true);
  expect(hear({ sequence: 2, payloadType: 101, payload: eventPayload(5, 160) })).toBe(true);
  expect(told).toEqual([]);
  expect(receiver.counts.received).toBe(2);
});

test("an empty packet keeps the latch, but is no frame", () => {
  expect(hear({ sequence: 1, payload: new Uint8Array() })).toBe(true);
  expect(told).toEqual([]);
});

test("foreign, malformed and oversized packets are counted and change nothing", () => {
  hear({ sequence: 1 });
  expect(hear({ sequence: 2 }, 0, 4002)).toBe(false);
  expect(receiver.receive(new Uint8Array(11), "192.0.2.1", 4000, 0)).toBe(false);
  const padded = rtpPacket({ sequence: 2, payload: Uint8Array.of(0) });
  padded[0] = 0xa0;
  expect(receiver.receive(padded, "192.0.2.1", 4000, 0)).toBe(false);
  expect(hear({ sequence: 2, payload: new Uint8Array(2037) })).toBe(false);
  expect(receiver.refusals).toMatchObject({ foreign: 1, malformed: 3 });
  expect(hear({ sequence: 2, payload: new Uint8Array(2036) })).toBe(true);
});

describe("a new source within the call", () => {
  test("is told before its first frame; the counts of the call go on", () => {
    hear({ sequence: 1, ssrc: 7 });
    hear({ sequence: 4, ssrc: 7 });
    hear({ sequence: 50_000, ssrc: 8 }, 20);
    expect(told).toEqual(["0:1", "0:4", "restart 8", "0:50000"]);
    expect(receiver.restarts).toBe(1);
    expect(receiver.counts).toMatchObject({ received: 3, lost: 2 });
  });

  test("the last packets of the one before do not switch back", () => {
    hear({ sequence: 1, ssrc: 7 }, 0);
    hear({ sequence: 900, ssrc: 8 }, 20);
    hear({ sequence: 2, ssrc: 7 }, 30);
    hear({ sequence: 901, ssrc: 8 }, 40);
    expect(told).toEqual(["0:1", "restart 8", "0:900", "0:901"]);
    hear({ sequence: 3, ssrc: 7 }, 520);
    expect(told.slice(4)).toEqual(["restart 7", "0:3"]);
    expect(receiver.refusals.stray).toBe(1);
  });

  test("the same source with new numbers is told too, and its keys are read anew", () => {
    const digit = { payloadType: 101, payload: eventPayload(5, 160), timestamp: 99 };
    hear({ sequence: 100, ...digit });
    hear({ sequence: 20_000, ...digit });
    hear({ sequence: 20_001, ...digit });
    expect(told).toEqual(["digit 5", "101:100", "restart 4660", "digit 5", "101:20001"]);
  });
});

test("telephone events do not disturb the jitter, whose timestamps stand still", () => {
  for (let index = 0; index < 10; index += 1) {
    hear({ sequence: index, timestamp: index * 160 }, index * 20);
  }
  for (let index = 10; index < 20; index += 1) {
    hear(
      { sequence: index, timestamp: 1600, payloadType: 101, payload: eventPayload(1, 160) },
      index * 20,
    );
  }
  hear({ sequence: 20, timestamp: 3200 }, 400);
  expect(receiver.reception.jitterMs).toBe(0);
});
