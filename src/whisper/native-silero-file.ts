/** Whether bytes are a Silero voice activity model: whisper.cpp trusts the numbers in it blindly. */
import { quote } from "../core/errors.ts";
import { viewOf } from "./native-layout.ts";
import { voiceWindowSamples } from "./voice-activity.ts";

const magic = 0x67676d6c;
const modelType = "silero-16k";
const longestNameBytes = 64;

/** `ggml_type`. */
const f32 = 0;
const f16 = 1;

interface Tensor {
  /** Innermost dimension first, as in the file; those that are 1 may be left out at the end. */
  readonly dims: readonly number[];
  readonly type: typeof f32 | typeof f16;
}

/** Inputs, outputs and kernel size of the convolutions, as `whisper_vad_build_encoder_layer` has them. */
const convolutions = [
  [129, 128, 3],
  [128, 64, 3],
  [64, 64, 3],
  [64, 128, 3],
] as const;
const hiddenSize = 128;
const gatesSize = 4 * hiddenSize;

/** The numbers behind type and version, in file order. */
const architecture: readonly (readonly [name: string, value: number])[] = [
  ["n_window", voiceWindowSamples],
  ["n_context", 64],
  ["n_encoder_layers", convolutions.length],
  ...convolutions.flatMap(([inputs, outputs, kernel], layer) => [
    [`encoder_in_channels[${layer}]`, inputs] as const,
    [`encoder_out_channels[${layer}]`, outputs] as const,
    [`kernel_sizes[${layer}]`, kernel] as const,
  ]),
  ["lstm_input_size", hiddenSize],
  ["lstm_hidden_size", hiddenSize],
  ["final_conv_in", hiddenSize],
  ["final_conv_out", 1],
];

function expectedTensors(): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const add = (name: string, type: Tensor["type"], ...dims: readonly number[]): void =>
    void tensors.set(`_model.${name}`, { dims, type });
  add("stft.forward_basis_buffer", f16, 256, 1, 258);
  for (const [layer, [inputs, outputs, kernel]] of convolutions.entries()) {
    add(`encoder.${layer}.reparam_conv.weight`, f16, kernel, inputs, outputs);
    add(`encoder.${layer}.reparam_conv.bias`, f32, outputs);
  }
  for (const side of ["ih", "hh"]) {
    add(`decoder.rnn.weight_${side}`, f32, hiddenSize, gatesSize);
    add(`decoder.rnn.bias_${side}`, f32, gatesSize);
  }
  add("decoder.decoder.2.weight", f16, hiddenSize);
  add("decoder.decoder.2.bias", f32, 1);
  return tensors;
}

/** What is wrong with the bytes, as the end of a sentence about them, or undefined when nothing is. */
export function findSileroFault(bytes: Uint8Array): string | undefined {
  const reader = new FieldReader(bytes);
  if (reader.word() !== magic) return "is no ggml file";
  return findHeaderFault(reader) ?? findTensorFault(reader);
}

function findHeaderFault(reader: FieldReader): string | undefined {
  const typeBytes = reader.word();
  const type = typeBytes === modelType.length ? reader.text(typeBytes) : "";
  if (type !== modelType) return `is of another type than ${modelType}`;
  // The version: the architecture says what matters about it.
  for (let part = 0; part < 3; part += 1) reader.word();
  for (const [name, expected] of architecture) {
    const value = reader.word();
    if (value !== expected)
      return `says that ${name} is ${value ?? "missing"} instead of ${expected}`;
  }
  return undefined;
}

function findTensorFault(reader: FieldReader): string | undefined {
  const missing = expectedTensors();
  while (reader.remaining > 0) {
    const at = reader.position;
    const found = readTensorHeader(reader);
    if (found === undefined) return `is damaged: no tensor starts at byte ${at}`;
    const expected = missing.get(found.name);
    if (expected === undefined)
      return `has the tensor ${quote(found.name, 80)} twice, or a foreign one`;
    missing.delete(found.name);
    if (found.type !== expected.type || !sameDims(found.dims, expected.dims)) {
      return `has the tensor ${quote(found.name, 80)} in another shape or type`;
    }
    if (!reader.skip(bytesOf(expected))) return `is truncated in tensor ${found.name}`;
  }
  const [name] = missing.keys();
  return name === undefined ? undefined : `is truncated: it has no tensor ${name}`;
}

interface FoundTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: number;
}

function readTensorHeader(reader: FieldReader): FoundTensor | undefined {
  const dimCount = reader.word() ?? -1;
  const nameBytes = reader.word() ?? 0;
  const type = reader.word() ?? -1;
  if (dimCount < 0 || dimCount > 4 || nameBytes < 1 || nameBytes > longestNameBytes)
    return undefined;
  const dims = Array.from({ length: dimCount }, () => reader.word() ?? 0);
  const name = reader.text(nameBytes);
  return name === undefined ? undefined : { name, dims, type };
}

function sameDims(found: readonly number[], expected: readonly number[]): boolean {
  const longest = Math.max(found.length, expected.length);
  return Array.from({ length: longest }, (_, index) => index).every(
    (index) => (found[index] ?? 1) === (expected[index] ?? 1),
  );
}

function bytesOf({ dims, type }: Tensor): number {
  return dims.reduce((product, dim) => product * dim, 1) * (type === f16 ? 2 : 4);
}

/** Takes one field after the other; yields undefined once the bytes are at an end. */
class FieldReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#position;
  }

  word(): number | undefined {
    const at = this.#position;
    return this.skip(4) ? viewOf(this.#bytes).getInt32(at, true) : undefined;
  }

  text(length: number): string | undefined {
    const at = this.#position;
    if (!this.skip(length)) return undefined;
    return new TextDecoder("latin1").decode(this.#bytes.subarray(at, at + length));
  }

  skip(length: number): boolean {
    if (length > this.remaining) return false;
    this.#position += length;
    return true;
  }
}
