import { describe, expect, test } from "bun:test";
import { maxSdpBytes, readSdp } from "../../../src/call/sdp/sdp-reader.ts";
import type { AudioStream } from "../../../src/call/sdp/session-description.ts";
import { described, sdpText } from "./local-media.ts";

function audioOf(lines: readonly string[], connection?: string): AudioStream {
  return described(lines, connection).audio[0];
}

test("an ordinary description is read with its formats in their order", () => {
  const stream = audioOf([
    "m=audio 20000 RTP/AVP 8 0 101",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=ptime:30",
    "a=maxptime:60",
    "a=sendonly",
  ]);
  expect(stream).toEqual({
    index: 0,
    profile: "RTP/AVP",
    address: "198.51.100.7",
    rtpPort: 20_000,
    rtcpPort: 20_001,
    formats: [
      { payloadType: 8, name: "PCMA", clockRateHz: 8000 },
      { payloadType: 0, name: "PCMU", clockRateHz: 8000 },
      { payloadType: 101, name: "TELEPHONE-EVENT", clockRateHz: 8000 },
    ],
    ptimeMs: 30,
    maxPtimeMs: 60,
    direction: "sendonly",
    rtcpMux: false,
    crypto: [],
  });
});

test("bytes read like text, with any kind of line end", () => {
  const text = sdpText(["m=audio 20000 RTP/AVP 0"]);
  const reading = readSdp(text);
  expect(reading.ok).toBe(true);
  expect(readSdp(new TextEncoder().encode(text))).toEqual(reading);
  expect(readSdp(text.replaceAll("\r\n", "\n"))).toEqual(reading);
});

function names(formats: string): string[] {
  return audioOf([`m=audio 20000 RTP/AVP ${formats}`]).formats.map((format) => format.name);
}

test("a single payload type and static numbers without rtpmap are understood", () => {
  expect(names("0")).toEqual(["PCMU"]);
  expect(names("18 9 13 8")).toEqual(["G729", "G722", "CN", "PCMA"]);
  expect(names("0 0 96 200 x")).toEqual(["PCMU"]);
});

test("an rtpmap overrules the static number, may lack the rate, may have several channels, and may be nonsense", () => {
  const stream = audioOf([
    "m=audio 20000 RTP/AVP 0 101 97 98",
    "a=rtpmap:0 L16/8000",
    "a=rtpmap:101 telephone-event",
    "a=rtpmap:97 pcmu/8000/2",
    "a=rtpmap:98 PCMA/x",
  ]);
  expect(stream.formats).toEqual([
    { payloadType: 0, name: "L16", clockRateHz: 8000 },
    { payloadType: 101, name: "TELEPHONE-EVENT", clockRateHz: 8000 },
    { payloadType: 97, name: "PCMU/2", clockRateHz: 8000 },
  ]);
});

describe("where the sound is", () => {
  test("c= of the stream goes before c= of the session", () => {
    const lines = ["m=audio 20000 RTP/AVP 0", "c=IN IP4 203.0.113.5"];
    expect(audioOf(lines).address).toBe("203.0.113.5");
    expect(audioOf(lines, "").address).toBe("203.0.113.5");
    expect(audioOf(lines.slice(0, 1)).address).toBe("198.51.100.7");
  });

  test.each([
    ["c=IN IP6 2001:DB8:0:0::1", "2001:db8::1"],
    ["c=IN IP6 ::ffff:192.0.2.1", "192.0.2.1"],
    ["c=IN IP4 0.0.0.0", "0.0.0.0"],
    ["c=IN IP6 ::", "::"],
    ["c=IN IP4 010.000.2.1", "10.0.2.1"],
  ])("%s is %s", (connection, address) => {
    expect(audioOf(["m=audio 20000 RTP/AVP 0"], connection).address).toBe(address);
  });

  test.each([
    ["", 20_001],
    ["a=rtcp:30000", 30_000],
    ["a=rtcp:30000 IN IP4 203.0.113.5", 30_000],
    ["a=rtcp:70000", 20_001],
    ["a=rtcp:x", 20_001],
  ])("RTCP by %p goes to port %d", (line, port) => {
    expect(audioOf(["m=audio 20000 RTP/AVP 0", line]).rtcpPort).toBe(port);
  });

  test("above the highest port there is none for RTCP", () => {
    expect(audioOf(["m=audio 65535 RTP/AVP 0"]).rtcpPort).toBe(0);
  });
});

describe("direction", () => {
  test.each([
    [["a=recvonly"], [], "recvonly"],
    [["a=recvonly"], ["a=inactive"], "inactive"],
    [[], [], "sendrecv"],
    [[], ["a=sendrecvx"], "sendrecv"],
  ] as const)("%p at the session, %p at the stream: %s", (session, media, direction) => {
    const lines = [...session, "m=audio 20000 RTP/AVP 0", ...media];
    expect(audioOf(lines).direction).toBe(direction);
  });
});

describe("keys", () => {
  const key = Buffer.alloc(30, 7).toString("base64");
  const longKey = Buffer.alloc(46, 7).toString("base64");

  test.each([
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`, true],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:${key}|2^20`, true],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:${key}|1048576`, true],
    [`a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:${longKey}`, true],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${longKey}`, false],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key.slice(4)}`, false],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20|1:4`, false],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key};inline:${key}`, false],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key} UNENCRYPTED_SRTP`, false],
    [`a=crypto:1 F8_128_HMAC_SHA1_80 inline:${key}`, false],
    [`a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:${key}`, false],
  ])("%s is usable: %p", (line, isUsable) => {
    const { crypto } = audioOf(["m=audio 20000 RTP/SAVP 0", line]);
    expect(crypto).toHaveLength(isUsable ? 1 : 0);
  });
});

describe("refusals quote what does not fit", () => {
  test.each([
    ["", 'begins with "" instead of "v=0"'],
    ["hello", 'begins with "hello"'],
    ["v=1\r\nm=audio 5 RTP/AVP 0", "instead of"],
    [sdpText([]), "no audio stream"],
    [sdpText(["m=video 20000 RTP/AVP 96"]), 'among the m= lines "video"'],
    [sdpText(["m=audio 0 RTP/AVP 0"]), "refused by port 0"],
    [sdpText(["m=audio 20000/2 RTP/AVP 0"]), 'cannot read "m=audio 20000/2 RTP/AVP 0"'],
    [sdpText(["m=audio 70000 RTP/AVP 0"]), 'cannot read "m=audio 70000'],
    [sdpText(["m=audio 20000 RTP/AVP"]), "cannot read"],
    [sdpText(["m=audio 20000 UDP/TLS/RTP/SAVPF 0"]), '"UDP/TLS/RTP/SAVPF" in'],
    [sdpText(["m=audio 20000 RTP/AVP 0"], ""), "no c= line"],
    [sdpText(["m=audio 20000 RTP/AVP 0"], "c=IN IP4 pbx.example"), '"pbx.example" in c='],
    [sdpText(["m=audio 20000 RTP/AVP 0"], "c=IN IP4 224.2.1.1/127"), '"224.2.1.1/127"'],
    [sdpText(["m=audio 20000 RTP/AVP 0"], "c=IN IP4 1.2.3.256"), '"1.2.3.256"'],
    [sdpText(Array.from({ length: 33 }, () => "m=audio 5 RTP/AVP 0")), "33 m= lines"],
    [`v=0\r\n${"a=x\r\n".repeat(20_000)}`, `the limit is ${maxSdpBytes}`],
  ])("%#: %p", (text, part) => {
    const reading = readSdp(text);
    expect(reading.ok).toBe(false);
    if (reading.ok) return;
    expect(reading.reason).toContain(part);
    expect(reading.reason).not.toContain("\n");
  });
});

test("malformed attributes are left out, and a stream that does not fit leaves the next one", () => {
  const description = described([
    "m=audio 20000 TCP/AVP 0",
    "nonsense",
    "m=audio 20002 RTP/AVP 0",
    "a=ptime:",
    "a=maxptime:0",
    "a=rtpmap:x",
    "a=crypto:",
    "=",
  ]);
  expect(description.lines).toHaveLength(2);
  expect(description.audio).toHaveLength(1);
  expect(description.audio[0]).toMatchObject({ index: 1, rtpPort: 20_002, ptimeMs: undefined });
});
