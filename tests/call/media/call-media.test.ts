/** The media of a call as signalling sees them: offers and answers against a second one of the same kind. */
import { describe, expect, test } from "bun:test";
import { CallMedia, type MediaSettings } from "../../../src/call/media/call-media.ts";
import type { NegotiatedMedia } from "../../../src/call/sdp/negotiated-media.ts";

interface Side {
  readonly media: CallMedia;
  readonly agreed: NegotiatedMedia[];
}

let nextByte = 0;

const settings: MediaSettings = {
  codecs: ["G722", "PCMU", "PCMA"],
  order: "theirs",
  ptimeMs: 20,
  comfortNoise: true,
  rtcpMux: false,
  srtp: "accepted",
  randomBytes: (count) => Uint8Array.from({ length: count }, () => (nextByte += 1) & 0xff),
};

function side(
  changes: Partial<MediaSettings> = {},
  address: () => string = () => "192.0.2.1",
): Side {
  const agreed: NegotiatedMedia[] = [];
  const media = new CallMedia({
    settings: { ...settings, ...changes },
    address,
    rtpPort: 16_384,
    rtcpPort: 16_385,
    onAgreed: (one) => agreed.push(one),
  });
  return { media, agreed };
}

/** An offer of `from` and the answer of `to`, both put into force. */
function exchange(from: Side, to: Side): void {
  const answer = to.media.answer(from.media.offer());
  if (answer.kind === "refused") throw new Error(answer.reason);
  expect(from.media.accept(answer.body)).toBeUndefined();
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

describe("offer and answer", () => {
  test("both sides agree on the same codec, and each learns where the other listens", () => {
    const us = side();
    const them = side({ codecs: ["PCMA", "PCMU"] }, () => "198.51.100.7");
    exchange(us, them);
    expect(us.media.agreed).toMatchObject({
      codec: "PCMU",
      direction: "sendrecv",
      remote: { address: "198.51.100.7", rtpPort: 16_384, rtcpPort: 16_385 },
    });
    expect(them.media.agreed).toMatchObject({ codec: "PCMU", remote: { address: "192.0.2.1" } });
    expect(us.agreed).toHaveLength(1);
    expect(them.agreed).toHaveLength(1);
  });

  test("nothing stands before the first exchange is complete", () => {
    const us = side();
    us.media.offer();
    expect(us.media.agreed).toBeUndefined();
    expect(us.agreed).toEqual([]);
  });

  test("an offer without a codec of ours is refused in one line, and what stands goes on", () => {
    const us = side({ codecs: ["PCMU"] });
    exchange(us, side());
    const standing = us.media.agreed;
    const answer = us.media.answer(side({ codecs: ["G722"] }).media.offer());
    expect(answer).toMatchObject({ kind: "refused" });
    expect(JSON.stringify(answer)).toContain("no common codec");
    expect(us.media.agreed).toBe(standing);
    expect(us.agreed).toHaveLength(1);
  });

  test("each new offer has a higher version, and names the address that counts now", () => {
    let address = "192.0.2.1";
    const us = side({}, () => address);
    const them = side();
    exchange(us, them);
    const first = textOf(us.media.offer());
    us.media.revert();
    address = "192.0.2.99";
    const second = textOf(us.media.offer());
    expect(first).toContain("c=IN IP4 192.0.2.1");
    expect(second).toContain("c=IN IP4 192.0.2.99");
    expect(versionOf(second)).toBeGreaterThan(versionOf(first));
  });
});

describe("hold", () => {
  test("is offered as sendonly, answered as recvonly, and taken back", () => {
    const us = side();
    const them = side();
    exchange(us, them);
    us.media.setHeld(true);
    exchange(us, them);
    expect(us.media.agreed?.direction).toBe("sendonly");
    expect(them.media.agreed?.direction).toBe("recvonly");
    us.media.setHeld(false);
    exchange(us, them);
    expect(us.media.agreed?.direction).toBe("sendrecv");
    expect(them.media.agreed?.direction).toBe("sendrecv");
    expect(them.agreed).toHaveLength(3);
  });

  test("by both sides leaves nothing to send", () => {
    const us = side();
    const them = side();
    exchange(us, them);
    us.media.setHeld(true);
    them.media.setHeld(true);
    exchange(us, them);
    expect(us.media.agreed?.direction).toBe("inactive");
    expect(them.media.agreed?.direction).toBe("inactive");
  });
});

describe("an answer that cannot be used", () => {
  test.each([
    ["empty", "", "holds no session description"],
    ["no description", "hello", ""],
    [
      "with the stream refused",
      "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n",
      "",
    ],
  ])("%s: one line, and what stands goes on", (_name, body, part) => {
    const us = side();
    exchange(us, side());
    const standing = us.media.agreed;
    us.media.offer();
    const problem = us.media.accept(new TextEncoder().encode(body));
    expect(problem).toBeString();
    expect(problem).toContain(part);
    expect(problem).not.toContain("\n");
    expect(us.media.agreed).toBe(standing);
  });

  test("to an offer that was not made, or was taken back, or has its answer already", () => {
    const us = side();
    const them = side();
    const answer = them.media.answer(us.media.offer());
    const body = answer.kind === "answer" ? answer.body : new Uint8Array(0);
    expect(us.media.accept(body)).toBeUndefined();
    expect(us.media.accept(body)).toContain("not made");
    us.media.offer();
    us.media.revert();
    expect(us.media.accept(body)).toContain("not made");
    expect(us.agreed).toHaveLength(1);
  });
});

describe("encryption", () => {
  test("is agreed where the offer asks for it, with a key for each direction", () => {
    const us = side({ srtp: "required" });
    const them = side();
    exchange(us, them);
    expect(us.media.agreed?.srtp?.localKey).toEqual(them.media.agreed?.srtp?.remoteKey);
    expect(us.media.agreed?.srtp?.remoteKey).toEqual(them.media.agreed?.srtp?.localKey);
  });

  test("that is switched off refuses an offer that asks for it", () => {
    const answer = side({ srtp: "off" }).media.answer(side({ srtp: "required" }).media.offer());
    expect(answer.kind).toBe("refused");
  });
});

function versionOf(description: string): number {
  return Number(/^o=\S+ \d+ (\d+) /m.exec(description)?.[1]);
}
