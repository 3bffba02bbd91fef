import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeRtcp } from "../../../src/call/rtp/rtcp-writer.ts";
import { until } from "../../fakes/until.ts";
import {
  host,
  frame,
  openPeer,
  headers,
  reports,
  openRig,
  mediaFor,
  speak,
  freeAll,
} from "./rtp-session-rig.ts";

setDefaultTimeout(20_000);

afterEach(freeAll);

describe("RTCP", () => {
  test("goes to its own port about every 5 s, the first after half of it, and BYE at the end", async () => {
    const { session, clock } = await openRig();
    const [peer, rtcp] = [await openPeer(), await openPeer()];
    session.configure(mediaFor(peer, rtcp));
    clock.advance(2499);
    session.send(frame, 160);
    clock.advance(1);
    await until(() => rtcp.heard.length === 1, "the first report");
    expect(rtcp.heard[0]?.port).toBe(session.rtcpPort);
    clock.advance(5000);
    await until(() => rtcp.heard.length === 2, "the second report");
    session.close();
    await until(() => rtcp.heard.length === 3, "BYE");
    expect(reports(rtcp).map((packet) => packet.kind)).toEqual([
      "sr",
      "sdes",
      "rr",
      "sdes",
      "rr",
      "sdes",
      "bye",
    ]);
    expect(clock.timers).toBe(0);
  });

  test("with rtcp-mux goes both ways through the RTP port, and gives the round trip", async () => {
    const { session, clock, told } = await openRig();
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    session.send(frame, 160);
    clock.advance(2500);
    await until(() => peer.heard.length === 2, "sound and report");
    const [report] = reports({ ...peer, heard: peer.heard.slice(1) });
    if (report?.kind !== "sr") throw new Error("no sender report");
    const [sound] = headers({ ...peer, heard: peer.heard.slice(0, 1) });
    expect((report.sender.rtpTimestamp - (sound?.timestamp ?? 0)) >>> 0).toBe(160 + 2500 * 8);
    clock.advance(80);
    const { ntpSeconds, ntpFraction } = report.sender;
    const answer = {
      ssrc: report.ssrc,
      fractionLost: 26,
      cumulativeLost: 1,
      highestSequence: 1,
      jitter: 0,
      lastReport: (((ntpSeconds & 0xffff) << 16) | (ntpFraction >>> 16)) >>> 0,
      delaySinceLastReport: 0,
    };
    speak(peer, session, { sequence: 1, payload: frame, ssrc: 77 });
    const compound = writeRtcp({ ssrc: 77, report: answer, cname: "peer", isBye: true });
    peer.endpoint.send(compound, session.rtpPort, host);
    await until(() => told.includes("bye"), "BYE");
    expect(session.statistics().roundTripMs).toBeCloseTo(80, 1);
    expect(session.statistics().remoteLossFraction).toBeCloseTo(0.1, 2);
    expect(session.statistics().refused.unknownPayload).toBe(0);
  });

  test("who never sent says no BYE", async () => {
    const { session, clock } = await openRig();
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    session.close();
    expect(session.statistics().sentPackets).toBe(0);
    expect(clock.timers).toBe(0);
    const { session: witness } = await openRig();
    witness.configure(mediaFor(peer));
    witness.send(frame, 160);
    await until(() => peer.heard.length > 0, "a packet of a later session");
    expect(peer.heard).toHaveLength(1);
  });

  test("both kinds of packets show that the peer lives, foreign and broken ones do not", async () => {
    const { session, clock } = await openRig();
    const [peer, rtcp] = [await openPeer(), await openPeer()];
    session.configure(mediaFor(peer, rtcp));
    expect(session.lastHeardMs).toBe(0);
    clock.advance(100);
    speak(peer, session, { sequence: 1, payload: frame });
    await until(() => session.lastHeardMs === 100, "RTP counted");
    clock.advance(100);
    rtcp.endpoint.send(writeRtcp({ ssrc: 1, cname: "x", isBye: false }), session.rtcpPort, host);
    await until(() => session.lastHeardMs === 200, "RTCP counted");
    clock.advance(100);
    rtcp.endpoint.send(Uint8Array.of(1, 2, 3), session.rtcpPort, host);
    speak(rtcp, session, { sequence: 2, payload: frame });
    await until(() => {
      const { foreign, malformed } = session.statistics().refused;
      return foreign === 1 && malformed === 1;
    }, "both refused");
    expect(session.lastHeardMs).toBe(200);
  });
});
