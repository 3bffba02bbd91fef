import { describe, expect, test } from "bun:test";
import { Reception } from "../../../src/call/rtp/reception.ts";
import type { ReceptionReport } from "../../../src/call/rtp/rtcp-packet.ts";
import { RtcpReporter, type StreamSnapshot } from "../../../src/call/rtp/rtcp-reporter.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

const idle: StreamSnapshot = {
  sent: { packets: 0, octets: 0 },
  timestamp: 1000,
  reception: new Reception(),
  remoteSsrc: -1,
  isBye: false,
};

function reporterAt(clock: FakeClock, ssrc = 1): RtcpReporter {
  return new RtcpReporter({ ssrc, cname: "me", clock });
}

function report(changes: Partial<ReceptionReport>): ReceptionReport {
  return {
    ssrc: 1,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 0,
    jitter: 0,
    lastReport: 0,
    delaySinceLastReport: 0,
    ...changes,
  };
}

test("who sent since the last report makes a sender report, who did not a receiver report", () => {
  const reporter = reporterAt(new FakeClock());
  const sent = { packets: 3, octets: 480 };
  expect(reporter.compose(idle)).not.toHaveProperty("sender");
  expect(reporter.compose({ ...idle, sent }).sender).toMatchObject({ ...sent, rtpTimestamp: 1000 });
  expect(reporter.compose({ ...idle, sent })).not.toHaveProperty("sender");
});

test("NTP time counts from 1900 and follows the monotonic clock", () => {
  const clock = new FakeClock();
  const reporter = reporterAt(clock);
  clock.advance(500);
  const { sender } = reporter.compose({ ...idle, sent: { packets: 1, octets: 1 } });
  expect(sender?.ntpSeconds).toBe(Date.UTC(2026, 0, 1) / 1000 - Date.UTC(1900, 0, 1) / 1000);
  expect(sender?.ntpFraction).toBe(0x8000_0000);
});

/** Two reporters with the same clock, a line of `lineMs` between them, `heldMs` before the answer. */
function measure(lineMs: number, heldMs: number): number | undefined {
  const clock = new FakeClock();
  const near = reporterAt(clock, 1);
  const far = reporterAt(clock, 2);
  clock.advance(1234.5);
  const { sender } = near.compose({ ...idle, sent: { packets: 1, octets: 1 } });
  if (sender === undefined) throw new Error("no sender report");
  clock.advance(lineMs);
  far.note({ kind: "sr", ssrc: 1, sender, reports: [] }, 1);
  clock.advance(heldMs);
  const reception = new Reception();
  reception.note(1);
  const answer = far.compose({ ...idle, reception, remoteSsrc: 1 }).report;
  if (answer === undefined) throw new Error("no report");
  clock.advance(lineMs);
  near.note({ kind: "rr", ssrc: 2, reports: [answer] }, 2);
  return near.roundTripMs;
}

describe("round trip", () => {
  test.each([
    [40, 3000],
    [0, 100],
    [500, 0],
  ])("a line of %d ms is seen twice, whatever the peer waits", (lineMs, heldMs) => {
    expect(measure(lineMs, heldMs)).toBeCloseTo(2 * lineMs, 1);
  });

  test("reports about others, without a time or with a mad one say nothing", () => {
    const clock = new FakeClock();
    const reporter = reporterAt(clock);
    reporter.note({ kind: "rr", ssrc: 2, reports: [report({ ssrc: 9, lastReport: 5 })] }, 2);
    reporter.note({ kind: "rr", ssrc: 2, reports: [report({ lastReport: 0 })] }, 2);
    reporter.note({ kind: "rr", ssrc: 2, reports: [report({ lastReport: 0x1234_5678 })] }, 2);
    reporter.note({ kind: "bye", ssrcs: [1], reason: "" }, 2);
    expect(reporter.roundTripMs).toBeUndefined();
  });
});

test("what the peer loses of ours is known from its report", () => {
  const reporter = reporterAt(new FakeClock());
  expect(reporter.remoteLossFraction).toBeUndefined();
  reporter.note({ kind: "rr", ssrc: 2, reports: [report({ fractionLost: 64 })] }, 2);
  expect(reporter.remoteLossFraction).toBe(0.25);
});

test("the report on the peer has its loss, and when its last report came", () => {
  const clock = new FakeClock();
  const reporter = reporterAt(clock);
  const reception = new Reception();
  for (const sequence of [1, 2, 4]) reception.note(sequence);
  expect(reporter.compose({ ...idle, reception, remoteSsrc: 7 }).report).toEqual({
    ssrc: 7,
    fractionLost: 64,
    cumulativeLost: 1,
    highestSequence: 4,
    jitter: 0,
    lastReport: 0,
    delaySinceLastReport: 0,
  });
  const sender = {
    ntpSeconds: 0x1111_2222,
    ntpFraction: 0x3333_4444,
    rtpTimestamp: 0,
    packets: 0,
    octets: 0,
  };
  reporter.note({ kind: "sr", ssrc: 7, sender, reports: [] }, 7);
  reporter.note({ kind: "sr", ssrc: 8, sender: { ...sender, ntpSeconds: 0 }, reports: [] }, 7);
  clock.advance(2500);
  expect(reporter.compose({ ...idle, reception, remoteSsrc: 7 }).report).toMatchObject({
    lastReport: 0x2222_3333,
    delaySinceLastReport: 2.5 * 65_536,
  });
});
