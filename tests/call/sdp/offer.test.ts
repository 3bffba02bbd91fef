import { describe, expect, test } from "bun:test";
import { answerOffer } from "../../../src/call/sdp/answer.ts";
import type { LocalMedia, NegotiatedSession } from "../../../src/call/sdp/local-media.ts";
import { acceptAnswer, createOffer, type SdpOffer } from "../../../src/call/sdp/offer.ts";
import { readSdp } from "../../../src/call/sdp/sdp-reader.ts";
import type { SessionDescription } from "../../../src/call/sdp/session-description.ts";
import { described, localMedia } from "./local-media.ts";

function read(body: string): SessionDescription {
  const reading = readSdp(body);
  if (!reading.ok) throw new Error(reading.reason);
  return reading.description;
}

function accepted(offer: SdpOffer, answer: SessionDescription): NegotiatedSession {
  const reading = acceptAnswer(offer, answer);
  if (!reading.ok) throw new Error(reading.reason);
  return reading.session;
}

/** What both sides make of an offer of `caller` that `callee` answers. */
function agreed(caller: LocalMedia, callee: LocalMedia): [NegotiatedSession, NegotiatedSession] {
  const offer = createOffer(caller);
  const answer = answerOffer(read(offer.body), callee);
  if (!answer.ok) throw new Error(answer.reason);
  return [accepted(offer, read(answer.body)), answer.session];
}

const caller = localMedia();
const callee = localMedia({ address: "198.51.100.7", rtpPort: 20_000, rtcpPort: 20_001 });

test("the first offer has all codecs in our order, events and noise", () => {
  const { body } = createOffer(localMedia({ codecs: ["G722", "PCMA", "PCMU"] }));
  expect(body.split("\r\n").slice(5)).toEqual([
    "m=audio 40000 RTP/AVP 9 8 0 101 13",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=rtpmap:13 CN/8000",
    "a=ptime:20",
    "a=sendrecv",
    "a=rtcp-mux",
    "",
  ]);
});

test("both sides come to the same agreement", () => {
  const [ours, theirs] = agreed(caller, callee);
  expect(ours.media).toEqual({ ...theirs.media, remote: ours.media.remote });
  expect(ours.media.remote).toEqual({ address: "198.51.100.7", rtpPort: 20_000, rtcpPort: 20_000 });
  expect(theirs.media.remote.address).toBe("192.0.2.10");
});

test("with SRTP what one side sends with, the other receives with", () => {
  const [ours, theirs] = agreed(localMedia({ srtp: "required" }), callee);
  expect(ours.media.srtp?.suite).toBe("AES_CM_128_HMAC_SHA1_80");
  expect(ours.media.srtp?.localKey).toEqual(theirs.media.srtp?.remoteKey ?? new Uint8Array());
  expect(ours.media.srtp?.remoteKey).toEqual(theirs.media.srtp?.localKey ?? new Uint8Array());
});

test("each suite that is offered has a key of its own", () => {
  const { crypto } = createOffer(localMedia({ srtp: "required" }));
  expect(crypto.map((line) => line.tag)).toEqual([1, 2, 3]);
  expect(new Set(crypto.map((line) => line.key.toHex())).size).toBe(3);
});

test("an answer with several codecs: the first is sent, all of them may come", () => {
  const offer = createOffer(localMedia());
  const { media } = accepted(offer, described(["m=audio 20000 RTP/AVP 8 0 18"]));
  expect(media).toMatchObject({ codec: "PCMA", payloadType: 8 });
  expect(media.receivable).toEqual([
    { payloadType: 8, codec: "PCMA" },
    { payloadType: 0, codec: "PCMU" },
  ]);
});

describe("an answer is refused", () => {
  test.each([
    ["with another codec", ["m=audio 20000 RTP/AVP 18"], "no common codec"],
    ["in another place", ["m=video 0 RTP/AVP 96", "m=audio 20000 RTP/AVP 0"], "refused the audio"],
    ["with SRTP to a plain offer", ["m=audio 20000 RTP/SAVP 0"], '"RTP/SAVP" to an offer of'],
  ])("%s", (_, lines, part) => {
    const reading = acceptAnswer(createOffer(localMedia()), described(lines));
    expect(reading.ok ? "" : reading.reason).toContain(part);
  });

  test("with a key that belongs to no line of the offer", () => {
    const key = Buffer.alloc(30, 1).toString("base64");
    const offer = createOffer(localMedia({ srtp: "required" }));
    const answer = described([
      "m=audio 20000 RTP/SAVP 0",
      `a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${key}`,
    ]);
    const reading = acceptAnswer(offer, answer);
    expect(reading.ok ? "" : reading.reason).toContain("a=crypto");
  });
});

describe("a later offer", () => {
  test("keeps the numbers and the refused streams of the peer's first one", () => {
    const local = localMedia({ rtcpMux: false });
    const first = answerOffer(
      described([
        "m=video 20010 RTP/AVP 96",
        "m=audio 20000 RTP/AVP 97 98",
        "a=rtpmap:97 PCMU/8000",
        "a=rtpmap:98 telephone-event/8000",
        "a=ptime:40",
      ]),
      local,
    );
    if (!first.ok) throw new Error(first.reason);
    const held = createOffer({ ...local, direction: "sendonly", earlier: first.session });
    expect(held.body.split("\r\n").slice(5)).toEqual([
      "m=video 0 RTP/AVP 96",
      "m=audio 40000 RTP/AVP 97 8 98 13",
      "a=rtpmap:97 PCMU/8000",
      "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:98 telephone-event/8000",
      "a=fmtp:98 0-15",
      "a=rtpmap:13 CN/8000",
      "a=ptime:40",
      "a=sendonly",
      "",
    ]);
    expect(held.body).toContain(" 2 IN IP4 192.0.2.10");
  });

  test("keeps suite and key", () => {
    const [ours] = agreed(localMedia({ srtp: "required" }), callee);
    const again = createOffer({ ...localMedia({ srtp: "required" }), earlier: ours });
    expect(again.crypto).toHaveLength(1);
    expect(again.crypto[0]?.key).toEqual(ours.media.srtp?.localKey ?? new Uint8Array());
    expect(again.profile).toBe("RTP/SAVP");
  });
});
