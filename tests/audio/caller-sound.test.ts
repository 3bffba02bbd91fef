import { beforeAll, describe, expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { CallerSound } from "../../src/audio/caller-sound.ts";
import { encodeALaw, encodeMuLaw } from "../../src/audio/g711.ts";
import { G722Encoder } from "../../src/audio/g722-encoder.ts";
import { HalfbandUpsampler } from "../../src/audio/halfband-upsampler.ts";
import type { PacketFormat } from "../../src/audio/jitter-buffer-slots.ts";
import { levelDbfs } from "../../src/audio/level.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { speech } from "./speech.ts";
import { amplitudeDb, tone } from "./tones.ts";

type Codec = "PCMU" | "PCMA" | "G722";

const codecs: readonly Codec[] = ["PCMU", "PCMA", "G722"];
const blockSamples = 320;

function rateOf(codec: Codec): number {
  return codec === "G722" ? 16_000 : 8000;
}

function encode(codec: Codec, samples: Float32Array): Uint8Array {
  if (codec === "PCMU") return encodeMuLaw(samples);
  if (codec === "PCMA") return encodeALaw(samples);
  const bytes = new Uint8Array(samples.length / 2);
  new G722Encoder().encode(samples, bytes.length, bytes);
  return bytes;
}

/** One call, whose packets are sent and whose sound is collected. */
class Line {
  readonly sound: CallerSound;
  readonly blocks: Float32Array[] = [];
  nowMs = 100;
  #sequence = 65_530;
  #timestamp = 2 ** 32 - 800;

  constructor() {
    const random = new SeededRandom(3);
    this.sound = new CallerSound({ random: () => random.unit() });
  }

  /** The next packet of the stream, which arrives now or is lost. */
  send(format: PacketFormat, payload: Uint8Array, isLost = false): void {
    const header = {
      sequence: this.#sequence,
      timestamp: this.#timestamp,
      payloadStart: 0,
      payloadEnd: payload.length,
    };
    if (!isLost) this.sound.receive(header, payload, this.nowMs, format);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (format !== "CN" && format !== "event") this.pause(payload.length / 8);
  }

  /** The peer's clock goes on without a packet. */
  pause(ms: number): void {
    this.#timestamp = (this.#timestamp + 8 * ms) % 2 ** 32;
  }

  /** Time passes, and all that is there is pulled. */
  pass(ms: number): void {
    this.nowMs += ms;
    let block = this.sound.pull(this.nowMs);
    while (block !== undefined) {
      expect(block).toHaveLength(blockSamples);
      this.blocks.push(block.slice());
      block = this.sound.pull(this.nowMs);
    }
  }

  /** All of `bytes` in packets of `ptimeMs`, in real time. */
  sendAll(codec: Codec, bytes: Uint8Array, options: SendOptions = {}): void {
    const size = 8 * (options.ptimeMs ?? 20);
    for (let at = 0; at + size <= bytes.length; at += size) {
      const isLost = options.isLost?.(at / size) ?? false;
      this.send(codec, bytes.subarray(at, at + size), isLost);
      this.pass(size / 8);
    }
  }

  heard(): Float32Array {
    return joinSamples(this.blocks);
  }
}

interface SendOptions {
  readonly ptimeMs?: number;
  readonly isLost?: (packet: number) => boolean;
}

describe.each(codecs)("%s", (codec) => {
  const rateHz = rateOf(codec);
  let spoken = new Uint8Array(0);

  beforeAll(async () => {
    spoken = Uint8Array.from(encode(codec, await speech(rateHz)));
  });

  test.each([440, 1000, 3000])("a tone of %i Hz is the same tone at 16 kHz", (hz) => {
    const line = new Line();
    line.sendAll(codec, encode(codec, tone({ hz, rateHz, samples: 2 * rateHz })));
    const heard = line.heard();
    expect(heard.length).toBeGreaterThan(31_000);
    const change = amplitudeDb(heard.subarray(3200, 28_800), hz, 16_000) - 20 * Math.log10(0.5);
    expect(Math.abs(change)).toBeLessThan(0.5);
  });

  test.each([10, 30, 40, 60])("packets of %i ms give the sound of packets of 20 ms", (ptimeMs) => {
    const usual = new Line();
    const other = new Line();
    usual.sendAll(codec, spoken.subarray(0, 38_400));
    other.sendAll(codec, spoken.subarray(0, 38_400), { ptimeMs });
    usual.pass(20);
    other.pass(20);
    expect(other.heard()).toEqual(usual.heard());
    expect(usual.heard()).toHaveLength(76_800);
  });

  test("lost packets take their time, and do not click", () => {
    const samples = tone({ hz: 200, rateHz, samples: 2 * rateHz });
    const line = new Line();
    line.sendAll(codec, encode(codec, samples), { isLost: (packet) => packet % 10 === 5 });
    line.pass(100);
    expect(line.sound.counters.missingMs).toBe(200);
    expect(line.heard()).toHaveLength(32_000);
    // G.722 has to get used to the tone first.
    const heard = line.heard().subarray(640);
    const steps = heard.map((sample, at) => Math.abs(sample - (heard[at - 1] ?? sample)));
    expect(Math.max(...steps)).toBeLessThan(2 * 0.5 * ((2 * Math.PI * 200) / 16_000));
  });

  test("100,000 packets leave nothing behind in memory, not a byte for each", () => {
    const line = new Line();
    const play = (packets: number): void => {
      for (let packet = 0; packet < packets; packet += 1) {
        const at = (packet % 400) * 160;
        line.send(codec, spoken.subarray(at, at + 160), packet % 50 === 7);
        line.nowMs += 20;
        while (line.sound.pull(line.nowMs) !== undefined);
      }
    };
    play(10_000);
    Bun.gc(true);
    const before = heapStats();
    play(100_000);
    Bun.gc(true);
    const after = heapStats();
    expect(after.objectTypeCounts["Float32Array"]).toBe(before.objectTypeCounts["Float32Array"]);
    expect(after.extraMemorySize - before.extraMemorySize).toBeLessThan(100_000);
    expect(after.heapSize - before.heapSize).toBeLessThan(100_000);
  }, 30_000);
});

test("the codec may change from packet to packet", () => {
  const line = new Line();
  for (const codec of [...codecs, ...codecs]) {
    const rateHz = rateOf(codec);
    line.sendAll(codec, encode(codec, tone({ hz: 500, rateHz, samples: rateHz })));
  }
  line.pass(100);
  const heard = line.heard();
  expect(heard).toHaveLength(6 * 16_000);
  for (let second = 0; second < 6; second += 1) {
    const middle = heard.subarray(second * 16_000 + 2000, (second + 1) * 16_000 - 2000);
    expect(Math.abs(amplitudeDb(middle, 500, 16_000) + 6)).toBeLessThan(0.5);
  }
});

test("what was held up comes all at once, and none of it is left out", () => {
  const samples = tone({ hz: 300, rateHz: 8000, samples: 8000 });
  const codes = encode("PCMU", samples);
  const line = new Line();
  line.sendAll("PCMU", codes.subarray(0, 3200));
  line.pass(200);
  expect(line.blocks).toHaveLength(20);
  for (let at = 3200; at < 8000; at += 160) line.send("PCMU", codes.subarray(at, at + 160));
  line.pass(0);
  expect(line.blocks).toHaveLength(50);
  const calm = new Line();
  calm.sendAll("PCMU", codes);
  expect(line.heard()).toEqual(calm.heard());
});

test("comfort noise fills a pause at its level, and speech follows it", () => {
  const line = new Line();
  line.sendAll("PCMU", encode("PCMU", tone({ hz: 300, rateHz: 8000, samples: 8000 })));
  line.send("CN", Uint8Array.of(50));
  for (let at = 0; at < 100; at += 1) line.pass(20);
  line.pause(2000);
  line.sendAll("PCMU", encode("PCMU", tone({ hz: 300, rateHz: 8000, samples: 8000 })));
  const heard = line.heard();
  expect(Math.abs(heard.length - 64_000)).toBeLessThanOrEqual(2 * blockSamples);
  expect(Math.abs(levelDbfs(heard.subarray(20_000, 46_000)) + 50)).toBeLessThan(1);
  expect(levelDbfs(heard.subarray(50_000))).toBeGreaterThan(-10);
  expect(line.sound.counters.lost).toBe(0);
});

test("when packets stop, the sound fades into silence, and goes on as time does", () => {
  const line = new Line();
  line.sendAll("PCMA", encode("PCMA", tone({ hz: 300, rateHz: 8000, samples: 8000 })));
  for (let at = 0; at < 100; at += 1) line.pass(20);
  const heard = line.heard();
  expect(heard).toHaveLength(48_000);
  expect(levelDbfs(heard.subarray(16_000, 16_320))).toBeGreaterThan(-20);
  expect(heard.subarray(17_600).every((sample) => sample === 0)).toBe(true);
});

test("telephone events are no loss", () => {
  const line = new Line();
  const codes = encode("PCMU", tone({ hz: 300, rateHz: 8000, samples: 1600 }));
  line.sendAll("PCMU", codes);
  for (let at = 0; at < 8; at += 1) {
    line.send("event", Uint8Array.of(5, 10, 0, 160));
    line.pass(20);
  }
  line.pause(160);
  line.sendAll("PCMU", codes);
  expect(line.sound.counters).toMatchObject({ lost: 0, missingMs: 0, silenceMs: 160 });
  expect(line.heard()).toHaveLength(2 * 3200 + 2560);
});

test("another SSRC goes on where the one before stopped", () => {
  const line = new Line();
  const codes = encode("PCMU", tone({ hz: 300, rateHz: 8000, samples: 1600 }));
  line.sendAll("PCMU", codes);
  line.sound.restart();
  line.pause(123_456);
  line.sendAll("PCMU", codes);
  line.pass(20);
  expect(line.sound.counters).toMatchObject({ restarts: 1, jumps: 0, lost: 0, silenceMs: 0 });
  expect(line.heard()).toHaveLength(6400);
});

test("the sound is the caller's own, only later by the filter", () => {
  const samples = tone({ hz: 700, rateHz: 8000, samples: 1600 });
  const codes = encode("PCMU", samples);
  const line = new Line();
  line.sendAll("PCMU", codes);
  const heard = line.heard();
  const late = 2 * HalfbandUpsampler.delaySamples;
  for (let at = 200; at < 1000; at += 1) {
    expect(Math.abs((heard[2 * at + late] ?? 0) - (samples[at] ?? 0))).toBeLessThan(0.02);
  }
});

test("nothing is pulled before anything has come", () => {
  expect(new Line().sound.pull(1e9)).toBeUndefined();
});
