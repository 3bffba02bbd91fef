/** Plain RTP on one port: whatever of the usual codecs comes is a caller's sound. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeALaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { levelDbfs } from "../../src/audio/level.ts";
import { InboundRtp } from "../../src/services/inbound-rtp.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { eventPayload, rtpPacket } from "../call/rtp/packets.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

const host = "127.0.0.1";
const frameSamples = 160;
const freed: (() => void)[] = [];

afterEach(() => {
  for (const free of freed.splice(0).toReversed()) free();
});

class Rig {
  readonly clock = new FakeClock();
  readonly samples: number[] = [];
  digits = "";
  #inbound: InboundRtp | undefined;
  #sequence = 0;

  static async open(): Promise<Rig> {
    const rig = new Rig();
    rig.#inbound = await InboundRtp.open({
      hostname: host,
      port: 0,
      clock: rig.clock,
      random: () => 0.5,
      onSamples: (samples) => void rig.samples.push(...samples),
      onDigit: (digit) => void (rig.digits += digit),
    });
    freed.push(() => rig.inbound.close());
    return rig;
  }

  get inbound(): InboundRtp {
    if (this.#inbound === undefined) throw new Error("it is not open");
    return this.#inbound;
  }

  /** One packet after the other, 20 ms apart. */
  frames(payloadType: number, payload: Uint8Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.packet(payloadType, payload);
      this.clock.advance(20);
    }
  }

  packet(payloadType: number, payload: Uint8Array, port = 4000): void {
    const sequence = this.#sequence;
    this.#sequence += 1;
    const timestamp = sequence * frameSamples;
    const packet = rtpPacket({ payloadType, payload, sequence, timestamp, ssrc: 7 });
    this.inbound.receive(packet, host, port, this.clock.nowMs());
  }

  /** The end of a key, three times as the standard wants it: all bear the time of its beginning. */
  key(event: number): void {
    const timestamp = this.#sequence * frameSamples;
    for (let repeat = 0; repeat < 3; repeat += 1) {
      const sequence = this.#sequence;
      this.#sequence += 1;
      const payload = eventPayload(event, 800, true);
      const packet = rtpPacket({ payloadType: 101, payload, sequence, timestamp, ssrc: 7 });
      this.inbound.receive(packet, host, 4000, this.clock.nowMs());
    }
  }

  level(): number {
    return levelDbfs(Float32Array.from(this.samples));
  }
}

function tone(): Float32Array {
  return Float32Array.from(
    { length: frameSamples },
    (_, index) => Math.sin((2 * Math.PI * 400 * index) / 8000) / 2,
  );
}

describe("the caller's sound", () => {
  test.each([
    ["PCMU", 0, encodeMuLaw(tone())],
    ["PCMA", 8, encodeALaw(tone())],
  ] as const)(
    "%s by its static number comes out at 16 kHz, nothing lost",
    async (_name, type, payload) => {
      const rig = await Rig.open();
      rig.frames(type, payload, 50);
      rig.inbound.close();
      expect(rig.samples.length).toBeGreaterThanOrEqual(50 * 320);
      expect(rig.level()).toBeCloseTo(-9, 0);
    },
  );

  test("may change its codec in mid-stream", async () => {
    const rig = await Rig.open();
    rig.frames(0, encodeMuLaw(tone()), 25);
    rig.frames(8, encodeALaw(tone()), 25);
    rig.inbound.close();
    expect(rig.level()).toBeCloseTo(-9, 0);
    expect(rig.inbound.status()).toMatchObject({ received: 50, lost: 0, restarts: 0 });
  });

  test("of a number that nobody knows, from a second source, and garbage are counted and not heard", async () => {
    const rig = await Rig.open();
    rig.frames(0, encodeMuLaw(new Float32Array(frameSamples)), 10);
    rig.frames(96, encodeMuLaw(tone()), 5);
    for (let index = 0; index < 5; index += 1) rig.packet(0, encodeMuLaw(tone()), 4001);
    rig.inbound.receive(Uint8Array.of(1, 2, 3), host, 4000, rig.clock.nowMs());
    rig.inbound.close();
    expect(rig.level()).toBeLessThan(-60);
    expect(rig.inbound.status()).toMatchObject({
      refusals: { unknownPayload: 5, foreign: 5, malformed: 1 },
    });
  });
});

test("a key by RFC 4733 is told once", async () => {
  const rig = await Rig.open();
  rig.frames(0, encodeMuLaw(tone()), 5);
  rig.key(5);
  rig.frames(0, encodeMuLaw(tone()), 5);
  rig.key(5);
  rig.key(11);
  expect(rig.digits).toBe("55#");
});

test("its port takes datagrams, and is free again when it is closed", async () => {
  const rig = await Rig.open();
  const { port } = rig.inbound;
  const sender = await openUdp({
    hostname: host,
    port: 0,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  freed.push(() => sender.close());
  sender.send(Uint8Array.of(1), port, host);
  await until(
    () => JSON.stringify(rig.inbound.status()).includes('"malformed":1'),
    "the datagram at the port",
  );
  rig.inbound.close();
  expect(rig.clock.timers).toBe(0);
  const again: UdpEndpoint = await openUdp({
    hostname: host,
    port,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  again.close();
});
