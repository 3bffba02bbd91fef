/**
 * Writes a whisper model of a given size whose weights are random numbers: it costs what a trained
 * one costs. It hears nothing, but says one fixed sentence and ends, since a decoder that rambles
 * on to its limit and starts again at other temperatures would be no likeness of real use.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { ggmlHeaderBytes, readGgmlHeader } from "../src/whisper/ggml-header.ts";
import {
  type ExpectedTensor,
  expectedTensors,
  type GgmlHyperparameters,
  tensorBytes,
} from "../src/whisper/ggml-layout.ts";
import { Xorshift32 } from "./xorshift.ts";

/** What the size of a model is made of; encoder and decoder are alike. */
export interface ModelShape {
  readonly state: number;
  readonly heads: number;
  readonly layers: number;
  readonly audioContext: number;
  readonly textContext: number;
}

/** whisper's "base". */
export const baseShape: ModelShape = {
  state: 512,
  heads: 8,
  layers: 6,
  audioContext: 1500,
  textContext: 448,
};

export interface RandomModelOptions {
  /** Any whisper model; its mel filters and vocabulary are taken over. */
  readonly donor: Uint8Array;
  readonly shape: ModelShape;
  readonly seed: number;
}

/** The file in pieces, in order; the same options give the same bytes. */
export function* randomModel(options: RandomModelOptions): Generator<Uint8Array> {
  const donor = readDonor(options.donor);
  const model = hyperparameters(donor.vocabularySize, options.shape);
  const header = readGgmlHeader(viewOf(encodeHeader(model)));
  if (!header.ok) throw new RangeError(`no whisper model has this shape: ${header.fault}`);
  yield encodeHeader(model);
  yield donor.filtersAndVocabulary;
  const random = new Xorshift32(options.seed);
  const normal = normalDeviates(random);
  const sentence = chooseSentence(donor, random);
  let embedding: Uint16Array | undefined;
  for (const [name, tensor] of tokenEmbeddingFirst(expectedTensors(model, header.weights))) {
    yield tensorHeader(name, tensor);
    if (name === "decoder.positional_embedding") {
      yield bytesOf(spellOut(sentence, requireEmbedding(embedding), options.shape));
      continue;
    }
    const data = fillTensor(name, tensor, { random, normal });
    if (name === tokenEmbedding && data instanceof Uint16Array) embedding = data;
    yield bytesOf(data);
  }
}

export function writeRandomModel(path: string, options: RandomModelOptions): void {
  const file = openSync(path, "w");
  try {
    for (const piece of randomModel(options)) writeAll(file, piece);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

interface Donor {
  readonly vocabularySize: number;
  readonly tokens: readonly string[];
  readonly filtersAndVocabulary: Uint8Array;
}

function readDonor(bytes: Uint8Array): Donor {
  const view = viewOf(bytes);
  const vocabularySize = view.getInt32(4, true);
  const filters = view.getInt32(ggmlHeaderBytes, true) * view.getInt32(ggmlHeaderBytes + 4, true);
  let at = ggmlHeaderBytes + 8 + filters * 4;
  const count = view.getInt32(at, true);
  at += 4;
  const tokens: string[] = [];
  const decoder = new TextDecoder("latin1");
  for (let token = 0; token < count; token += 1) {
    const length = view.getUint32(at, true);
    tokens.push(decoder.decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return { vocabularySize, tokens, filtersAndVocabulary: bytes.subarray(ggmlHeaderBytes, at) };
}

function hyperparameters(vocabulary: number, shape: ModelShape): GgmlHyperparameters {
  const { state, heads, layers, audioContext, textContext } = shape;
  return {
    vocabulary,
    audioContext,
    audioState: state,
    audioHeads: heads,
    audioLayers: layers,
    textContext,
    textState: state,
    textHeads: heads,
    textLayers: layers,
    mels: 80,
    fileType: 1, // GGML_FTYPE_MOSTLY_F16
  };
}

function encodeHeader(model: GgmlHyperparameters): Uint8Array {
  const magic = 0x67676d6c;
  return bytesOf(
    Int32Array.of(
      magic,
      model.vocabulary,
      model.audioContext,
      model.audioState,
      model.audioHeads,
      model.audioLayers,
      model.textContext,
      model.textState,
      model.textHeads,
      model.textLayers,
      model.mels,
      model.fileType,
    ),
  );
}

const tokenEmbedding = "decoder.token_embedding.weight";

/** The order in the file is free, and the positional embedding is made from this one. */
function tokenEmbeddingFirst(tensors: Map<string, ExpectedTensor>): [string, ExpectedTensor][] {
  return [...tensors].toSorted(
    ([left], [right]) => Number(right === tokenEmbedding) - Number(left === tokenEmbedding),
  );
}

function tensorHeader(name: string, tensor: ExpectedTensor): Uint8Array {
  const text = new TextEncoder().encode(name);
  const { dims, type } = tensor;
  const numbers = bytesOf(Int32Array.of(dims.length, text.length, type.id, ...dims));
  const header = new Uint8Array(numbers.length + text.length);
  header.set(numbers);
  header.set(text, numbers.length);
  return header;
}

const deviates = 1 << 16;

/** Normally distributed numbers to draw from (Box-Muller). */
function normalDeviates(random: Xorshift32): Float64Array {
  return Float64Array.from({ length: deviates }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.unit()));
    return radius * Math.cos(2 * Math.PI * random.unit());
  });
}

interface Randomness {
  readonly random: Xorshift32;
  readonly normal: Float64Array;
}

function fillTensor(
  name: string,
  tensor: ExpectedTensor,
  { random, normal }: Randomness,
): Uint16Array | Float32Array {
  const elements = tensor.dims.reduce((product, dim) => product * dim, 1);
  const isHalf = tensorBytes(tensor) === elements * 2;
  const data = isHalf ? new Uint16Array(elements) : new Float32Array(elements);
  if (name.endsWith(".bias")) return data;
  if (/_ln\.weight$|\bln(_post)?\.weight$/.test(name)) return data.fill(1);
  const scaled = normal.map((deviate) => deviate * standardDeviation(name, tensor));
  // Halves are drawn as bits: converting each number anew would take several seconds.
  const source = isHalf ? new Uint16Array(Float16Array.from(scaled).buffer) : scaled;
  for (let index = 0; index < elements; index += 1) {
    data[index] = source[random.next() & (deviates - 1)] ?? 0;
  }
  return data;
}

/** Keeps activations near 1; what a layer adds stays small beside the positional embedding. */
function standardDeviation(name: string, tensor: ExpectedTensor): number {
  if (name === tokenEmbedding) return embeddingDeviation(tensor.dims[0] ?? 1);
  if (name.endsWith("positional_embedding")) return 0.1;
  const isConvolution = tensor.dims.length === 3;
  const inputs = (tensor.dims[0] ?? 1) * (isConvolution ? (tensor.dims[1] ?? 1) : 1);
  const share = /\.(out|mlp\.2)\.weight$/.test(name) ? 0.1 : 1;
  return share / Math.sqrt(inputs);
}

/** Makes the right token stand out as clearly in a model of any width as in a trained one. */
function embeddingDeviation(state: number): number {
  return 25 / state;
}

/** As long as a caller's usual sentence. */
const sentenceTokens = 16;
/** In English-only models; one more in those that know more languages. */
const endOfText = 50_256;
const multilingualVocabulary = 51_865;

interface Sentence {
  readonly tokens: readonly number[];
  readonly end: number;
}

/** Distinct whole words in plain letters. */
function chooseSentence(donor: Donor, random: Xorshift32): Sentence {
  const words = donor.tokens.flatMap((text, token) => (/^ [a-z]{3,8}$/.test(text) ? [token] : []));
  const chosen = new Set<number>();
  while (chosen.size < Math.min(sentenceTokens, words.length)) {
    chosen.add(words[random.next() % words.length] ?? 0);
  }
  const isMultilingual = donor.vocabularySize >= multilingualVocabulary;
  return { tokens: [...chosen], end: isMultilingual ? endOfText + 1 : endOfText };
}

/**
 * Positions that point, in the space of the token embedding, at what comes next. Decoding without
 * time stamps starts at the second position, and so at the second word.
 */
function spellOut(sentence: Sentence, embedding: Uint16Array, shape: ModelShape): Float32Array {
  const { state, textContext } = shape;
  const halves = new Float16Array(embedding.buffer);
  const positions = new Float32Array(state * textContext);
  const gain = 1 / embeddingDeviation(state);
  for (let position = 0; position < textContext; position += 1) {
    const token = sentence.tokens[position] ?? sentence.end;
    for (let index = 0; index < state; index += 1) {
      positions[position * state + index] = gain * (halves[token * state + index] ?? 0);
    }
  }
  return positions;
}

function requireEmbedding(embedding: Uint16Array | undefined): Uint16Array {
  if (embedding === undefined) throw new RangeError("the token embedding is not written first");
  return embedding;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(data: Int32Array | Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
