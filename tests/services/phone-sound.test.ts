/** When the sound of a telephone call goes on to whisper: with a clock that moves only when it is told to. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { encodeMuLaw } from "../../src/audio/g711.ts";
import { CallMedia, type MediaSettings } from "../../src/call/media/call-media.ts";
import { RtpPortPool } from "../../src/call/rtp/port-pool.ts";
import { CallAudioPool } from "../../src/services/call-audio-pool.ts";
import { FrameTicker } from "../../src/services/frame-ticker.ts";
import { PhoneSound } from "../../src/services/phone-sound.ts";
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { rtpPacket } from "../call/rtp/packets.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { AutomaticWhisper } from "./audiosocket-rig.ts";

setDefaultTimeout(30_000);

const host = "127.0.0.1";
const packetMs = 20;
const packetTicks = 160;
/** At 16 kHz. */
const packetSamples = 320;
const payload = encodeMuLaw(new Float32Array(packetTicks).fill(0.25));

function none(): void {
  // What is told here is of no interest.
}

/** A call whose peer sends packets when it is told to, and a whisper that hears them. */
class Line implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly whisper: AutomaticWhisper;
  readonly #peer: UdpEndpoint;
  readonly #pool: CallAudioPool;
  readonly #random = new SeededRandom(5);
  readonly #settings: MediaSettings = {
    codecs: ["PCMU"],
    order: "theirs",
    ptimeMs: packetMs,
    comfortNoise: true,
    rtcpMux: false,
    srtp: "off",
    randomBytes: (count) => new Uint8Array(count).fill(7),
  };
  #sound: PhoneSound | undefined;
  /** Where the call listens. */
  #rtpPort = 0;
  #sent = 0;

  private constructor(whisper: AutomaticWhisper, peer: UdpEndpoint) {
    this.whisper = whisper;
    this.#peer = peer;
    const { clock } = this;
    const shared = {
      bind: host,
      whisperAddress: host,
      whisperPort: whisper.port,
      ticker: new FrameTicker(clock),
      hasEchoGuard: true,
      clock,
    };
    this.#pool = new CallAudioPool(shared, createMemoryLog(clock).log);
  }

  static async open(): Promise<Line> {
    const whisper = await AutomaticWhisper.open();
    const peer = await openUdp({ hostname: host, port: 0, onDatagram: none, onError: none });
    const line = new Line(whisper, peer);
    await line.#open();
    return line;
  }

  get sound(): PhoneSound {
    if (this.#sound === undefined) throw new Error("the line is not open");
    return this.#sound;
  }

  /** The packet with this number has reached the call. */
  async send(number: number): Promise<void> {
    this.#sent += 1;
    const bytes = rtpPacket({ sequence: number, timestamp: number * packetTicks, payload });
    this.#peer.send(bytes, this.#rtpPort, host);
    const isThere = (): boolean => this.sound.statistics().receivedPackets === this.#sent;
    await until(isThere, `packet ${number} at the call`);
  }

  /** Whisper has so much of the call's sound, and no more. */
  async hears(packets: number): Promise<void> {
    const heard = await this.whisper.call(0);
    await until(() => heard.samples >= packets * packetSamples, `${packets} packets at whisper`);
    expect(heard.samples).toBe(packets * packetSamples);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sound.close();
    this.#pool.close();
    await this.#pool.drained();
    this.#peer.close();
    this.whisper[Symbol.dispose]();
  }

  async #open(): Promise<void> {
    const { clock } = this;
    this.#sound = await PhoneSound.open({
      shared: {
        clock,
        ticker: new FrameTicker(clock),
        pool: this.#pool,
        ports: new RtpPortPool({ from: 28_400, to: 28_499 }),
        bind: host,
        media: this.#settings,
        isStrict: false,
        deadPeerMs: 0,
        greeting: undefined,
        random: () => this.#random.unit(),
        randomBytes: this.#settings.randomBytes,
      },
      address: () => host,
      listener: {
        digit: none,
        transcript: none,
        speaking: none,
        played: none,
        drained: none,
        recorded: none,
        levels: none,
        agreed: none,
        dead: none,
      },
      log: createMemoryLog(clock).log,
    });
    this.#agree(this.#sound);
    await this.#sound.connect();
  }

  #agree({ media }: PhoneSound): void {
    const theirs = new CallMedia({
      settings: this.#settings,
      address: () => host,
      rtpPort: this.#peer.port,
      rtcpPort: this.#peer.port + 1,
      onAgreed: ({ remote }) => (this.#rtpPort = remote.rtpPort),
    });
    const answer = media.answer(theirs.offer());
    if (answer.kind === "refused") throw new Error(answer.reason);
    expect(theirs.accept(answer.body)).toBeUndefined();
  }
}

test("packets in order go on as they come, no tick is waited for", async () => {
  await using line = await Line.open();
  await line.send(0);
  // The first one waits for those that it may have overtaken.
  line.clock.advance(packetMs);
  await line.hears(1);
  for (let number = 1; number <= 10; number += 1) {
    await line.send(number);
    await line.hears(number + 1);
  }
});

test("what has overtaken others waits for them, and all go on in order when they come", async () => {
  await using line = await Line.open();
  await line.send(0);
  line.clock.advance(packetMs);
  await line.hears(1);
  await line.send(3);
  await line.send(2);
  line.clock.advance(packetMs);
  await line.hears(1);
  await line.send(1);
  await line.hears(4);
  expect(line.sound.status()).toMatchObject({ jitterBuffer: { played: 4, lost: 0, missingMs: 0 } });
});

test("what never comes is made up for by the ticks, without another packet", async () => {
  await using line = await Line.open();
  await line.send(0);
  line.clock.advance(packetMs);
  await line.send(2);
  await line.hears(1);
  line.clock.advance(10 * packetMs);
  await line.hears(3);
  expect(line.sound.status()).toMatchObject({ jitterBuffer: { played: 2, lost: 1 } });
});
