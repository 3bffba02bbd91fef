import { describe, expect, test } from "bun:test";
import { G722Decoder } from "../../src/audio/g722-decoder.ts";
import { G722Encoder } from "../../src/audio/g722-encoder.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { g722Input } from "./g722-input.ts";
import { speech } from "./speech.ts";
import { amplitudeDb, noise, tone } from "./tones.ts";

const rateHz = 16_000;
/** 20 ms. */
const frameBytes = 160;
/** What encoder and decoder hold back together, in samples. */
const delaySamples = 22;

function encode(samples: Float32Array, frame = frameBytes): Uint8Array {
  const encoder = new G722Encoder();
  const bytes = new Uint8Array(Math.floor(samples.length / 2));
  for (let at = 0; at < bytes.length; at += frame) {
    const count = Math.min(frame, bytes.length - at);
    encoder.encode(samples.subarray(2 * at), count, bytes.subarray(at));
  }
  return bytes;
}

function decode(bytes: Uint8Array, frame = frameBytes): Float32Array {
  const decoder = new G722Decoder();
  const samples = new Float32Array(2 * bytes.length);
  for (let at = 0; at < bytes.length; at += frame) {
    const count = Math.min(frame, bytes.length - at);
    decoder.decode(bytes.subarray(at), count, samples.subarray(2 * at));
  }
  return samples;
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** As 16-bit samples, little-endian. */
function pcm16(samples: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  for (const [at, sample] of samples.entries()) view.setInt16(2 * at, sample * 32_768, true);
  return new Uint8Array(view.buffer);
}

function wholeFrames(samples: Float32Array): Float32Array {
  return samples.subarray(0, Math.floor(samples.length / 320) * 320);
}

function snrDb(sent: Float32Array, heard: Float32Array): number {
  let power = 0;
  let error = 0;
  for (let at = 0; at + delaySamples < heard.length; at += 1) {
    const sample = sent[at] ?? 0;
    power += sample * sample;
    error += ((heard[at + delaySamples] ?? 0) - sample) ** 2;
  }
  return 10 * Math.log10(power / error);
}

/**
 * The digests were made once with another implementation, the G.722 codec of FFmpeg 5.1.9 (libavcodec 59),
 * fed with the same bytes and samples in frames of 20 ms. The ITU's own test sequences are not at hand.
 */
describe("bit for bit what FFmpeg's codec gives", () => {
  test("for decoding 160,000 random bytes, which no encoder would send", () => {
    const decoded = pcm16(decode(new SeededRandom(722).bytes(160_000)));
    const first = [...new Int16Array(decoded.buffer).subarray(0, 16)];
    expect(first).toEqual([0, 0, 0, -1, -1, 0, -1, -1, 0, 2, -1, -9, 0, 4, 6, 5]);
    expect(sha256(decoded)).toBe(
      "7e3b51771c8f2246c0140840234d96bc8c055e85a2fd8f65f1024218bed8fbe8",
    );
  });

  test("for speech, encoded and decoded again", async () => {
    const encoded = encode(wholeFrames(await speech(rateHz)));
    expect([...encoded.subarray(8000, 8016)]).toEqual([
      26, 241, 178, 95, 209, 125, 125, 206, 44, 155, 205, 89, 179, 41, 140, 89,
    ]);
    expect(sha256(encoded)).toBe(
      "2d91180506b036284adac488042d961ce03908394847af5101f3657fe260e90a",
    );
    expect(sha256(pcm16(decode(encoded)))).toBe(
      "4521e00853cb0ca2760eb4a0ec015ec2285154c23dc713e5f2c9754b1116fa2b",
    );
  });

  test("for silence, noise up to full scale and square waves, encoded and decoded again", () => {
    const encoded = encode(wholeFrames(g722Input()));
    expect(sha256(encoded)).toBe(
      "6cd87ba20990fff9933c38a77ebc202029b1258dcc7d5335a1d5aecf08656c8b",
    );
    expect(sha256(pcm16(decode(encoded)))).toBe(
      "9315f334e9eb644249f8fb990c8e10441c53a8630f38eae16995e10f22d6e8b1",
    );
  });
});

test("speech comes back 33 dB above its errors", async () => {
  const spoken = await speech(rateHz);
  expect(snrDb(spoken, decode(encode(spoken)))).toBeGreaterThan(33);
});

test.each([100, 300, 1000, 2000, 3000, 3800, 5000, 6500])(
  "a tone of %i Hz keeps its level within 0.5 dB",
  (hz) => {
    const heard = decode(encode(tone({ hz, rateHz, samples: rateHz })));
    const change = amplitudeDb(heard.subarray(3200), hz, rateHz) - 20 * Math.log10(0.5);
    expect(Math.abs(change)).toBeLessThan(0.5);
  },
);

test("frames of any length give the same, since the state runs on", () => {
  const samples = noise(4800, -20);
  const atOnce = encode(samples, 2400);
  expect(encode(samples, 80)).toEqual(atOnce);
  expect(encode(samples, 7)).toEqual(atOnce);
  expect(decode(atOnce, 80)).toEqual(decode(atOnce, 2400));
  expect(decode(atOnce, 7)).toEqual(decode(atOnce, 2400));
});

test("after a reset both are as new", () => {
  const samples = noise(640, -6);
  const encoder = new G722Encoder();
  const decoder = new G722Decoder();
  const runs = [0, 1].map(() => {
    const bytes = new Uint8Array(320);
    const heard = new Float32Array(640);
    encoder.encode(samples, 320, bytes);
    decoder.decode(bytes, 320, heard);
    encoder.reset();
    decoder.reset();
    return { bytes, heard };
  });
  expect(runs[1]).toEqual(runs[0]);
});

test("silence decodes to silence but for three units, and what is no number encodes as silence", () => {
  const heard = decode(encode(new Float32Array(3200)));
  expect(Math.max(...heard.map(Math.abs))).toBeLessThanOrEqual(3 / 32_768);
  expect(encode(new Float32Array(320).fill(Number.NaN))).toEqual(encode(new Float32Array(320)));
});
