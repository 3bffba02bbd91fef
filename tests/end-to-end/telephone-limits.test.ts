/** Peers that fall silent, calls that cannot be taken, and strangers who send what nobody asked for. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { createRtpHeader, rtpHeaderBytes, writeRtpHeader } from "../../src/call/rtp/rtp-packet.ts";
import { FrameTicker } from "../../src/services/frame-ticker.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { findGaps, toneMs } from "../fakes/heard-audio.ts";
import { ScriptedVoicePeer } from "../fakes/scripted-voice-peer.ts";
import { Xorshift32 } from "../../bench/xorshift.ts";
import { numberAt } from "../../bench/json-path.ts";
import { testLimitMs } from "./eventually.ts";
import { lineUser, Telephone } from "./telephone-rig.ts";
import { lineRateHz, soundOf, tone } from "./telephone-sound.ts";

setDefaultTimeout(testLimitMs);

describe.concurrent("a peer that falls silent", () => {
  test("is taken for dead after --dead-peer seconds: BYE, and all is free again; on hold it may be silent", async () => {
    await using telephone = await Telephone.open({ argv: ["--dead-peer", "2"] });
    const { rtpPortsFree } = await telephone.status();
    const held = await telephone.pbx.call(lineUser);
    expect(await held.setHeld(true)).toEqual({ ok: true });
    held.goSilent();
    const dead = await telephone.pbx.call(lineUser);
    dead.goSilent();

    const { by, reason } = await dead.ended;
    expect(by).toBe("peer");
    expect(reason).toContain("no RTP and no RTCP");
    const before = await telephone.reaches("one call", ({ current }) => current.length === 1);
    expect(before.rtpPortsFree).toBe(rtpPortsFree - 1);
    expect(await held.setHeld(false)).toEqual({ ok: true });
    expect(await held.ended).toMatchObject({ by: "peer" });
    const after = await telephone.hasNoCall();
    expect(after.rtpPortsFree).toBe(rtpPortsFree);
    expect(telephone.events("ended").map((event) => event["by"])).toEqual(["us", "us"]);
  });
});

describe.concurrent("a call that cannot be taken", () => {
  test("486 beyond --max-calls, and the next one is taken when one has ended", async () => {
    await using telephone = await Telephone.open({ argv: ["--max-calls", "2"] });
    const first = await telephone.pbx.call(lineUser);
    await telephone.pbx.call(lineUser);
    expect(await refusal(telephone)).toBe(486);
    first.hangUp();
    await first.ended;
    await telephone.pbx.call(lineUser);
    expect((await telephone.status()).current).toHaveLength(2);
  });

  test("488 without a common codec, and nothing is kept of it", async () => {
    await using telephone = await Telephone.open({ argv: ["--codecs", "PCMU,PCMA"] });
    const { rtpPortsFree } = await telephone.status();
    expect(await refusal(telephone, "G722")).toBe(488);
    expect((await telephone.hasNoCall()).rtpPortsFree).toBe(rtpPortsFree);
    await telephone.pbx.call(lineUser);
  });

  test("503 when the RTP ports are used up, in both directions; the next one after a call's end works", async () => {
    await using telephone = await Telephone.open({
      rtpPorts: "18000-18003",
      pbx: { answer: () => ({ kind: "answer" }) },
    });
    const first = await telephone.pbx.call(lineUser);
    await telephone.pbx.call(lineUser);
    expect(await refusal(telephone)).toBe(503);
    const { error } = await telephone.command("call", { number: "600" });
    expect(String(error)).toContain("no free pair of RTP ports in 18000-18003");
    expect((await telephone.status()).current).toHaveLength(2);
    first.hangUp();
    await first.ended;
    await telephone.reaches("a free port", ({ rtpPortsFree }) => rtpPortsFree === 1);
    await telephone.pbx.call(lineUser);
  });

  test("ids whose ports another program has are passed over, be they ever so many", async () => {
    const taken: UdpEndpoint[] = [];
    for (let id = 2; id <= 80; id += 2) taken.push(...(await takeUdp(13_000 + id)));
    try {
      await using telephone = await Telephone.open();
      await telephone.pbx.call(lineUser);
      const { callId } = await telephone.next("established", 0);
      expect(Number(callId)).toBeGreaterThan(80);
      expect((await telephone.status()).sound.skippedIds).toBeGreaterThanOrEqual(40);
    } finally {
      for (const endpoint of taken) endpoint.close();
    }
  });
});

/** Of sockets whose answers nobody reads. */
const nobody = (): undefined => undefined;
const floodMs = 2500;
const burstEveryMs = 10;
const burst = 40;

describe("strangers", () => {
  test("garbage at the SIP port and at the RTP port, and a second source, disturb no call", async () => {
    await using telephone = await Telephone.open();
    const call = await telephone.pbx.call(lineUser);
    const { callId } = await telephone.next("established", 0);
    using voice = await ScriptedVoicePeer.open(Number(callId));
    voice.signal("register");
    const connection = await voice.connection(0);
    call.packets = [];
    connection.speak(tone(440, floodMs));
    connection.finish();
    // Whoever sends first is believed for a moment; that is not what is asked here.
    const { port } = await telephone.reaches(
      "the PBX's sound",
      ({ current }) => numberAt(current[0], "rtp", "receivedPackets") > 0,
    );
    const flood = await Flood.open([port, call.agreed?.remote.rtpPort ?? 0]);
    await telephone.tells(1, "played");
    flood.stop();

    const heard = soundOf(call.packets);
    expect(findGaps(heard, { rateHz: lineRateHz })).toEqual([]);
    expect(toneMs(heard, { hz: 440, rateHz: lineRateHz })).toBeGreaterThanOrEqual(floodMs - 60);
    const [own] = (await telephone.status()).current;
    expect(numberAt(own, "rtp", "refused", "foreign")).toBeGreaterThan(1000);
    expect(numberAt(own, "rtp", "receivedPackets")).toBeLessThanOrEqual(
      call.statistics().sentPackets,
    );
    expect(numberAt(own, "rtp", "restarts")).toBe(0);
    // And the telephone can still be called.
    await telephone.pbx.call(lineUser);
    call.hangUp();
    await call.ended;
  });
});

async function refusal(telephone: Telephone, codec: "PCMU" | "G722" = "PCMU"): Promise<number> {
  const call = await telephone.pbx.ring(lineUser, { codecs: [codec] });
  const { status } = await call.ended;
  return status ?? 0;
}

/** Empty when somebody else has it already. */
async function takeUdp(port: number): Promise<UdpEndpoint[]> {
  try {
    return [await openUdp({ hostname: "127.0.0.1", port, onDatagram: nobody, onError: nobody })];
  } catch {
    return [];
  }
}

/** Random bytes, words of SIP, and sound of a stranger with packets that look right. */
class Flood {
  readonly #endpoint: UdpEndpoint;
  readonly #ports: readonly number[];
  readonly #random = new Xorshift32(7);
  readonly #header = createRtpHeader();
  readonly #ticking;

  private constructor(endpoint: UdpEndpoint, ports: readonly number[]) {
    this.#endpoint = endpoint;
    this.#ports = ports;
    this.#header.ssrc = 0xdead;
    this.#ticking = new FrameTicker(systemClock).add(burstEveryMs, () => this.#burst());
  }

  static async open(ports: readonly number[]): Promise<Flood> {
    const endpoint = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: nobody,
      onError: nobody,
    });
    return new Flood(endpoint, ports);
  }

  stop(): void {
    this.#ticking.cancel();
    this.#endpoint.close();
  }

  #burst(): void {
    for (let count = 0; count < burst; count += 1) {
      for (const port of this.#ports) this.#endpoint.send(this.#datagram(), port, "127.0.0.1");
    }
  }

  #datagram(): Uint8Array {
    const kind = this.#random.next() % 3;
    if (kind === 0) return this.#strangeSound();
    const length = 1 + (this.#random.next() % 600);
    const noise = Uint8Array.from({ length }, () => this.#random.next() & 0xff);
    if (kind === 1) return noise;
    return Buffer.concat([Buffer.from("INVITE sip:200@127.0.0.1 SIP/2.0\r\nVia: "), noise]);
  }

  /** Mu-law at full scale, numbered in order. */
  #strangeSound(): Uint8Array {
    const packet = new Uint8Array(rtpHeaderBytes + 160).fill(0x80);
    const header = this.#header;
    header.sequence = (header.sequence + 1) & 0xffff;
    header.timestamp = (header.timestamp + 160) >>> 0;
    writeRtpHeader(packet, header);
    return packet;
  }
}
