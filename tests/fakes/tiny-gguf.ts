/**
 * A language model of half a megabyte in the GGUF format (version 3) whose answer a test knows: each
 * byte of the answer leads to the next one, and the colon that ends the prompt leads to the first.
 */
import { PseudoRandom } from "../../src/evaluation/pseudo-random.ts";

export interface TinyModelOptions {
  /** At most 128 bytes, each of them at most once, and no colon. Need not be UTF-8. */
  readonly answer: Uint8Array;
  /** `ends`: the answer is said once; `repeats`: it begins anew, for ever. */
  readonly after: "ends" | "repeats";
}

/** Tokens that the model was made for; one for each byte of the prompt. */
export const tinyModelContext = 2048;

const width = 64;
const heads = 4;
const hidden = 128;
const layers = 2;
/** Unknown, begin, end, and then one token for each byte. */
const controlTokens = ["<unk>", "<s>", "</s>"] as const;
const endToken = 2;
const vocabulary = controlTokens.length + 256;
const alignment = 32;

/** How much likelier the wanted token is than all others; the answer is the same at any temperature. */
const certainty = 6;

const valueTypes = { u32: 4, i32: 5, f32: 6, text: 8, list: 9 } as const;
/** Kinds of token: unknown, control, byte. */
const tokenKinds = { unknown: 2, control: 3, byte: 6 } as const;
const chatTemplate =
  "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant:";

interface Tensor {
  readonly name: string;
  /** Row length first, as the format has it. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The bytes of a model file for `llama-server --model`. */
export function tinyGguf(options: TinyModelOptions): Uint8Array {
  if (new Set(options.answer).size < options.answer.length) {
    throw new Error("each byte of the answer must be in it once only");
  }
  const metadata = describeModel();
  const tensors = makeTensors(options);
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    infos.push(text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
    const bytes = padded(Buffer.from(values.buffer));
    data.push(bytes);
    offset += bytes.length;
  }
  const head = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(metadata.length)];
  return Buffer.concat([padded(Buffer.concat([...head, ...metadata, ...infos])), ...data]);
}

function describeModel(): Buffer[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
  const tokens = [...controlTokens, ...bytes.map((digits) => `<0x${digits.toUpperCase()}>`)];
  const { unknown, control, byte } = tokenKinds;
  const kinds = [unknown, control, control, ...bytes.map(() => byte)];
  const whole = (key: string, value: number): Buffer => entry(key, valueTypes.u32, u32(value));
  const words = (key: string, value: string): Buffer => entry(key, valueTypes.text, text(value));
  const list = (key: string, type: number, items: Buffer[]): Buffer =>
    entry(key, valueTypes.list, Buffer.concat([u32(type), u64(items.length), ...items]));
  return [
    words("general.architecture", "llama"),
    words("general.name", "wildfire-tiny"),
    whole("llama.context_length", tinyModelContext),
    whole("llama.embedding_length", width),
    whole("llama.block_count", layers),
    whole("llama.feed_forward_length", hidden),
    whole("llama.attention.head_count", heads),
    whole("llama.attention.head_count_kv", heads),
    whole("llama.rope.dimension_count", width / heads),
    entry("llama.attention.layer_norm_rms_epsilon", valueTypes.f32, f32(1e-5)),
    whole("llama.vocab_size", vocabulary),
    words("tokenizer.ggml.model", "llama"),
    list("tokenizer.ggml.tokens", valueTypes.text, tokens.map(text)),
    list(
      "tokenizer.ggml.scores",
      valueTypes.f32,
      tokens.map(() => f32(0)),
    ),
    list("tokenizer.ggml.token_type", valueTypes.i32, kinds.map(u32)),
    whole("tokenizer.ggml.unknown_token_id", 0),
    whole("tokenizer.ggml.bos_token_id", 1),
    whole("tokenizer.ggml.eos_token_id", endToken),
    words("tokenizer.chat_template", chatTemplate),
  ];
}

function makeTensors(options: TinyModelOptions): Tensor[] {
  const random = new PseudoRandom("tiny model");
  const embedding = new Float32Array(width * vocabulary);
  for (let at = 0; at < embedding.length; at += 1) embedding[at] = random.unit() - 0.5;
  const tensors: Tensor[] = [
    { name: "token_embd.weight", shape: [width, vocabulary], values: embedding },
    { name: "output_norm.weight", shape: [width], values: new Float32Array(width).fill(1) },
    {
      name: "output.weight",
      shape: [width, vocabulary],
      values: followers(embedding, options),
    },
  ];
  for (let layer = 0; layer < layers; layer += 1) tensors.push(...silentLayer(layer, random));
  return tensors;
}

/** A layer that computes as any other, and whose results are multiplied by nothing. */
function silentLayer(layer: number, random: PseudoRandom): Tensor[] {
  const tensor = (name: string, shape: readonly number[], value: () => number): Tensor => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    return { name: `blk.${layer}.${name}.weight`, shape, values: values.map(value) };
  };
  const some = (): number => (random.unit() - 0.5) / 8;
  return [
    tensor("attn_norm", [width], () => 1),
    tensor("attn_q", [width, width], some),
    tensor("attn_k", [width, width], some),
    tensor("attn_v", [width, width], some),
    tensor("attn_output", [width, width], () => 0),
    tensor("ffn_norm", [width], () => 1),
    tensor("ffn_gate", [width, hidden], some),
    tensor("ffn_up", [width, hidden], some),
    tensor("ffn_down", [hidden, width], () => 0),
  ];
}

/** The row of each token points where the embedding of the token before it points. */
function followers(embedding: Float32Array, options: TinyModelOptions): Float32Array {
  const output = new Float32Array(embedding.length);
  const chain = Array.from(options.answer, (byte) => controlTokens.length + byte);
  const [first = endToken] = chain;
  const colon = controlTokens.length + ":".charCodeAt(0);
  const after = options.after === "ends" ? endToken : first;
  for (const [index, token] of [colon, ...chain].entries()) {
    const next = chain[index] ?? after;
    for (let at = 0; at < width; at += 1) {
      const slot = next * width + at;
      output[slot] = (output[slot] ?? 0) + certainty * (embedding[token * width + at] ?? 0);
    }
  }
  return output;
}

function entry(key: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(key), u32(type), value]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (alignment - 1))]);
}
