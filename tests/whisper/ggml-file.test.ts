import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WildfireError } from "../../src/core/errors.ts";
import { inspectGgmlFile, inspectGgmlModel } from "../../src/whisper/ggml-file.ts";
import { expectedTensors, tensorBytes, weightTypeOf } from "../../src/whisper/ggml-layout.ts";
import { memoryModel, type ModelSource } from "../../src/whisper/ggml-source.ts";

const demoPath = join(import.meta.dir, "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz");
const vocabularyStart = 48 + 8 + 80 * 201 * 4;

let demo: Uint8Array<ArrayBuffer>;
let folder: string;

beforeAll(async () => {
  demo = Bun.gunzipSync(await Bun.file(demoPath).bytes());
  folder = await mkdtemp(join(tmpdir(), "wildfire-ggml-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** The message with which a model is refused; fails when it is accepted. */
async function refusalOf(inspection: Promise<unknown>): Promise<string> {
  const outcome: unknown = await inspection.then(
    () => "accepted",
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(WildfireError);
  if (!(outcome instanceof WildfireError)) return "";
  expect(outcome.code).toBe("model");
  expect(outcome.hint).toBeString();
  expect(outcome.summary).not.toContain("\n");
  return outcome.message;
}

function refusalOfBytes(bytes: Uint8Array): Promise<string> {
  return refusalOf(inspectGgmlModel(memoryModel("m.bin", bytes)));
}

/** The demo model with one 32-bit number changed. */
function withNumber(offset: number, value: number): Uint8Array {
  const changed = demo.slice();
  new DataView(changed.buffer).setInt32(offset, value, true);
  return changed;
}

/** Where the header of a tensor with so many dimensions begins. */
function tensorStart(name: string, dimCount: number): number {
  const at = Buffer.from(demo.buffer).indexOf(name);
  expect(at).toBeGreaterThan(0);
  return at - dimCount * 4 - 12;
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

describe("the demo model", () => {
  const expected = {
    type: "tiny",
    multilingual: false,
    quantisation: "q8_0",
    vocabulary: 51_864,
    audioContext: 1_500,
    audioState: 160,
    audioLayers: 4,
    textState: 160,
    textLayers: 3,
    mels: 80,
    tensors: 143,
    sizeBytes: 13_361_407,
  };

  test("is accepted from memory and described", async () => {
    expect(await inspectGgmlModel(memoryModel("demo", demo))).toMatchObject(expected);
  });

  test("is accepted from a file", async () => {
    const path = join(folder, "demo.bin");
    await Bun.write(path, demo);
    expect(await inspectGgmlFile(path)).toMatchObject(expected);
  });

  test("is checked by its headers: little more than the vocabulary is read", async () => {
    let readBytes = 0;
    const source: ModelSource = {
      name: "demo",
      sizeBytes: demo.length,
      read(offset, length) {
        readBytes += length;
        return Promise.resolve(demo.subarray(offset, offset + length));
      },
    };
    await inspectGgmlModel(source);
    expect(readBytes).toBeLessThan(700_000);
  });
});

describe("files that are no models", () => {
  test("a path that leads to no file", async () => {
    const missing = join(folder, "missing.bin");
    expect(await refusalOf(inspectGgmlFile(missing))).toBe(
      `model ${JSON.stringify(missing)} does not exist`,
    );
    expect(await refusalOf(inspectGgmlFile(join(demoPath, "x")))).toContain("does not exist");
    expect(await refusalOf(inspectGgmlFile(folder))).toContain("is a directory");
    expect(await refusalOf(inspectGgmlFile("/dev/null"))).toContain("is not a regular file");
  });

  test("the packed demo model", async () => {
    expect(await refusalOf(inspectGgmlFile(demoPath))).toContain(
      "is a gzip archive, not a whisper.cpp ggml model",
    );
  });

  test.each<[string, Uint8Array]>([
    ['model "m.bin" is empty', new Uint8Array(0)],
    ["is a GGUF file", text("GGUF\x03\0\0\0")],
    ["is a ggml model of the old GGJT kind", text("tjgg\x01\0\0\0")],
    ["is a safetensors file", Uint8Array.of(64, 0, 0, 0, 0, 0, 0, 0, ...text('{"a":{}}'))],
    ["is a PyTorch checkpoint", text("PK\x03\x04..........archive/data.pkl")],
    ["is a PyTorch checkpoint", Uint8Array.of(0x80, 2, 0x8a, 0x0a)],
    ["is a zip archive", text("PK\x03\x04..........ggml-tiny.bin")],
    ["is an xz archive", Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)],
    ["is a web page", text("\n<!DOCTYPE html><html>")],
    ["is a web page", text("<?xml version='1.0'?><Error>")],
    ["is a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\n")],
    ["is a Silero voice-activity model", text("lmgg\x0a\0\0\0silero-16k")],
    ["is a recording", text("RIFF....WAVE")],
    ['not a whisper.cpp ggml model: it starts with "abc"', text("abc")],
    ['not a whisper.cpp ggml model: it starts with "ggml"', text("ggml............")],
    ["is truncated at byte 8 in the header", text("lmgg\x98\xca\0\0").subarray(0, 8)],
  ])("%s", async (message, bytes) => {
    expect(await refusalOfBytes(bytes)).toContain(message);
  });
});

describe("a damaged header", () => {
  test.each([
    [4, 51_863, "n_vocab is 51863"],
    [4, 1_024, "n_vocab is 1024"],
    [8, 0, "n_audio_ctx is 0"],
    [8, 3_000, "n_audio_ctx is 3000"],
    [12, -160, "n_audio_state is -160"],
    [12, 0x7fffffff, "n_audio_state is 2147483647"],
    [16, 0, "n_audio_head is 0"],
    [16, 6, "n_audio_head is 6 for 160 values"],
    [20, 65, "n_audio_layer is 65"],
    [24, 449, "n_text_ctx is 449"],
    [28, 256, "n_text_state is 256"],
    [32, 3, "n_text_head is 3 for 160 values"],
    [36, 0, "n_text_layer is 0"],
    [40, 81, "n_mels is 81"],
    [44, 5, "ftype is 5"],
    [44, -1, "ftype is -1"],
    // K-quantised rows take 256 values; this model has 160.
    [44, 2_013, "ftype is 2013"],
    [48, 79, "mel filters of 79 x 201 instead of 80 x 201"],
    [52, 0x7fffffff, "mel filters of 80 x 2147483647 instead of 80 x 201"],
    [vocabularyStart, 0, "vocabulary of 0 tokens"],
    [vocabularyStart, 51_865, "vocabulary of 51865 tokens"],
    [vocabularyStart + 4, -1, "token 0 of its vocabulary has 4294967295 bytes"],
    [vocabularyStart, 50_255, "no tensor starts at byte"],
  ])("number at byte %i set to %i: %s", async (offset, value, message) => {
    expect(await refusalOfBytes(withNumber(offset, value))).toContain(message);
  });
});

describe("tensors", () => {
  const conv = "encoder.conv1.weight";

  test("of another size than the header says", async () => {
    const wider = withNumber(40, 128);
    expect(await refusalOfBytes(wider)).toContain("mel filters of 80 x 201 instead of 128 x 201");
    const dims = withNumber(tensorStart(conv, 3) + 16, 81);
    expect(await refusalOfBytes(dims)).toContain(
      `does not fit its header: tensor "${conv}" is [3, 81, 160] instead of [3, 80, 160]`,
    );
  });

  test("of another number of layers than the header says", async () => {
    expect(await refusalOfBytes(withNumber(36, 2))).toContain('"decoder.blocks.2.');
    expect(await refusalOfBytes(withNumber(36, 4))).toContain(
      "before tensor decoder.blocks.3.attn_ln.weight",
    );
  });

  test("of another type than the header says", async () => {
    const name = "encoder.blocks.0.mlp.0.weight";
    const changed = withNumber(tensorStart(name, 2) + 8, 2);
    expect(await refusalOfBytes(changed)).toContain(
      `tensor "${name}" is of type 2 instead of 8 (q8_0)`,
    );
    expect(await refusalOfBytes(withNumber(44, 1))).toContain("instead of 1 (f16)");
  });

  test("with a name that is unknown, doubled, or no name", async () => {
    const at = tensorStart("encoder.blocks.1.attn.key.weight", 2);
    const digit = at + 12 + 8 + "encoder.blocks.".length;
    for (const [replacement, shown] of [
      ["0", '"encoder.blocks.0.attn.key.weight" twice'],
      ["7", '"encoder.blocks.7.attn.key.weight" twice, or for another model'],
    ] as const) {
      const changed = demo.slice();
      changed[digit] = replacement.charCodeAt(0);
      expect(await refusalOfBytes(changed)).toContain(shown);
    }
    for (const length of [0, -1, 129, 0x7fffffff]) {
      expect(await refusalOfBytes(withNumber(at + 4, length))).toContain(
        `no tensor starts at byte ${at}`,
      );
    }
    for (const dimCount of [0, -1, 5]) {
      expect(await refusalOfBytes(withNumber(at, dimCount))).toContain("no tensor starts");
    }
  });

  test("none at all", async () => {
    const view = new DataView(demo.buffer);
    let end = vocabularyStart + 4;
    for (let token = view.getInt32(vocabularyStart, true); token > 0; token -= 1) {
      end += 4 + view.getInt32(end, true);
    }
    expect(await refusalOfBytes(demo.subarray(0, end))).toContain(
      `is truncated at byte ${end} of 13361407 before tensor encoder.positional_embedding`,
    );
  });

  test("followed by anything more", async () => {
    const longer = new Uint8Array(demo.length + 3);
    longer.set(demo);
    expect(await refusalOfBytes(longer)).toContain("goes on for 3 bytes after its last tensor");
  });
});

describe("a truncated file", () => {
  test("names the byte, the full size and the tensor", async () => {
    const at = tensorStart("encoder.conv2.weight", 3);
    expect(await refusalOfBytes(demo.subarray(0, at + 1_000))).toBe(
      `model "m.bin" is truncated at byte ${at + 1_000} of 13361407 in tensor encoder.conv2.weight`,
    );
    expect(await refusalOfBytes(demo.subarray(0, at))).toContain(`byte ${at} of 13361407 before`);
  });

  test("is refused at whatever byte it ends", async () => {
    const cuts = [1, 3, 4, 47, 48, 55, 56, 1_000, vocabularyStart, vocabularyStart + 2];
    for (let cut = 70_000; cut < demo.length; cut += 499_979) cuts.push(cut);
    cuts.push(demo.length - 1);
    for (const cut of cuts) {
      const message = await refusalOfBytes(demo.subarray(0, cut));
      expect(message).toMatch(/is truncated at byte|is not a whisper/);
    }
  });

  test("that shrinks while it is read is refused too", async () => {
    const source: ModelSource = {
      name: "m.bin",
      sizeBytes: demo.length,
      read: (offset, length) =>
        Promise.resolve(demo.subarray(0, 5_000_000).subarray(offset, offset + length)),
    };
    expect(await refusalOf(inspectGgmlModel(source))).toContain("is truncated at byte");
  });
});

/** Everything before the tensors in OpenAI's models: their tokens are of two kinds. */
const englishVocabularyBytes = 4 + 521_855;
const multilingualVocabularyBytes = 508_089;

/** Width, audio layers, text layers, vocabulary. */
const openAiDimensions = {
  "tiny.en": [384, 4, 4, 51_864],
  "base.en": [512, 6, 6, 51_864],
  "small.en": [768, 12, 12, 51_864],
  "medium.en": [1_024, 24, 24, 51_864],
  tiny: [384, 4, 4, 51_865],
  base: [512, 6, 6, 51_865],
  "large-v3": [1_280, 32, 32, 51_866],
  "large-v3-turbo": [1_280, 32, 4, 51_866],
} as const;

function layoutBytes(name: keyof typeof openAiDimensions, fileType: number): number {
  const [width, audioLayers, textLayers, vocabulary] = openAiDimensions[name];
  const mels = vocabulary === 51_866 ? 128 : 80;
  const model = {
    vocabulary,
    audioContext: 1_500,
    audioState: width,
    audioHeads: width / 64,
    audioLayers,
    textContext: 448,
    textState: width,
    textHeads: width / 64,
    textLayers,
    mels,
    fileType,
  };
  const weights = weightTypeOf(fileType);
  if (weights === undefined) throw new Error(`file type ${fileType} is unknown`);
  let bytes = 48 + 8 + mels * 201 * 4;
  bytes += vocabulary === 51_864 ? englishVocabularyBytes : multilingualVocabularyBytes;
  for (const [tensorName, tensor] of expectedTensors(model, weights)) {
    bytes += 12 + 4 * tensor.dims.length + tensorName.length + tensorBytes(tensor);
  }
  return bytes;
}

test.each([
  ["tiny.en", 1, 77_704_715],
  ["tiny.en", 2_009, 32_166_155],
  ["tiny.en", 2_007, 43_550_795],
  ["base.en", 1, 147_964_211],
  ["base.en", 2_009, 59_721_011],
  ["small.en", 1, 487_614_201],
  ["medium.en", 1, 1_533_774_781],
  ["medium.en", 2_008, 539_225_533],
  ["tiny", 1, 77_691_713],
  ["base", 1, 147_951_465],
  ["large-v3", 1, 3_095_033_483],
  ["large-v3-turbo", 1, 1_624_555_275],
  ["large-v3-turbo", 2_008, 574_041_195],
] as const)("the layout of %s with file type %i has the size of the published file", (...row) => {
  const [name, fileType, publishedBytes] = row;
  expect(layoutBytes(name, fileType)).toBe(publishedBytes);
});
