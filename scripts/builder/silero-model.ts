/** Makes whisper.cpp's voice activity model from the Silero ONNX file of a pinned npm package. */
import { join } from "node:path";
import { WildfireError, describeError, quote } from "../../src/core/errors.ts";
import { keepResult } from "./kept-result.ts";
import { type OnnxGraph, type OnnxTensor, readOnnxGraphs } from "./onnx-tensors.ts";

export interface SileroModelOptions {
  /** Folder of package.json, absolute. */
  readonly root: string;
}

export const sileroSource = "node_modules/@ricky0123/vad-web/dist/silero_vad_v6.onnx";
export const sileroModel = "build/silero/ggml-silero-v6.2.0.bin";

/** Of the file that whisper.cpp publishes as ggml-silero-v6.2.0.bin. */
export const sileroSha256 = "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987";

/** Deleting the folder also deletes the mark that says that all packages are installed. */
const hint = "delete the folder node_modules and run the command again: it installs the packages";

/** Leaves the model, unless it is there already; resolves with its absolute path. */
export async function buildSileroModel({ root }: SileroModelOptions): Promise<string> {
  return await keepResult({
    path: join(root, sileroModel),
    sha256: sileroSha256,
    step: "Converting the voice activity model",
    make: () => convertFile(join(root, sileroSource)),
  });
}

async function convertFile(path: string): Promise<Uint8Array> {
  try {
    const model = convertSilero(await Bun.file(path).bytes());
    const digest = new Bun.CryptoHasher("sha256").update(model).digest("hex");
    if (digest === sileroSha256) return model;
    throw new WildfireError("model", `the result has SHA-256 ${digest}, not ${sileroSha256}`);
  } catch (error) {
    const message = `Cannot make the voice activity model from ${path}: ${describeError(error)}`;
    throw new WildfireError("model", message, { hint, cause: error });
  }
}

/** Samples at 16 kHz that the model takes at a time, and how many of the time before it sees again. */
const windowSamples = 512;
const contextSamples = 64;

/** Convolutions over time, first to last. */
const encoderLayers = [
  { inputs: 129, outputs: 128 },
  { inputs: 128, outputs: 64 },
  { inputs: 64, outputs: 64 },
  { inputs: 64, outputs: 128 },
];
const kernelSize = 3;

/** Inputs and units of the LSTM, and inputs of the last convolution. */
const hiddenSize = 128;
/** Input, forget, cell and output gate. */
const gates = 4;

interface WantedTensor {
  readonly name: string;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  readonly type: "float16" | "float32";
}

/** The 8 kHz branch of the network has one with the same name, 130 x 1 x 128. */
const forwardBasis: WantedTensor = {
  name: "stft.forward_basis_buffer",
  shape: [258, 1, 256],
  type: "float16",
};

/** In the order of the file. */
const wantedTensors: readonly WantedTensor[] = [
  ...encoderLayers.flatMap(({ inputs, outputs }, layer): WantedTensor[] => {
    const name = `encoder.${layer}.reparam_conv`;
    return [
      { name: `${name}.weight`, shape: [outputs, inputs, kernelSize], type: "float16" },
      { name: `${name}.bias`, shape: [outputs], type: "float32" },
    ];
  }),
  { name: "decoder.rnn.weight_ih", shape: [gates * hiddenSize, hiddenSize], type: "float32" },
  { name: "decoder.rnn.weight_hh", shape: [gates * hiddenSize, hiddenSize], type: "float32" },
  { name: "decoder.rnn.bias_ih", shape: [gates * hiddenSize], type: "float32" },
  { name: "decoder.rnn.bias_hh", shape: [gates * hiddenSize], type: "float32" },
  { name: "decoder.decoder.2.weight", shape: [1, hiddenSize, 1], type: "float16" },
  { name: "decoder.decoder.2.bias", shape: [1], type: "float32" },
  forwardBasis,
];

/**
 * From Silero's ONNX file to the file that whisper.cpp's `whisper_vad_init_with_params` reads, laid
 * out like the output of its models/convert-silero-vad-to-ggml.py.
 */
export function convertSilero(onnx: Uint8Array): Uint8Array {
  const graph = findGraph16kHz(readOnnxGraphs(onnx));
  const parts = wantedTensors.map((wanted) => encodeTensor(wanted, findTensor(graph, wanted)));
  return Buffer.concat([encodeHeader(), ...parts]);
}

function findGraph16kHz(graphs: readonly OnnxGraph[]): OnnxGraph {
  const { name, shape } = forwardBasis;
  const found = graphs.find((graph) => sameShape(graph.get(name)?.shape, shape));
  if (found !== undefined) return found;
  const others = graphs.flatMap((graph) => graph.get(name) ?? []).map(shapeOf);
  if (others.length === 0) throw wrongTensor(name, "is missing");
  throw wrongTensor(
    name,
    `has the shape ${others.join(" and ")}, not ${shape.join("x")} as at 16 kHz`,
  );
}

function findTensor(graph: OnnxGraph, { name, shape }: WantedTensor): OnnxTensor {
  const tensor = graph.get(name);
  if (tensor === undefined) throw wrongTensor(name, "is missing in the 16 kHz branch");
  if (!sameShape(tensor.shape, shape)) {
    throw wrongTensor(name, `has the shape ${shapeOf(tensor)} instead of ${shape.join("x")}`);
  }
  if (tensor.dataType !== 1) {
    throw wrongTensor(name, `has data type ${tensor.dataType} instead of 1, float32`);
  }
  const bytes = Float32Array.BYTES_PER_ELEMENT * shape.reduce((product, size) => product * size, 1);
  if (tensor.data.length === bytes) return tensor;
  throw wrongTensor(name, `has ${tensor.data.length} bytes of data instead of ${bytes}`);
}

function sameShape(found: readonly number[] | undefined, wanted: readonly number[]): boolean {
  return found?.length === wanted.length && wanted.every((size, index) => size === found[index]);
}

function shapeOf({ shape }: OnnxTensor): string {
  return quote(shape.join("x"));
}

function wrongTensor(name: string, what: string): WildfireError {
  return new WildfireError("model", `tensor ${quote(name)} ${what}`);
}

function encodeHeader(): Uint8Array {
  const magic = 0x67676d6c;
  const modelType = "silero-16k";
  const version = [6, 2, 0];
  const layers = encoderLayers.flatMap(({ inputs, outputs }) => [inputs, outputs, kernelSize]);
  const lstm = [hiddenSize, hiddenSize];
  const lastConvolution = [hiddenSize, 1];
  const sizes = [windowSamples, contextSamples, encoderLayers.length];
  return Buffer.concat([
    int32s([magic, modelType.length]),
    Buffer.from(modelType),
    int32s([...version, ...sizes, ...layers, ...lstm, ...lastConvolution]),
  ]);
}

function encodeTensor(wanted: WantedTensor, { data }: OnnxTensor): Uint8Array {
  const dims = ggmlDims(wanted);
  const name = Buffer.from(`_model.${wanted.name}`);
  const typeCode = wanted.type === "float16" ? 1 : 0;
  const elements = wanted.type === "float16" ? toFloat16(data) : data;
  return Buffer.concat([int32s([dims.length, name.length, typeCode, ...dims]), name, elements]);
}

/** Innermost first; dimensions of one element are left out everywhere but in the forward basis. */
function ggmlDims(wanted: WantedTensor): number[] {
  const kept = wanted === forwardBasis ? wanted.shape : wanted.shape.filter((size) => size !== 1);
  return kept.toReversed();
}

/** Rounds to nearest, ties to even; typed arrays are little-endian on every machine that builds. */
function toFloat16(float32Bytes: Uint8Array): Uint8Array {
  const aligned = new Float32Array(float32Bytes.slice().buffer);
  return new Uint8Array(new Float16Array(aligned).buffer);
}

function int32s(values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}
