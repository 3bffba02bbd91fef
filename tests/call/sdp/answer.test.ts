import { describe, expect, test } from "bun:test";
import { answerOffer } from "../../../src/call/sdp/answer.ts";
import type { LocalMedia, NegotiatedSession } from "../../../src/call/sdp/local-media.ts";
import { described, localMedia, sdpText } from "./local-media.ts";

interface Answered {
  readonly body: string;
  readonly lines: readonly string[];
  readonly session: NegotiatedSession;
}

function answered(
  offer: readonly string[],
  local: LocalMedia = localMedia(),
  connection?: string,
): Answered {
  const answer = answerOffer(described(offer, connection), local);
  if (!answer.ok) throw new Error(answer.reason);
  return { ...answer, lines: answer.body.split("\r\n") };
}

function refusal(offer: readonly string[], local: LocalMedia): string {
  const answer = answerOffer(described(offer), local);
  return answer.ok ? answer.body : answer.reason;
}

const bothLaws = [
  "m=audio 20000 RTP/AVP 18 8 0 101 13",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-16",
];

test("the answer is a whole description with one codec, telephone events and comfort noise", () => {
  const { body, session } = answered(bothLaws);
  expect(body.replace(/^o=- \d+/m, "o=- ID")).toBe(
    [
      "v=0",
      "o=- ID 1 IN IP4 192.0.2.10",
      "s=-",
      "c=IN IP4 192.0.2.10",
      "t=0 0",
      "m=audio 40000 RTP/AVP 8 101 13",
      "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:101 telephone-event/8000",
      "a=fmtp:101 0-15",
      "a=rtpmap:13 CN/8000",
      "a=ptime:20",
      "a=sendrecv",
      "",
    ].join("\r\n"),
  );
  expect(session.media).toEqual({
    codec: "PCMA",
    payloadType: 8,
    clockRateHz: 8000,
    ptimeMs: 20,
    receivable: [{ payloadType: 8, codec: "PCMA" }],
    telephoneEvent: 101,
    comfortNoise: 13,
    direction: "sendrecv",
    remote: { address: "198.51.100.7", rtpPort: 20_000, rtcpPort: 20_001 },
    rtcpMux: false,
  });
});

describe("codecs", () => {
  test("their order counts, or ours where it is set so", () => {
    const ours = localMedia({ order: "ours" });
    expect(answered(bothLaws).session.media.codec).toBe("PCMA");
    expect(answered(bothLaws, ours).session.media.codec).toBe("PCMU");
  });

  test("dynamic numbers are mirrored", () => {
    const { session, lines } = answered([
      "m=audio 20000 RTP/AVP 96 97",
      "a=rtpmap:96 PCMU/8000",
      "a=rtpmap:97 telephone-event/8000",
    ]);
    expect(session.media).toMatchObject({ codec: "PCMU", payloadType: 96, telephoneEvent: 97 });
    expect(lines).toContain("m=audio 40000 RTP/AVP 96 97");
    expect(lines).toContain("a=rtpmap:96 PCMU/8000");
  });

  test("G.722 only where this side has it, under its clock rate of 8000", () => {
    const offer = ["m=audio 20000 RTP/AVP 9 0"];
    expect(answered(offer).session.media.codec).toBe("PCMU");
    const wide = answered(offer, localMedia({ codecs: ["G722", "PCMU"] }));
    expect(wide.session.media).toMatchObject({ codec: "G722", payloadType: 9, clockRateHz: 8000 });
    expect(wide.lines).toContain("a=rtpmap:9 G722/8000");
  });

  test("comfort noise and telephone events only when offered, and at the rate of the sound", () => {
    const { session } = answered(
      ["m=audio 20000 RTP/AVP 0 96 13", "a=rtpmap:96 telephone-event/48000"],
      localMedia({ comfortNoise: false }),
    );
    expect(session.media).not.toHaveProperty("telephoneEvent");
    expect(session.media).not.toHaveProperty("comfortNoise");
  });

  test("without a common codec the refusal names those of both", () => {
    const offer = ["m=audio 20000 RTP/AVP 96 18", "a=rtpmap:96 opus/48000/2"];
    expect(refusal(offer, localMedia())).toBe(
      'no common codec: the peer has "OPUS/2, G729", this side PCMU, PCMA',
    );
  });
});

describe("packet time", () => {
  test.each([
    [[], 20],
    [["a=ptime:30"], 30],
    [["a=ptime:10"], 10],
    [["a=ptime:60"], 60],
    [["a=ptime:5"], 10],
    [["a=ptime:25"], 20],
    [["a=ptime:200"], 60],
    [["a=ptime:40", "a=maxptime:30"], 30],
    [["a=maxptime:10"], 10],
    [["a=ptime:x"], 20],
  ])("%p gives %d ms", (lines, ptimeMs) => {
    const answer = answered(["m=audio 20000 RTP/AVP 0", ...lines]);
    expect(answer.session.media.ptimeMs).toBe(ptimeMs);
    expect(answer.lines).toContain(`a=ptime:${ptimeMs}`);
  });
});

describe("direction is the mirror of theirs, as far as this side wants it", () => {
  test.each([
    ["sendrecv", "sendrecv", "sendrecv"],
    ["sendonly", "sendrecv", "recvonly"],
    ["recvonly", "sendrecv", "sendonly"],
    ["inactive", "sendrecv", "inactive"],
    ["sendrecv", "sendonly", "sendonly"],
    ["sendonly", "sendonly", "inactive"],
    ["recvonly", "recvonly", "inactive"],
  ] as const)("%s offered, %s wanted: %s", (offered, direction, expected) => {
    const answer = answered(["m=audio 20000 RTP/AVP 0", `a=${offered}`], localMedia({ direction }));
    expect(answer.session.media.direction).toBe(expected);
    expect(answer.lines).toContain(`a=${expected}`);
  });

  test.each([["c=IN IP4 0.0.0.0"], ["c=IN IP6 ::"]])("%s is a hold", (connection) => {
    const { media } = answered(["m=audio 20000 RTP/AVP 0"], localMedia(), connection).session;
    expect(media.direction).toBe("recvonly");
  });
});

test("further streams are refused in their places", () => {
  const { lines, session } = answered([
    "m=video 20010 RTP/AVP 96 97",
    "a=rtpmap:96 H264/90000",
    "m=audio 20000 RTP/AVP 0",
    "m=image 20020 udptl t38",
    "m=audio 20030 RTP/AVP 0",
  ]);
  expect(lines.filter((line) => line.startsWith("m="))).toEqual([
    "m=video 0 RTP/AVP 96",
    "m=audio 40000 RTP/AVP 0",
    "m=image 0 udptl t38",
    "m=audio 0 RTP/AVP 0",
  ]);
  expect(session.index).toBe(1);
});

test("the version of o= rises when the description changes, and only then", () => {
  const local = localMedia();
  const version = (offer: readonly string[]): string | undefined =>
    /^o=- \d+ (\d+) /m.exec(answered(offer, local).body)?.[1];
  expect(version(bothLaws)).toBe("1");
  expect(version(bothLaws)).toBe("1");
  expect(version([...bothLaws, "a=sendonly"])).toBe("2");
  expect(version([...bothLaws, "a=sendonly"])).toBe("2");
  expect(version(bothLaws)).toBe("3");
});

test("rtcp-mux is agreed to where this side has it, else RTCP keeps its port", () => {
  const offer = ["m=audio 20000 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:30000"];
  const muxed = answered(offer);
  expect(muxed.session.media).toMatchObject({ rtcpMux: true, remote: { rtcpPort: 20_000 } });
  expect(muxed.lines).toContain("a=rtcp-mux");
  const apart = answered(offer, localMedia({ rtcpMux: false, rtcpPort: 41_000 }));
  expect(apart.session.media).toMatchObject({ rtcpMux: false, remote: { rtcpPort: 30_000 } });
  expect(apart.lines).not.toContain("a=rtcp-mux");
  expect(apart.lines).toContain("a=rtcp:41000");
});

test("IPv6 in the answer", () => {
  const local = localMedia({ address: "2001:db8::10" });
  const { lines } = answered(["m=audio 20000 RTP/AVP 0"], local, "c=IN IP6 2001:db8::7");
  expect(lines).toContain("c=IN IP6 2001:db8::10");
  expect(lines[1]).toEndWith(" IN IP6 2001:db8::10");
});

describe("SRTP", () => {
  const theirKey = Buffer.alloc(30, 9);
  const secure = [
    "m=audio 20000 RTP/SAVP 0",
    "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA",
    `a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${theirKey.toString("base64")}|2^31`,
  ];

  test("the answer takes the first line that fits, with its tag and a key of its own", () => {
    const { session, lines } = answered(secure);
    const { srtp } = session.media;
    expect(srtp?.suite).toBe("AES_CM_128_HMAC_SHA1_32");
    expect(srtp?.remoteKey).toEqual(new Uint8Array(theirKey));
    expect(srtp?.localKey).toHaveLength(30);
    const inline = Buffer.from(srtp?.localKey ?? []).toString("base64");
    expect(lines).toContain(`a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${inline}`);
    expect(lines).toContain("m=audio 40000 RTP/SAVP 0");
  });

  test("a later answer keeps our key as long as the suite stays", () => {
    const local = localMedia();
    const first = answered(secure, local);
    const second = answered(secure, { ...local, earlier: first.session });
    expect(second.body).toBe(first.body);
    expect(second.session.media.srtp).toEqual(first.session.media.srtp);
  });

  test("of an encrypted and a plain variant the one that is allowed is taken", () => {
    const offer = [...secure, "m=audio 20002 RTP/AVP 0"];
    expect(answered(offer).session.media.remote.rtpPort).toBe(20_000);
    const { session, lines } = answered(offer, localMedia({ srtp: "off" }));
    expect(session.media.remote.rtpPort).toBe(20_002);
    expect(lines.filter((line) => line.startsWith("m="))).toEqual([
      "m=audio 0 RTP/SAVP 0",
      "m=audio 40000 RTP/AVP 0",
    ]);
  });

  test.each([
    [secure, "off", "switched off"],
    [secure.slice(0, 2), "accepted", "without an a=crypto line that fits"],
    [["m=audio 20000 RTP/AVP 0"], "required", "SRTP is required"],
  ] as const)("%# what is not allowed is refused", (offer, srtp, part) => {
    expect(refusal(offer, localMedia({ srtp }))).toContain(part);
  });

  test("keys beside RTP/AVP change nothing", () => {
    const offer = ["m=audio 20000 RTP/AVP 0", ...secure.slice(1)];
    expect(answered(offer).session.media.srtp).toBeUndefined();
  });
});

test("what this side answers reads back as what it agreed to", () => {
  const { body } = answered(bothLaws);
  expect(sdpText([])).toContain("v=0");
  const back = answerOffer(described(body.split("\r\n").slice(5)), localMedia());
  expect(back.ok && back.session.media).toMatchObject({ codec: "PCMA", telephoneEvent: 101 });
});
