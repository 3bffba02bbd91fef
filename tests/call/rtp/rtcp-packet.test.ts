import { describe, expect, test } from "bun:test";
import { parseRtcp, type RtcpPacket } from "../../../src/call/rtp/rtcp-packet.ts";
import { writeRtcp } from "../../../src/call/rtp/rtcp-writer.ts";

function packetsOf(datagram: Uint8Array): readonly RtcpPacket[] {
  const reading = parseRtcp(datagram);
  if (!reading.ok) throw new Error(reading.fault);
  return reading.packets;
}

function bytes(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

const report = {
  ssrc: 0xcafe,
  fractionLost: 128,
  cumulativeLost: -3,
  highestSequence: 0x0002_1234,
  jitter: 77,
  lastReport: 0xaabb_ccdd,
  delaySinceLastReport: 0x1_0000,
};
const sender = {
  ntpSeconds: 0xe000_0001,
  ntpFraction: 0x8000_0000,
  rtpTimestamp: 0xffff_fff0,
  packets: 5,
  octets: 800,
};

test("a sender report with our name and BYE is read back", () => {
  const written = writeRtcp({ ssrc: 0xfeed_beef, sender, report, cname: "abcd", isBye: true });
  expect(written.length % 4).toBe(0);
  expect(packetsOf(written)).toEqual([
    { kind: "sr", ssrc: 0xfeed_beef, sender, reports: [report] },
    { kind: "sdes", chunks: [{ ssrc: 0xfeed_beef, cname: "abcd" }] },
    { kind: "bye", ssrcs: [0xfeed_beef], reason: "" },
  ]);
});

test("a receiver report is one without sender information, perhaps empty", () => {
  const first = packetsOf(writeRtcp({ ssrc: 1, report, cname: "x", isBye: false }));
  expect(first[0]).toEqual({ kind: "rr", ssrc: 1, reports: [report] });
  const second = packetsOf(writeRtcp({ ssrc: 1, cname: "xyz", isBye: false }));
  expect(second).toEqual([
    { kind: "rr", ssrc: 1, reports: [] },
    { kind: "sdes", chunks: [{ ssrc: 1, cname: "xyz" }] },
  ]);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])("a name of %d characters ends at a full word", (length) => {
  const cname = "n".repeat(length);
  const written = writeRtcp({ ssrc: 1, cname, isBye: false });
  expect(written.length % 4).toBe(0);
  expect(packetsOf(written)[1]).toEqual({ kind: "sdes", chunks: [{ ssrc: 1, cname }] });
});

function lossReport(cumulativeLost: number): unknown {
  const compound = { ssrc: 1, report: { ...report, cumulativeLost }, cname: "", isBye: false };
  return packetsOf(writeRtcp(compound))[0];
}

test("losses beyond 24 bits are limited", () => {
  expect(lossReport(2 ** 25)).toMatchObject({
    reports: [{ cumulativeLost: 0x7f_ffff, fractionLost: 128 }],
  });
  expect(lossReport(-(2 ** 25))).toMatchObject({ reports: [{ cumulativeLost: -0x80_0000 }] });
});

describe("what others send", () => {
  test("several chunks with several items, and BYE with a reason", () => {
    const names = "82ca0005 00000001 020161 01026162 00 00000002 00000000";
    const packets = packetsOf(bytes(`${names} 81cb0002 00000009 03627965`));
    expect(packets).toEqual([
      {
        kind: "sdes",
        chunks: [
          { ssrc: 1, cname: "ab" },
          { ssrc: 2, cname: undefined },
        ],
      },
      { kind: "bye", ssrcs: [9], reason: "bye" },
    ]);
  });

  test("types that we do not know are passed over", () => {
    expect(packetsOf(bytes("80cc0001 00000001 80c90001 00000002"))).toEqual([
      { kind: "other", type: 204 },
      { kind: "rr", ssrc: 2, reports: [] },
    ]);
  });

  test("the last packet may be padded", () => {
    expect(packetsOf(bytes("a0c90002 00000002 00000004"))).toEqual([
      { kind: "rr", ssrc: 2, reports: [] },
    ]);
  });

  test.each([
    ["nothing", "", "short"],
    ["half a header", "80c9", "short"],
    ["a header that is cut off", "80c90001 00000001 80", "short"],
    ["version 3", "c0c90001 00000001", "version"],
    ["a length beyond the end", "80c90002 00000001", "length"],
    ["padding before the end", "a0c90002 00000001 00000004 80c90001 00000001", "padding"],
    ["padding of 0", "a0c90001 00000000", "padding"],
    ["padding into the header", "a0c90001 00000005", "padding"],
    ["reports that are not there", "81c90001 00000001", "content"],
    ["a sender report without its information", "80c80001 00000001", "content"],
    ["an item beyond the end", "81ca0002 00000001 01ff6162", "content"],
    ["items without an end", "81ca0002 00000001 01026162", "content"],
    ["a chunk that is not there", "82ca0002 00000001 00000000", "content"],
    ["BYE without its sources", "82cb0001 00000001", "content"],
    ["a reason beyond the end", "81cb0002 00000001 04616263", "content"],
  ] as const)("%s is a fault", (_, text, fault) => {
    expect(parseRtcp(bytes(text))).toEqual({ ok: false, fault });
  });
});
