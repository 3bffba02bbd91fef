import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { RtpPortPool } from "../../../src/call/rtp/port-pool.ts";
import { RtpSession } from "../../../src/call/rtp/rtp-session.ts";
import type { NegotiatedMedia } from "../../../src/call/sdp/negotiated-media.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { until } from "../../fakes/until.ts";
import { eventPayload } from "./packets.ts";
import {
  hasIpv6,
  frame,
  openPeer,
  headers,
  openRig,
  mediaFor,
  speak,
  openDeaf,
  failureOf,
  freed,
  freeAll,
} from "./rtp-session-rig.ts";

setDefaultTimeout(20_000);

afterEach(freeAll);

describe("ports", () => {
  test("a session has an even port and the one above, and gives them back once", async () => {
    const { session, pool } = await openRig();
    expect(session.rtpPort % 2).toBe(0);
    expect(session.rtcpPort).toBe(session.rtpPort + 1);
    expect(pool.free).toBe(pool.size - 1);
    session.close();
    session.close();
    expect(pool.free).toBe(pool.size);
  });

  test("a pair of which one port is taken is passed over; when none is left the error says so", async () => {
    const { session: neighbour } = await openRig();
    const { rtpPort } = neighbour;
    const pool = new RtpPortPool({ from: rtpPort, to: rtpPort + 1 });
    expect(await failureOf(openRig({ pool }))).toBe(
      `no free pair of RTP ports in ${rtpPort}-${rtpPort + 1}; widen --rtp-ports, or end calls`,
    );
    expect(pool.free).toBe(1);
    neighbour.close();
    const { session } = await openRig({ pool });
    expect(session.rtpPort).toBe(rtpPort);
    expect(await failureOf(openRig({ pool }))).toContain("no free pair");
  });

  test("a pair of which only the upper port is taken leaves the lower one free", async () => {
    const { session: neighbour } = await openRig();
    const { rtpPort, rtcpPort } = neighbour;
    neighbour.close();
    const upper = await openDeaf(rtcpPort);
    freed.push(() => upper.close());
    const pool = new RtpPortPool({ from: rtpPort, to: rtcpPort });
    expect(await failureOf(openRig({ pool }))).toContain("no free pair");
    const lower = await openDeaf(rtpPort);
    lower.close();
  });

  test("an address that is not ours fails at once and costs no port", async () => {
    const pool = new RtpPortPool({ from: 27_000, to: 27_999 });
    const opening = RtpSession.open({
      hostname: "192.0.2.1",
      pool,
      clock: new FakeClock(),
      random: () => 0.5,
      randomBytes: (count) => new Uint8Array(count),
      handlers: {
        onFrame: () => undefined,
        onDigit: () => undefined,
        onRestart: () => undefined,
        onBye: () => undefined,
      },
    });
    expect(await failureOf(opening)).toContain("cannot open UDP 192.0.2.1");
    expect(pool.free).toBe(pool.size);
  });
});

describe("sound", () => {
  test("goes to the described port, and from the first packet on to where packets come from", async () => {
    const { session, told } = await openRig();
    const [described, actual] = [await openPeer(), await openPeer()];
    session.send(frame, 160);
    session.configure(mediaFor(described));
    session.send(frame, 160);
    await until(() => described.heard.length === 1, "a packet at the described port");
    expect(described.heard[0]?.port).toBe(session.rtpPort);
    speak(actual, session, { sequence: 9, payload: frame });
    await until(() => told.length > 0, "a frame");
    session.send(frame, 160);
    session.skip(320);
    session.send(frame, 160);
    await until(() => actual.heard.length === 2, "packets at the actual port");
    const [first, second] = headers(actual);
    const [before] = headers(described);
    expect(told).toEqual(["frame 9"]);
    expect(before?.marker).toBe(true);
    expect(first?.sequence).toBe(((before?.sequence ?? 0) + 1) & 0xffff);
    expect(first?.marker).toBe(false);
    expect(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBe(480);
    expect(second?.marker).toBe(true);
    expect(session.statistics()).toMatchObject({ sentPackets: 3, receivedPackets: 1 });
  });

  test("is not sent while the peer does not listen, but time goes on", async () => {
    const { session } = await openRig();
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    session.send(frame, 160);
    session.configure(mediaFor(peer, undefined, { direction: "recvonly" }));
    session.send(frame, 160);
    session.sendComfortNoise(Uint8Array.of(60), 160);
    session.configure(mediaFor(peer));
    session.send(frame, 160);
    await until(() => peer.heard.length === 2, "two packets");
    const [first, second] = headers(peer);
    expect(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBe(480);
    expect(second?.sequence).toBe(((first?.sequence ?? 0) + 1) & 0xffff);
  });

  test("a null address holds without opening the latch", async () => {
    const { session, told } = await openRig();
    const [described, actual] = [await openPeer(), await openPeer()];
    const media = mediaFor(described);
    session.configure(media);
    speak(actual, session, { sequence: 1, payload: frame });
    await until(() => told.length === 1, "a frame");
    const remote = { ...media.remote, address: "0.0.0.0" };
    session.configure({ ...media, direction: "recvonly", remote });
    session.send(frame, 160);
    session.configure(media);
    session.send(frame, 160);
    await until(() => actual.heard.length > 0, "a packet after the hold");
    expect(actual.heard).toHaveLength(1);
    expect(described.heard).toHaveLength(0);
  });

  test("comfort noise has its payload type, and sound behind it the marker", async () => {
    const { session } = await openRig();
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    session.send(frame, 160);
    session.sendComfortNoise(Uint8Array.of(60), 160);
    session.send(frame, 160);
    await until(() => peer.heard.length === 3, "three packets");
    expect(headers(peer).map(({ payloadType, marker }) => [payloadType, marker])).toEqual([
      [0, true],
      [13, false],
      [0, true],
    ]);
  });

  test("a port where nobody listens is counted and breaks nothing", async () => {
    const { session, told } = await openRig();
    const peer = await openPeer();
    const media = mediaFor(peer);
    peer.endpoint.close();
    session.configure(media);
    session.send(frame, 160);
    await until(() => session.statistics().socketErrors > 0, "ECONNREFUSED");
    const other = await openPeer();
    speak(other, session, { sequence: 1, payload: frame });
    await until(() => told.length === 1, "a frame from another source");
  });
});

describe("keys", () => {
  test("take the place of the sound and bear the time of their beginning", async () => {
    const { session, clock } = await openRig();
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    session.send(frame, 160);
    expect(session.sendDigits("1", { heldMs: 60, gapMs: 60 })).toBe(true);
    for (let index = 0; index < 6; index += 1) {
      expect(session.isSendingDigits).toBe(true);
      session.send(frame, 160);
      clock.advance(20);
    }
    expect(session.isSendingDigits).toBe(false);
    session.send(frame, 160);
    await until(() => peer.heard.length === 7, "seven packets");
    const sent = headers(peer);
    const start = sent[0]?.timestamp ?? 0;
    expect(
      sent.map((header) => [header.payloadType, (header.timestamp - start) >>> 0, header.marker]),
    ).toEqual([
      [0, 0, true],
      [101, 160, true],
      [101, 160, false],
      [101, 160, false],
      [101, 160, false],
      [101, 160, false],
      [0, 160 + 6 * 160, true],
    ]);
  });

  test("are refused where the peer takes none", async () => {
    const { session } = await openRig();
    const peer = await openPeer();
    expect(session.sendDigits("1")).toBe(false);
    const { telephoneEvent: _, ...media } = mediaFor(peer);
    session.configure(media);
    expect(session.sendDigits("1")).toBe(false);
  });

  test("end when a later agreement has none", async () => {
    const { session } = await openRig();
    const { telephoneEvent: _, ...without } = mediaFor(await openPeer());
    session.configure({ ...without, telephoneEvent: 96 });
    session.sendDigits("123");
    session.configure(without);
    expect(session.isSendingDigits).toBe(false);
  });

  test("of the peer are told once", async () => {
    const { session, told } = await openRig();
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    for (const sequence of [1, 2, 3]) {
      const payload = eventPayload(11, 160 * sequence, sequence > 1);
      speak(peer, session, { sequence, payloadType: 101, timestamp: 5, payload });
    }
    await until(() => told.length === 4, "three frames and a key");
    expect(told).toEqual(["digit #", "frame 1", "frame 2", "frame 3"]);
  });
});

test.skipIf(!hasIpv6)(
  "a socket for both families knows an IPv4 peer by its plain address",
  async () => {
    const { session, told } = await openRig({ hostname: "::", isStrict: true });
    const peer = await openPeer();
    session.configure(mediaFor(peer));
    speak(peer, session, { sequence: 1, payload: frame });
    await until(() => told.length === 1, "a frame");
    session.send(frame, 160);
    await until(() => peer.heard.length === 1, "a packet back");
  },
);

test("strict: a source that the description does not name is not heard", async () => {
  const { session, told } = await openRig({ isStrict: true });
  const [peer, other] = [await openPeer(), await openPeer()];
  session.configure(mediaFor(peer));
  speak(other, session, { sequence: 1, payload: frame });
  speak(peer, session, { sequence: 2, payload: frame });
  await until(() => told.length > 0, "a frame");
  expect(told).toEqual(["frame 2"]);
  expect(session.statistics().refused.foreign).toBe(1);
});

test("two sessions with SRTP hear each other, in sound, keys and reports; others are not believed", async () => {
  const [one, two] = [await openRig(), await openRig()];
  const keys = [new Uint8Array(30).fill(1), new Uint8Array(30).fill(2)] as const;
  const media = (to: RtpSession, isFirst: boolean): NegotiatedMedia => {
    const [localKey, remoteKey] = isFirst ? keys : [keys[1], keys[0]];
    return {
      ...mediaFor({ endpoint: { port: to.rtpPort } }),
      srtp: { suite: "AES_CM_128_HMAC_SHA1_80", localKey, remoteKey },
    };
  };
  const [first, second] = [media(two.session, true), media(one.session, false)];
  one.session.configure(first);
  two.session.configure(second);
  one.session.send(frame, 160);
  await until(() => two.told.length === 1, "a frame");
  // The same keys again: packet counters must go on, or this packet would be a replay.
  one.session.configure({ ...first });
  two.session.configure({ ...second });
  one.session.send(frame, 160);
  one.session.sendDigits("7");
  await until(() => two.told.includes("digit 7"), "a key");
  two.session.send(frame, 160);
  await until(() => one.told.length > 0, "a frame back");
  const heardBefore = two.session.lastHeardMs;
  two.clock.advance(500);
  one.session.close();
  await until(() => two.told.includes("bye"), "BYE");
  expect(two.session.lastHeardMs).toBe(heardBefore + 500);
  expect(two.session.statistics().refused).toMatchObject({ unauthentic: 0, replayed: 0 });
  two.clock.advance(3000);
  const stranger = await openPeer();
  speak(stranger, two.session, { sequence: 1, payload: frame });
  await until(() => two.session.statistics().refused.unauthentic === 1, "the stranger refused");
});
