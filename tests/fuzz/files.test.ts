import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { encodeMuLaw } from "../../src/audio/g711.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { inspectGgmlModel } from "../../src/whisper/ggml-file.ts";
import { memoryModel, type ModelSource } from "../../src/whisper/ggml-source.ts";
import { noise } from "../audio/tones.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Decodes; true when it worked, false for a refusal; any other error fails the test. */
function tryWav(bytes: Uint8Array): boolean {
  try {
    const { samples, channels, sampleRateHz } = decodeWav(bytes, "fuzz.wav");
    expect(samples.length).toBeLessThanOrEqual(bytes.length);
    expect(channels).toBeGreaterThan(0);
    expect(sampleRateHz).toBeGreaterThan(0);
    expect(samples.every((sample) => sample >= -1 && sample <= 1)).toBe(true);
    return true;
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    expect(error.summary).not.toContain("\n");
    return false;
  }
}

function muLawWav(): Uint8Array {
  const codes = encodeMuLaw(noise(600, -20));
  const file = encodeWav(new Float32Array(300), 8_000);
  file.set(codes, 44);
  // Format 7, one byte a sample.
  file[20] = 7;
  file[32] = 1;
  file[34] = 8;
  return file;
}

test("damaged recordings are read or refused, nothing else", () => {
  const random = new SeededRandom(1);
  const originals: [Uint8Array, ...Uint8Array[]] = [encodeWav(noise(300, -20), 16_000), muLawWav()];
  const outcomes = { read: 0, refused: 0 };
  for (let round = 0; round < 8_000; round += 1) {
    const bytes = random.mutate(random.pick(originals));
    // Most damage belongs where the structure is.
    if (round % 2 === 0) bytes[random.between(12, 43)] = random.between(0, 255);
    outcomes[tryWav(bytes) ? "read" : "refused"] += 1;
  }
  expect(outcomes.read).toBeGreaterThan(500);
  expect(outcomes.refused).toBeGreaterThan(500);
});

test("random bytes after a WAV head are read or refused", () => {
  const random = new SeededRandom(2);
  const head = encodeWav(new Float32Array(1), 8_000).subarray(0, 12);
  for (let round = 0; round < 5_000; round += 1) {
    const bytes = random.bytes(random.between(0, 120));
    bytes.set(head.subarray(0, bytes.length));
    tryWav(bytes);
  }
});

let model: Uint8Array;

beforeAll(async () => {
  const path = join(import.meta.dir, "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz");
  model = Bun.gunzipSync(await Bun.file(path).bytes());
});

/** The demo model as if `patch` were written over it; the size may be cut. */
function patchedModel(patchAt: number, patch: Uint8Array, sizeBytes: number): ModelSource {
  return {
    name: "fuzz.bin",
    sizeBytes,
    read(offset, length) {
      const bytes = model.slice(offset, Math.min(offset + length, sizeBytes));
      for (const [index, byte] of patch.entries()) {
        const at = patchAt + index - offset;
        if (at >= 0 && at < bytes.length) bytes[at] = byte;
      }
      return Promise.resolve(bytes);
    },
  };
}

async function tryModel(source: ModelSource): Promise<boolean> {
  try {
    const info = await inspectGgmlModel(source);
    expect(info.sizeBytes).toBe(source.sizeBytes);
    return true;
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    expect(error.code).toBe("model");
    expect(error.summary).not.toContain("\n");
    return false;
  }
}

test("damaged model headers are refused", async () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 2_000; round += 1) {
    const at = random.between(0, 55);
    const patch = random.bytes(random.between(1, 8));
    await tryModel(patchedModel(at, patch, random.between(0, 1) === 0 ? model.length : 500));
  }
});

test("models damaged or cut anywhere are accepted or refused", async () => {
  const random = new SeededRandom(4);
  const ends = { accepted: 0, refused: 0 };
  for (let round = 0; round < 60; round += 1) {
    const isCut = round % 3 === 0;
    const sizeBytes = isCut ? random.between(1, model.length - 1) : model.length;
    const source = patchedModel(random.between(0, model.length), random.bytes(300), sizeBytes);
    const isAccepted = await tryModel(source);
    if (isCut) expect(isAccepted).toBe(false);
    ends[isAccepted ? "accepted" : "refused"] += 1;
  }
  // Damage within the weights themselves cannot be seen in headers.
  expect(ends.accepted).toBeGreaterThan(0);
  expect(ends.refused).toBeGreaterThan(0);
});

test("random bytes behind the magic are refused", async () => {
  const random = new SeededRandom(5);
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = random.bytes(random.between(4, 400));
    bytes.set([0x6c, 0x6d, 0x67, 0x67]);
    expect(await tryModel(memoryModel("fuzz.bin", bytes))).toBe(false);
  }
});
