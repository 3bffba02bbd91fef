import { expect, test } from "bun:test";
import {
  createRtpHeader,
  isRtcp,
  parseRtp,
  parseRtpHeader,
  writeRtpHeader,
} from "../../../src/call/rtp/rtp-packet.ts";
import { rtpPacket } from "./packets.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

test("what is written is read back", () => {
  const header = createRtpHeader();
  const packet = rtpPacket({
    payloadType: 101,
    marker: true,
    sequence: 65_535,
    timestamp: 0xfedcba98,
    ssrc: 0xdeadbeef,
    payload: bytes("010203"),
  });
  expect(packet.toHex()).toBe("80e5fffffedcba98deadbeef010203");
  expect(parseRtp(packet, packet.length, header)).toBeUndefined();
  expect(header).toEqual({
    payloadType: 101,
    marker: true,
    sequence: 65_535,
    timestamp: 0xfedcba98,
    ssrc: 0xdeadbeef,
    hasPadding: false,
    payloadStart: 12,
    payloadEnd: 15,
  });
});

test.each([
  ["CSRCs", "8200 0001 00000002 00000003 aaaaaaaa bbbbbbbb 1122", 20, 22],
  ["an extension", "9000 0001 00000002 00000003 bede0001 aaaaaaaa 1122", 20, 22],
  ["an empty extension", "9000 0001 00000002 00000003 bede0000 1122", 16, 18],
  ["padding", "a000 0001 00000002 00000003 1122 000003", 12, 14],
  ["padding only", "a000 0001 00000002 00000003 000003", 12, 12],
  ["all of them", "b100 0001 00000002 00000003 aaaaaaaa bede0001 bbbbbbbb 11 02 02", 24, 25],
  ["no payload", "8000 0001 00000002 00000003", 12, 12],
])("%s are left out of the payload", (_, text, start, end) => {
  const header = createRtpHeader();
  const packet = bytes(text);
  expect(parseRtp(packet, packet.length, header)).toBeUndefined();
  expect([header.payloadStart, header.payloadEnd]).toEqual([start, end]);
});

test.each([
  ["nothing", "", "short"],
  ["11 bytes", "8000 0001 00000002 000000", "short"],
  ["version 1", "4000 0001 00000002 00000003", "version"],
  ["CSRCs beyond the end", "8200 0001 00000002 00000003 aaaaaaaa", "csrc"],
  ["half an extension header", "9000 0001 00000002 00000003 bede", "extension"],
  ["an extension beyond the end", "9000 0001 00000002 00000003 bede0002 aaaaaaaa", "extension"],
  ["padding of 0", "a000 0001 00000002 00000003 00", "padding"],
  ["padding beyond the payload", "a000 0001 00000002 00000003 03", "padding"],
  ["padding without payload", "a000 0001 00000002 00000003", "padding"],
] as const)("%s is a fault", (_, text, fault) => {
  const packet = bytes(text);
  expect(parseRtp(packet, packet.length, createRtpHeader())).toBe(fault);
});

test("only the given length counts, whatever the buffer holds behind it", () => {
  const header = createRtpHeader();
  const buffer = bytes("8000 0001 00000002 00000003 ffff");
  expect(parseRtpHeader(buffer, 13, header)).toBeUndefined();
  expect(header.payloadEnd).toBe(13);
  expect(parseRtpHeader(buffer, 15, header)).toBe("short");
});

test("a number that is too large for its field does not spill into the next", () => {
  const packet = new Uint8Array(12);
  writeRtpHeader(packet, { ...createRtpHeader(), sequence: 0x1_0002, timestamp: 2 ** 32 + 5 });
  expect(packet.toHex()).toBe("800000020000000500000000");
});

test("RTCP on the port of RTP is known by its type", () => {
  expect(isRtcp(bytes("80c8"))).toBe(true);
  expect(isRtcp(bytes("80cb"))).toBe(true);
  expect(isRtcp(bytes("8000"))).toBe(false);
  expect(isRtcp(bytes("80e5"))).toBe(false);
  expect(isRtcp(new Uint8Array())).toBe(false);
});
