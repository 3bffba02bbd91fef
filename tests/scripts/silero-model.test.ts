/** The voice activity model: what comes out of a good ONNX file, and what a bad one is told. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  buildSileroModel,
  convertSilero,
  sileroModel,
  sileroSha256,
  sileroSource,
} from "../../scripts/builder/silero-model.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import {
  dataOffset,
  encodeBranches,
  encodeConstants,
  encodeInitializers,
  encodeOnnx,
  type SketchedTensor,
} from "./onnx-file.ts";

const repository = join(import.meta.dir, "../..");
const original = await Bun.file(join(repository, sileroSource)).bytes();

/** All that the 16 kHz branch has to have. */
const shapes: readonly (readonly [name: string, shape: readonly number[]])[] = [
  ["stft.forward_basis_buffer", [258, 1, 256]],
  ["encoder.0.reparam_conv.weight", [128, 129, 3]],
  ["encoder.0.reparam_conv.bias", [128]],
  ["encoder.1.reparam_conv.weight", [64, 128, 3]],
  ["encoder.1.reparam_conv.bias", [64]],
  ["encoder.2.reparam_conv.weight", [64, 64, 3]],
  ["encoder.2.reparam_conv.bias", [64]],
  ["encoder.3.reparam_conv.weight", [128, 64, 3]],
  ["encoder.3.reparam_conv.bias", [128]],
  ["decoder.rnn.weight_ih", [512, 128]],
  ["decoder.rnn.weight_hh", [512, 128]],
  ["decoder.rnn.bias_ih", [512]],
  ["decoder.rnn.bias_hh", [512]],
  ["decoder.decoder.2.weight", [1, 128, 1]],
  ["decoder.decoder.2.bias", [1]],
];

/** Tensors of zeros; `changes` gives some of them something else. */
function sketch(changes: Record<string, Partial<SketchedTensor>> = {}): SketchedTensor[] {
  return shapes.map(([name, shape]) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    return { name, shape, dataType: 1, data: new Uint8Array(4 * elements), ...changes[name] };
  });
}

/** The one line that a refusal is; fails when the file is taken or the error is of another kind. */
function refusal(onnx: Uint8Array): string {
  try {
    convertSilero(onnx);
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    expect(error.summary).not.toContain("\n");
    return error.summary;
  }
  throw new Error("the file was taken");
}

function tryConversion(onnx: Uint8Array): "converted" | "refused" {
  try {
    expect(convertSilero(onnx).length).toBe(885_098);
    return "converted";
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    expect(error.summary).not.toContain("\n");
    return "refused";
  }
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

describe("conversion", () => {
  test("of the pinned file gives the model that whisper.cpp publishes", () => {
    const model = convertSilero(original);
    expect(model.length).toBe(885_098);
    expect(sha256(model)).toBe(sileroSha256);
  });

  test("takes a file that lies at an odd place in memory", () => {
    const shifted = new Uint8Array(original.length + 1);
    shifted.set(original, 1);
    expect(sha256(convertSilero(shifted.subarray(1)))).toBe(sileroSha256);
  });

  test.each([
    ["constants of the outermost graph", encodeConstants(sketch())],
    ["initializers", encodeInitializers(sketch())],
    ["the second of two branches", encodeBranches(encodeConstants([]), encodeConstants(sketch()))],
  ])("finds tensors that are %s", (_, graph) => {
    expect(convertSilero(encodeOnnx(graph)).length).toBe(885_098);
  });

  test("does not mix tensors of two branches", () => {
    const [basis, ...others] = sketch();
    if (basis === undefined) throw new Error("nothing sketched");
    const graph = encodeBranches(encodeConstants(others), encodeConstants([basis]));
    expect(refusal(encodeOnnx(graph))).toBe(
      'tensor "encoder.0.reparam_conv.weight" is missing in the 16 kHz branch',
    );
  });

  test.each([
    ["1", 1, 0x3c00],
    ["just above the middle of two neighbours", 1 + 2 ** -11 + 2 ** -23, 0x3c01],
    ["the middle above an even one", 1 + 2 ** -11, 0x3c00],
    ["the middle above an odd one", 1 + 3 * 2 ** -11, 0x3c02],
    ["negative, the middle", -1 - 3 * 2 ** -11, 0xbc02],
    ["the smallest subnormal", 2 ** -24, 0x0001],
    ["half of the smallest subnormal", 2 ** -25, 0x0000],
    ["the largest", 65_504, 0x7bff],
    ["too large", 65_520, 0x7c00],
    ["negative zero", -0, 0x8000],
  ])("rounds a weight to float16, ties to even: %s", (_, weight, bits) => {
    const name = "decoder.decoder.2.weight";
    const data = new Uint8Array(Float32Array.from({ length: 128 }, () => weight).buffer);
    const model = Buffer.from(
      convertSilero(encodeOnnx(encodeConstants(sketch({ [name]: { data } })))),
    );
    const first = model.indexOf(`_model.${name}`) + `_model.${name}`.length;
    expect(model.readUInt16LE(first)).toBe(bits);
    expect(model.readUInt16LE(first + 2 * 127)).toBe(bits);
  });
});

describe("a tensor that is not as it has to be is named", () => {
  test.each(shapes.map(([name]) => name))("missing: %s", (name) => {
    const rest = sketch().filter((tensor) => tensor.name !== name);
    expect(refusal(encodeOnnx(encodeConstants(rest)))).toStartWith(`tensor "${name}" is missing`);
  });

  test.each(shapes.map(([name]) => name))("of another shape: %s", (name) => {
    const graph = encodeConstants(sketch({ [name]: { shape: [2, 70_000, 1] } }));
    expect(refusal(encodeOnnx(graph))).toStartWith(`tensor "${name}" has the shape "2x70000x1"`);
  });

  test.each(shapes.map(([name]) => name))("with less data than its shape says: %s", (name) => {
    const graph = encodeConstants(sketch({ [name]: { data: new Uint8Array(3) } }));
    expect(refusal(encodeOnnx(graph))).toStartWith(
      `tensor "${name}" has 3 bytes of data instead of `,
    );
  });

  test("of another type", () => {
    const graph = encodeConstants(sketch({ "decoder.rnn.bias_hh": { dataType: 10 } }));
    expect(refusal(encodeOnnx(graph))).toBe(
      'tensor "decoder.rnn.bias_hh" has data type 10 instead of 1, float32',
    );
  });

  test("only the 8 kHz branch", () => {
    const graph = encodeConstants(
      sketch({ "stft.forward_basis_buffer": { shape: [130, 1, 128] } }),
    );
    expect(refusal(encodeOnnx(graph))).toBe(
      'tensor "stft.forward_basis_buffer" has the shape "130x1x128", not 258x1x256 as at 16 kHz',
    );
  });
});

describe("a damaged file", () => {
  test.each(shapes.map(([name]) => name))("cut off in %s says so", (name) => {
    const start = dataOffset(original, name);
    for (const end of [start, start + 1, start + 3]) {
      expect(refusal(original.subarray(0, end))).toStartWith(
        `the ONNX file is damaged in tensor "${name}": `,
      );
    }
  });

  test("cut off between tensors names the one before", () => {
    const end = dataOffset(original, "decoder.rnn.bias_ih") + 4 * 512;
    expect(refusal(original.subarray(0, end))).toStartWith(
      'the ONNX file is damaged after tensor "decoder.rnn.bias_ih": it has ',
    );
  });

  test("cut off in its head names no tensor", () => {
    expect(refusal(original.subarray(0, 40))).toStartWith(
      "the ONNX file is damaged before the first tensor: it has 40 bytes and says that there are ",
    );
  });

  test("without any bytes lacks the forward basis", () => {
    expect(refusal(new Uint8Array())).toBe('tensor "stft.forward_basis_buffer" is missing');
  });

  test("that is something else is refused", () => {
    expect(refusal(Buffer.from("<!doctype html><title>Not found</title>"))).toStartWith(
      "the ONNX file is damaged before the first tensor: ",
    );
  });

  test("with many levels of graphs is refused", () => {
    let graph = encodeConstants(sketch());
    for (let level = 0; level < 20; level += 1) graph = encodeBranches(graph);
    expect(refusal(encodeOnnx(graph))).toEndWith("more than 16 nested graphs");
  });

  test("whose messages do not fit into each other is refused", () => {
    const tensor = { name: "t", shape: [1], dataType: 1, data: new Uint8Array(4) };
    const graph = encodeInitializers([tensor, tensor]);
    // The first tensor's length: one more reaches into the second tensor.
    graph[1] = (graph[1] ?? 0) + 1;
    expect(refusal(encodeOnnx(graph))).toContain("a message ends at byte ");
  });

  test("with changed bytes around its tensors gives a model or one line", () => {
    const random = new SeededRandom(12);
    const onnx = original.slice();
    const outcomes = { converted: 0, refused: 0 };
    const [first = 0, ...others] = shapes.map(([name]) => dataOffset(original, name));
    for (let round = 0; round < 400; round += 1) {
      const at = random.pick([first, ...others]) - random.between(1, 90);
      onnx[at] = random.between(0, 255);
      outcomes[tryConversion(onnx)] += 1;
      onnx[at] = original[at] ?? 0;
    }
    expect(outcomes.converted).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
  });

  test("cut off anywhere gives one line", () => {
    const random = new SeededRandom(11);
    for (let round = 0; round < 300; round += 1) {
      const end = random.between(0, original.length - 1);
      expect(refusal(original.subarray(0, end))).toMatch(/^(the ONNX file is damaged|tensor ")/);
    }
  });
});

describe("the build", () => {
  let root = "";

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "wildfire-silero-"));
    mkdirSync(dirname(join(root, sileroSource)), { recursive: true });
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  async function buildFrom(onnx: Uint8Array): Promise<string> {
    await Bun.write(join(root, sileroSource), onnx);
    return buildSileroModel({ root });
  }

  async function failure(onnx: Uint8Array | undefined): Promise<string> {
    const building = onnx === undefined ? buildSileroModel({ root }) : buildFrom(onnx);
    const error: unknown = await building.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof WildfireError)) throw new Error("the build did not fail as it should");
    expect(error.summary).not.toContain("\n");
    expect(error.hint).toContain("delete the folder node_modules");
    expect(existsSync(join(root, sileroModel))).toBe(false);
    return error.message;
  }

  test("writes the model and nothing beside it", async () => {
    const path = await buildFrom(original);
    expect(path).toBe(join(root, sileroModel));
    expect(sha256(await Bun.file(path).bytes())).toBe(sileroSha256);
    const files = [...new Bun.Glob("*").scanSync({ cwd: dirname(path), dot: true })];
    expect(files).toEqual(["ggml-silero-v6.2.0.bin"]);
  });

  test("leaves a model that is right, even without its source", async () => {
    const path = await buildFrom(original);
    utimesSync(path, 1_000_000, 1_000_000);
    rmSync(join(root, sileroSource));
    expect(await buildSileroModel({ root })).toBe(path);
    expect(statSync(path).mtimeMs).toBe(1_000_000_000);
  });

  test("replaces a model that is wrong", async () => {
    await Bun.write(join(root, sileroModel), "half a mod");
    const path = await buildFrom(original);
    expect(sha256(await Bun.file(path).bytes())).toBe(sileroSha256);
  });

  test("refuses weights other than the pinned ones", async () => {
    const changed = original.slice();
    const at = dataOffset(changed, "decoder.rnn.weight_hh");
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(await failure(changed)).toMatch(
      /^Cannot make the voice activity model from .*: the result has SHA-256 [0-9a-f]{64}, not 2aa269/,
    );
  });

  test("passes on what is wrong with the file", async () => {
    expect(await failure(new Uint8Array())).toEndWith('"stft.forward_basis_buffer" is missing');
  });

  test("names the file that is not there", async () => {
    expect(await failure(undefined)).toContain(join(root, sileroSource));
  });
});
