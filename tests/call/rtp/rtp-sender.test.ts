import { describe, expect, test } from "bun:test";
import { createRtpHeader, parseRtp, type RtpHeader } from "../../../src/call/rtp/rtp-packet.ts";
import { RtpSender } from "../../../src/call/rtp/rtp-sender.ts";
import { DigitSender } from "../../../src/call/rtp/digit-sender.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";

function headerOf(packet: Uint8Array): RtpHeader {
  const header = createRtpHeader();
  expect(parseRtp(packet, packet.length, header)).toBeUndefined();
  return header;
}

const frame = new Uint8Array(160);
const highBytes = (count: number): Uint8Array => new Uint8Array(count).fill(0xff);

describe("sender", () => {
  test("source and beginnings come from the randomness; the first number is low", () => {
    const sender = new RtpSender((count) => Uint8Array.from({ length: count }, (_, i) => 0x80 + i));
    const header = headerOf(sender.audio(0, frame, 160, false));
    expect(header).toMatchObject({ ssrc: 0x80818283, timestamp: 0x84858687, sequence: 0x0889 });
    const other = new RtpSender(highBytes);
    expect(headerOf(other.audio(0, frame, 160, false)).sequence).toBe(0x7fff);
  });

  test("numbers rise by one, time by the samples, both wrap", () => {
    const sender = new RtpSender(highBytes);
    let last = headerOf(sender.audio(0, frame, 160, false));
    expect(last.timestamp).toBe(0xffff_ffff);
    for (let index = 0; index < 70_000; index += 1) {
      const next = headerOf(sender.audio(0, frame, 240, false));
      const step = index === 0 ? 160 : 240;
      if (next.sequence !== ((last.sequence + 1) & 0xffff)) throw new Error("sequence");
      if (next.timestamp !== (last.timestamp + step) % 2 ** 32) throw new Error("timestamp");
      last = next;
    }
    expect(sender.counts).toEqual({ packets: 70_001, octets: 70_001 * 160 });
  });

  test("the marker stands at the beginning, behind each silence, and where it is asked for", () => {
    const sender = new RtpSender(highBytes);
    const marks = [
      headerOf(sender.audio(0, frame, 160, false)).marker,
      headerOf(sender.audio(0, frame, 160, false)).marker,
      headerOf(sender.audio(0, frame, 160, true)).marker,
    ];
    sender.skip(1600);
    marks.push(headerOf(sender.audio(0, frame, 160, false)).marker);
    marks.push(headerOf(sender.comfortNoise(13, Uint8Array.of(60), 160)).marker);
    marks.push(headerOf(sender.audio(0, frame, 160, false)).marker);
    expect(marks).toEqual([true, false, true, true, false, true]);
  });

  test("a payload that fits no packet is the caller's mistake", () => {
    const sender = new RtpSender(highBytes);
    expect(() => sender.audio(0, new Uint8Array(1201), 160, false)).toThrow("1201 bytes");
  });
});

describe("keys", () => {
  interface Sent {
    readonly atMs: number;
    readonly text: string;
  }

  function record(): { clock: FakeClock; digits: DigitSender; sent: Sent[] } {
    const clock = new FakeClock();
    const sent: Sent[] = [];
    const digits = new DigitSender({
      clock,
      onPacketTime: (planned, samples) => {
        const { event, duration, isEnd, marker } = planned ?? {};
        const text =
          planned === undefined
            ? `silence ${samples}`
            : `${event} ${duration}${isEnd === true ? " end" : ""}${marker === true ? " mark" : ""}`;
        sent.push({ atMs: clock.nowMs(), text });
      },
    });
    return { clock, digits, sent };
  }

  test("one packet each packet time, three ends, then a gap, then the next key", () => {
    const { clock, digits, sent } = record();
    expect(digits.push("5#", { ptimeMs: 20, heldMs: 60, gapMs: 80 })).toBe(true);
    clock.advance(1000);
    expect(sent.map(({ atMs, text }) => `${atMs}: ${text}`)).toEqual([
      "0: 5 160 mark",
      "20: 5 320",
      "40: 5 480 end",
      "60: 5 480 end",
      "80: 5 480 end",
      "100: silence 160",
      "120: silence 160",
      "140: 11 160 mark",
      "160: 11 320",
      "180: 11 480 end",
      "200: 11 480 end",
      "220: 11 480 end",
      "240: silence 160",
      "260: silence 160",
    ]);
    expect(digits.isActive).toBe(false);
    expect(clock.timers).toBe(0);
  });

  test("a second order waits for the first", () => {
    const { clock, digits, sent } = record();
    const timing = { ptimeMs: 20, heldMs: 20, gapMs: 0 };
    digits.push("1", timing);
    digits.push("2", timing);
    clock.advance(1000);
    const starts = sent.filter(({ text }) => text.endsWith("mark"));
    expect(starts).toEqual([
      { atMs: 0, text: "1 160 end mark" },
      { atMs: 80, text: "2 160 end mark" },
    ]);
  });

  test("what is no key, or too much, is refused as a whole", () => {
    const { clock, digits, sent } = record();
    const timing = { ptimeMs: 20, heldMs: 100, gapMs: 80 };
    expect(digits.push("12x", timing)).toBe(false);
    expect(digits.push("1".repeat(65), timing)).toBe(false);
    expect(sent).toEqual([]);
    expect(digits.push("", timing)).toBe(true);
    expect(digits.isActive).toBe(false);
    expect(digits.push("1".repeat(64), timing)).toBe(true);
    digits.stop();
    clock.advance(1000);
    expect(sent).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});
