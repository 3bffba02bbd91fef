import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { nativeLibraryPath } from "../../bench/materials.ts";
import { type ModelShape, randomModel } from "../../bench/random-model.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { inspectGgmlModel } from "../../src/whisper/ggml-file.ts";
import { memoryModel } from "../../src/whisper/ggml-source.ts";
import { openRecogniser } from "../../src/whisper/native-recogniser.ts";

const shape: ModelShape = { state: 64, heads: 2, layers: 1, audioContext: 100, textContext: 64 };
const donorPath = "models/demo/ggml-telephone-tiny.en-q8_0.bin.gz";
const donor = gunzipSync(await Bun.file(donorPath).bytes());

async function makeModel(seed: number): Promise<Uint8Array> {
  const pieces = randomModel({ donor, shape, seed });
  return new Uint8Array(await new Blob([...pieces].map((piece) => piece.slice())).arrayBuffer());
}

describe("a random model", () => {
  test("is one that the service accepts, of the shape that was asked for", async () => {
    const model = memoryModel("random", await makeModel(1));
    expect(await inspectGgmlModel(model)).toMatchObject({
      audioState: 64,
      audioHeads: 2,
      audioLayers: 1,
      textLayers: 1,
      audioContext: 100,
      textContext: 64,
      quantisation: "f16",
      vocabulary: 51_864,
    });
  });

  test("is the same for the same seed and another one for another seed", async () => {
    const [first, again, other] = await Promise.all([makeModel(1), makeModel(1), makeModel(2)]);
    expect(Bun.hash(again)).toBe(Bun.hash(first));
    expect(other.length).toBe(first.length);
    expect(Bun.hash(other)).not.toBe(Bun.hash(first));
  });

  test("says the same sixteen words whatever it hears, in one segment", async () => {
    const recogniser = await openRecogniser({
      library: await nativeLibraryPath(),
      model: { bytes: await makeModel(1), name: "random" },
      lanes: 1,
      threadsPerLane: 1,
      useGpu: false,
      clock: systemClock,
      logger: createLogger({ level: "error", clock: systemClock, sink: () => undefined }),
    });
    const hear = async (sample: number): Promise<string[]> => {
      const samples = new Float32Array(16_000).fill(sample);
      const { segments } = await recogniser.submit({
        samples,
        audioContext: 0,
        language: "en",
        translate: false,
        timestamps: true,
        prompt: "",
        urgency: "final",
      }).result;
      return segments.map(({ text }) => text);
    };
    try {
      const silence = await hear(0);
      expect(silence).toEqual([expect.stringMatching(/^(?: [a-z]{3,8}){16}$/)]);
      expect(await hear(0.5)).toEqual(silence);
    } finally {
      await recogniser.close();
    }
  });

  test("of a shape that no whisper model has is refused", () => {
    const odd = { ...shape, heads: 3 };
    expect(() => [...randomModel({ donor, shape: odd, seed: 1 })]).toThrow(/n_audio_head/);
  });
});
