import { describe, expect, test } from "bun:test";
import { ByteWindow } from "../../../src/call/rtp/byte-window.ts";
import { createRtpHeader, parseRtpHeader } from "../../../src/call/rtp/rtp-packet.ts";
import { writeUint16 } from "../../../src/call/rtp/serial-numbers.ts";
import { SrtpCipher } from "../../../src/call/rtp/srtp-cipher.ts";
import { deriveSessionKeys } from "../../../src/call/rtp/srtp-keys.ts";
import { SrtpReceiver } from "../../../src/call/rtp/srtp-receiver.ts";
import { SrtpSender } from "../../../src/call/rtp/srtp-sender.ts";
import { masterKeyBytes, srtpSuites } from "../../../src/call/rtp/srtp-suite.ts";

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

/** RFC 3711 appendix B.3. */
const master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");

function windowOf(bytes: Uint8Array): ByteWindow {
  const window = new ByteWindow(2048);
  window.bytes.set(bytes);
  return window;
}

function rtpPacket(sequence: number, ssrc = 0xcafebabe): Uint8Array {
  const bytes = hex("800f1234decafbadcafebabe abababababababababababababababab");
  writeUint16(bytes, 2, sequence);
  new DataView(bytes.buffer).setUint32(8, ssrc);
  return bytes;
}

function protect(sender: SrtpSender, packet: Uint8Array): Uint8Array {
  const window = windowOf(packet);
  const length = sender.protectRtp(window, 12, packet.length);
  return window.bytes.slice(0, length);
}

function open(receiver: SrtpReceiver, packet: Uint8Array): string {
  const window = windowOf(packet);
  const header = createRtpHeader();
  expect(parseRtpHeader(window.bytes, packet.length, header)).toBeUndefined();
  const fault = receiver.openRtp(window, header);
  return fault ?? window.bytes.subarray(0, header.payloadEnd).toHex();
}

describe("vectors", () => {
  test("AES in counter mode: RFC 3711 appendix B.2", () => {
    const cipher = new SrtpCipher({
      cipherKey: hex("2b7e151628aed2a6abf7158809cf4f3c"),
      salt: hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd"),
      authKey: new Uint8Array(20),
    });
    const bytes = new Uint8Array(48);
    cipher.applyKeystream(bytes, { start: 0, end: 48 }, 0, { high: 0, low: 0 });
    expect(bytes.toHex()).toBe(
      "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab" +
        "41e95b3bb0a2e8dd477901e4fca894c0",
    );
  });

  test("key derivation: RFC 3711 appendix B.3", () => {
    const keys = deriveSessionKeys("AES_CM_128_HMAC_SHA1_80", master, "rtp");
    expect(keys.cipherKey.toHex()).toBe("c61e7a93744f39ee10734afe3ff7a087");
    expect(keys.salt.toHex()).toBe("30cbbc08863d8c85d49db34a9ae1");
    expect(keys.authKey.toHex()).toBe("cebe321f6ff7716b6fd4ab49af256a156d38baa4");
  });

  test("key derivation with 256 bits: RFC 6188 section 7.2", () => {
    const keys = deriveSessionKeys(
      "AES_256_CM_HMAC_SHA1_80",
      hex(
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2",
      ),
      "rtp",
    );
    expect(keys.cipherKey.toHex()).toBe(
      "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
    );
    expect(keys.salt.toHex()).toBe("fa31791685ca444a9e07c6c64e93");
    expect(keys.authKey.toHex()).toBe("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
  });

  test("a whole RTP packet, as the reference implementation makes it", () => {
    const sender = new SrtpSender("AES_CM_128_HMAC_SHA1_80", master);
    expect(protect(sender, rtpPacket(0x1234)).toHex()).toBe(
      "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
    );
  });

  test("a whole RTCP packet, as the reference implementation makes it", () => {
    const sender = new SrtpSender("AES_CM_128_HMAC_SHA1_80", master);
    const packet = hex("81c8000bcafebabe abababababababababababababababab");
    expect(Buffer.from(sender.protectRtcp(packet)).toString("hex")).toBe(
      "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798",
    );
  });
});

test.each([...srtpSuites])(
  "%s: what one side protects the other opens, over the wrap of the numbers",
  (suite) => {
    const key = Uint8Array.from({ length: masterKeyBytes(suite) }, (_, index) => index);
    const sender = new SrtpSender(suite, key);
    const receiver = new SrtpReceiver(suite, key);
    for (let sequence = 65_500; sequence < 65_600; sequence += 1) {
      const packet = rtpPacket(sequence & 0xffff);
      expect(open(receiver, protect(sender, packet))).toBe(packet.toHex());
    }
    const report = Uint8Array.fromHex("81c8000bcafebabe0102030405060708");
    const opened = receiver.openRtcp(sender.protectRtcp(report));
    expect(opened).toEqual(report);
  },
);

describe("opening", () => {
  const suite = "AES_CM_128_HMAC_SHA1_80";

  test("a packet counts once, and one that is too old not at all", () => {
    const sender = new SrtpSender(suite, master);
    const receiver = new SrtpReceiver(suite, master);
    const packets: Uint8Array[] = [];
    for (let sequence = 1; sequence <= 300; sequence += 1) {
      packets.push(protect(sender, rtpPacket(sequence)));
    }
    const numbered = (sequence: number): Uint8Array => packets[sequence - 1] ?? new Uint8Array();
    expect(open(receiver, numbered(200))).not.toBe("replay");
    expect(open(receiver, numbered(200))).toBe("replay");
    expect(open(receiver, numbered(73))).not.toBe("replay");
    expect(open(receiver, numbered(72))).toBe("replay");
    expect(open(receiver, numbered(300))).not.toBe("replay");
    expect(open(receiver, numbered(199))).not.toBe("replay");
    expect(open(receiver, numbered(73))).toBe("replay");
  });

  test("a packet from before the wrap still opens after it, even in wrong order", () => {
    const sender = new SrtpSender(suite, master);
    const receiver = new SrtpReceiver(suite, master);
    const before = [65_533, 65_534, 65_535].map((n) => protect(sender, rtpPacket(n)));
    const after = [0, 1].map((n) => protect(sender, rtpPacket(n)));
    const order = [before[0], after[0], before[2], after[1], before[1]];
    for (const packet of order) {
      expect(open(receiver, packet ?? new Uint8Array())).toHaveLength(56);
    }
  });

  test("a changed bit anywhere is found, and changes nothing in the receiver", () => {
    const sender = new SrtpSender(suite, master);
    const packet = protect(sender, rtpPacket(5));
    const receiver = new SrtpReceiver(suite, master);
    for (let at = 1; at < packet.length; at += 1) {
      const forged = packet.slice();
      forged[at] = (forged[at] ?? 0) ^ 0x10;
      expect(open(receiver, forged)).toBe("tag");
    }
    expect(open(receiver, packet)).toBe(rtpPacket(5).toHex());
  });

  test("a second source under the same key is counted by itself", () => {
    const receiver = new SrtpReceiver(suite, master);
    const first = protect(new SrtpSender(suite, master), rtpPacket(65_535));
    const second = protect(new SrtpSender(suite, master), rtpPacket(3, 0x1111));
    expect(open(receiver, first)).toHaveLength(56);
    expect(open(receiver, second)).toBe(rtpPacket(3, 0x1111).toHex());
    expect(open(receiver, first)).toBe("replay");
  });

  test("what is too short for a tag is told as such", () => {
    const receiver = new SrtpReceiver(suite, master);
    expect(open(receiver, rtpPacket(1).subarray(0, 21))).toBe("short");
    expect(receiver.openRtcp(new Uint8Array(21))).toBe("short");
  });

  test("an RTCP packet counts once and must be authentic", () => {
    const packet = new SrtpSender(suite, master).protectRtcp(hex("80c90001cafebabe"));
    const receiver = new SrtpReceiver(suite, master);
    const forged = packet.slice();
    forged[9] = (forged[9] ?? 0) ^ 1;
    expect(receiver.openRtcp(forged)).toBe("tag");
    expect(receiver.openRtcp(packet)).toEqual(hex("80c90001cafebabe"));
    expect(receiver.openRtcp(packet)).toBe("replay");
  });
});
