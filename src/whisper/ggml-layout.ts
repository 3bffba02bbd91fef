/** Which tensors whisper.cpp expects in a model of given dimensions, and how many bytes each takes. */

/** The eleven numbers at the start of a model file, in file order. */
export interface GgmlHyperparameters {
  readonly vocabulary: number;
  readonly audioContext: number;
  readonly audioState: number;
  readonly audioHeads: number;
  readonly audioLayers: number;
  readonly textContext: number;
  readonly textState: number;
  readonly textHeads: number;
  readonly textLayers: number;
  readonly mels: number;
  /** ggml file type with the quantisation version, times 1000, on top. */
  readonly fileType: number;
}

/** How a tensor's elements are stored: in blocks, one after the other (ggml `type_traits`). */
export interface TensorType {
  readonly name: string;
  /** `ggml_type`. */
  readonly id: number;
  readonly blockElements: number;
  readonly blockBytes: number;
}

export interface ExpectedTensor {
  /** Innermost dimension first, as in the file. */
  readonly dims: readonly number[];
  readonly type: TensorType;
}

const f32: TensorType = { name: "f32", id: 0, blockElements: 1, blockBytes: 4 };
const f16: TensorType = { name: "f16", id: 1, blockElements: 1, blockBytes: 2 };

/** By `ggml_ftype`: what whisper.cpp's converter and quantiser write, bf16 besides. */
const weightTypes: ReadonlyMap<number, TensorType> = new Map([
  [0, f32],
  [1, f16],
  [2, { name: "q4_0", id: 2, blockElements: 32, blockBytes: 18 }],
  [3, { name: "q4_1", id: 3, blockElements: 32, blockBytes: 20 }],
  [7, { name: "q8_0", id: 8, blockElements: 32, blockBytes: 34 }],
  [8, { name: "q5_0", id: 6, blockElements: 32, blockBytes: 22 }],
  [9, { name: "q5_1", id: 7, blockElements: 32, blockBytes: 24 }],
  [10, { name: "q2_K", id: 10, blockElements: 256, blockBytes: 84 }],
  [11, { name: "q3_K", id: 11, blockElements: 256, blockBytes: 110 }],
  [12, { name: "q4_K", id: 12, blockElements: 256, blockBytes: 144 }],
  [13, { name: "q5_K", id: 13, blockElements: 256, blockBytes: 176 }],
  [14, { name: "q6_K", id: 14, blockElements: 256, blockBytes: 210 }],
  [24, { name: "bf16", id: 30, blockElements: 1, blockBytes: 2 }],
]);

/** Above this factor the file type carries the version of the quantisation (GGML_QNT_VERSION_FACTOR). */
const quantisationVersionFactor = 1_000;

/** The type of the large matrices; undefined for a file type that no whisper model has. */
export function weightTypeOf(fileType: number): TensorType | undefined {
  return weightTypes.get(fileType % quantisationVersionFactor);
}

/** Bytes of a tensor whose innermost dimension is a whole number of blocks. */
export function tensorBytes(tensor: ExpectedTensor): number {
  const elements = tensor.dims.reduce((product, dim) => product * dim, 1);
  return (elements / tensor.type.blockElements) * tensor.type.blockBytes;
}

/** Collects tensors under a common name. */
class TensorGroup {
  readonly #tensors: Map<string, ExpectedTensor>;
  readonly #prefix: string;

  constructor(tensors: Map<string, ExpectedTensor>, prefix: string) {
    this.#tensors = tensors;
    this.#prefix = prefix;
  }

  add(name: string, type: TensorType, ...dims: readonly number[]): void {
    this.#tensors.set(this.#prefix + name, { dims, type });
  }

  layerNorm(name: string, width: number): void {
    this.add(`${name}.weight`, f32, width);
    this.add(`${name}.bias`, f32, width);
  }

  linear(name: string, type: TensorType, dims: readonly [number, number]): void {
    this.add(`${name}.weight`, type, ...dims);
    this.add(`${name}.bias`, f32, dims[1]);
  }

  /** Layer norm and the four projections; the key projection has no bias. */
  attention(name: string, type: TensorType, width: number): void {
    this.layerNorm(`${name}_ln`, width);
    this.linear(`${name}.query`, type, [width, width]);
    this.add(`${name}.key.weight`, type, width, width);
    this.linear(`${name}.value`, type, [width, width]);
    this.linear(`${name}.out`, type, [width, width]);
  }

  feedForward(type: TensorType, width: number): void {
    this.layerNorm("mlp_ln", width);
    this.linear("mlp.0", type, [width, 4 * width]);
    this.linear("mlp.2", type, [4 * width, width]);
  }
}

/** All tensors by name, as `whisper_model_load` creates them. */
export function expectedTensors(
  model: GgmlHyperparameters,
  weights: TensorType,
): Map<string, ExpectedTensor> {
  const tensors = new Map<string, ExpectedTensor>();
  addEncoder(tensors, model, weights);
  addDecoder(tensors, model, weights);
  return tensors;
}

function addEncoder(
  tensors: Map<string, ExpectedTensor>,
  model: GgmlHyperparameters,
  weights: TensorType,
): void {
  const width = model.audioState;
  // Convolutions are never quantised.
  const convolution = weights.id === f32.id ? f32 : f16;
  const encoder = new TensorGroup(tensors, "encoder.");
  encoder.add("positional_embedding", f32, width, model.audioContext);
  encoder.add("conv1.weight", convolution, 3, model.mels, width);
  encoder.add("conv1.bias", f32, 1, width);
  encoder.add("conv2.weight", convolution, 3, width, width);
  encoder.add("conv2.bias", f32, 1, width);
  encoder.layerNorm("ln_post", width);
  for (let layer = 0; layer < model.audioLayers; layer += 1) {
    const block = new TensorGroup(tensors, `encoder.blocks.${layer}.`);
    block.attention("attn", weights, width);
    block.feedForward(weights, width);
  }
}

function addDecoder(
  tensors: Map<string, ExpectedTensor>,
  model: GgmlHyperparameters,
  weights: TensorType,
): void {
  const width = model.textState;
  const decoder = new TensorGroup(tensors, "decoder.");
  decoder.add("positional_embedding", f32, width, model.textContext);
  decoder.add("token_embedding.weight", weights, width, model.vocabulary);
  decoder.layerNorm("ln", width);
  for (let layer = 0; layer < model.textLayers; layer += 1) {
    const block = new TensorGroup(tensors, `decoder.blocks.${layer}.`);
    block.attention("attn", weights, width);
    block.attention("cross_attn", weights, width);
    block.feedForward(weights, width);
  }
}
