import { expect, test } from "bun:test";
import { RtcpLink } from "../../../src/call/rtp/rtcp-link.ts";
import { writeRtcp } from "../../../src/call/rtp/rtcp-writer.ts";
import { RtpReceiver } from "../../../src/call/rtp/rtp-receiver.ts";
import { RtpSender } from "../../../src/call/rtp/rtp-sender.ts";
import { SourceLatch } from "../../../src/call/rtp/source-latch.ts";
import { SrtpPair } from "../../../src/call/rtp/srtp-pair.ts";
import type { NegotiatedMedia, RemoteMedia } from "../../../src/call/sdp/negotiated-media.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { rtpPacket } from "./packets.ts";

const phone = "192.0.2.1";
const report = writeRtcp({ ssrc: 9, cname: "peer", isBye: false });

function media(remote: Partial<RemoteMedia> = {}, rtcpMux = false): NegotiatedMedia {
  return {
    codec: "PCMU",
    payloadType: 0,
    clockRateHz: 8000,
    ptimeMs: 20,
    receivable: [{ payloadType: 0, codec: "PCMU" }],
    direction: "sendrecv",
    remote: { address: phone, rtpPort: 4000, rtcpPort: 4001, ...remote },
    rtcpMux,
  };
}

function rig() {
  const clock = new FakeClock();
  const targets: string[] = [];
  const byes: number[] = [];
  const latch = new SourceLatch({ isStrict: false });
  const receiver = new RtpReceiver(latch, {
    onFrame: () => undefined,
    onDigit: () => undefined,
    onRestart: () => undefined,
  });
  const link = new RtcpLink({
    clock,
    random: () => 0.5,
    cname: "me",
    latch,
    receiver,
    sender: new RtpSender((count) => new Uint8Array(count)),
    srtp: new SrtpPair(),
    rtpTime: () => 0,
    transmit: (_bytes, { address, port }) => targets.push(`${address}:${port}`),
    onBye: () => byes.push(clock.nowMs()),
  });
  const configure = (agreed: NegotiatedMedia): void => {
    receiver.configure(agreed);
    latch.expect({ address: agreed.remote.address, port: agreed.remote.rtpPort }, clock.nowMs());
    link.configure(agreed);
  };
  return { clock, targets, byes, latch, receiver, link, configure };
}

test("reports go to the described port, and once the peer's came to where they came from", () => {
  const { clock, targets, link, configure } = rig();
  configure(media());
  clock.advance(2500);
  expect(link.receive(report, phone, 61_001)).toBe(true);
  clock.advance(5000);
  expect(targets).toEqual([`${phone}:4001`, `${phone}:61001`]);
});

test("with rtcp-mux they go where the sound goes", () => {
  const { clock, targets, receiver, configure } = rig();
  configure(media({}, true));
  clock.advance(2500);
  receiver.receive(rtpPacket({ sequence: 1 }), "203.0.113.5", 7000, clock.nowMs());
  clock.advance(5000);
  expect(targets).toEqual([`${phone}:4000`, "203.0.113.5:7000"]);
});

test.each([
  ["before an agreement", undefined],
  ["to a peer without a port for them", media({ rtcpPort: 0 })],
  ["to a null address", media({ address: "0.0.0.0" })],
])("none are sent %s", (_, agreed) => {
  const { clock, targets, configure } = rig();
  if (agreed !== undefined) configure(agreed);
  clock.advance(60_000);
  expect(targets).toEqual([]);
});

test("those of strangers and before an agreement do not count", () => {
  const { link, receiver, configure } = rig();
  expect(link.receive(report, phone, 4001)).toBe(false);
  configure(media());
  expect(link.receive(report, "198.51.100.66", 4001)).toBe(false);
  expect(receiver.refusals.foreign).toBe(1);
  expect(link.receive(report, phone, 4001)).toBe(true);
});

test("the source of the sound may report from its own address, whatever was described", () => {
  const { link, receiver, clock, configure } = rig();
  configure(media());
  receiver.receive(rtpPacket({ sequence: 1 }), "203.0.113.5", 7000, clock.nowMs());
  expect(link.receive(report, "203.0.113.5", 7001)).toBe(true);
});

test("BYE counts for the source that is heard, not for another", () => {
  const { link, receiver, byes, clock, configure } = rig();
  configure(media());
  receiver.receive(rtpPacket({ sequence: 1, ssrc: 9 }), phone, 4000, clock.nowMs());
  link.receive(writeRtcp({ ssrc: 8, cname: "peer", isBye: true }), phone, 4001);
  expect(byes).toHaveLength(0);
  link.receive(writeRtcp({ ssrc: 9, cname: "peer", isBye: true }), phone, 4001);
  expect(byes).toHaveLength(1);
});

test("closing leaves no timer, and later reports are not sent", () => {
  const { clock, targets, link, configure } = rig();
  configure(media());
  configure(media());
  expect(clock.timers).toBe(1);
  link.close();
  clock.advance(60_000);
  expect(targets).toEqual([]);
  expect(clock.timers).toBe(0);
});
