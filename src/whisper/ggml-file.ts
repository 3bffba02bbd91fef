/**
 * Checks a whisper.cpp model file from its headers alone, before the native loader sees it: that one
 * trusts what it reads, and a broken file can end the process.
 */
import { quote, type WildfireError } from "../core/errors.ts";
import { latin1, recogniseForeignFile } from "./file-signatures.ts";
import { ggmlHeaderBytes, readGgmlHeader } from "./ggml-header.ts";
import {
  expectedTensors,
  tensorBytes,
  type ExpectedTensor,
  type GgmlHyperparameters,
} from "./ggml-layout.ts";
import { fileModel, modelError, ModelReader, type ModelSource } from "./ggml-source.ts";

export interface GgmlModelInfo extends GgmlHyperparameters {
  /** After the number of audio layers, as whisper.cpp names it. */
  readonly type: "tiny" | "base" | "small" | "medium" | "large" | "custom";
  readonly multilingual: boolean;
  /** How the large matrices are stored, such as "f16" or "q5_0". */
  readonly quantisation: string;
  readonly tensors: number;
  readonly sizeBytes: number;
}

interface FoundTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly typeId: number;
}

const magic = 0x67676d6c;
/** 1 + WHISPER_N_FFT / 2. */
const frequencyBins = 201;
const tensorHeaderBytes = 12;
const longestTokenBytes = 4_096;
const longestNameBytes = 128;
const vocabularyReadAhead = 65_536;
/** Enough for the header, dimensions and name of a tensor; its data is skipped. */
const tensorReadAhead = 256;

/** Checks a model file on disk. */
export async function inspectGgmlFile(path: string): Promise<GgmlModelInfo> {
  return inspectGgmlModel(await fileModel(path));
}

/** Resolves for a file that whisper.cpp can load; rejects with a one-line WildfireError otherwise. */
export function inspectGgmlModel(source: ModelSource): Promise<GgmlModelInfo> {
  return new GgmlInspection(source).run();
}

class GgmlInspection {
  readonly #source: ModelSource;
  readonly #reader: ModelReader;

  constructor(source: ModelSource) {
    this.#source = source;
    this.#reader = new ModelReader(source);
  }

  async run(): Promise<GgmlModelInfo> {
    await this.#refuseForeignFile();
    const header = readGgmlHeader(viewOf(await this.#take(ggmlHeaderBytes, 0, "the header")));
    if (!header.ok) throw this.#error(`has a header that no whisper model has: ${header.fault}`);
    const { model, weights } = header;
    await this.#skipMelFilters(model);
    await this.#skipVocabulary(model);
    const missing = expectedTensors(model, weights);
    const tensors = missing.size;
    while (missing.size > 0) await this.#checkTensor(missing);
    const { remaining } = this.#reader;
    if (remaining > 0) throw this.#error(`goes on for ${remaining} bytes after its last tensor`);
    return {
      ...model,
      type: typeOf(model.audioLayers),
      multilingual: model.vocabulary >= 51_865,
      quantisation: weights.name,
      tensors,
      sizeBytes: this.#source.sizeBytes,
    };
  }

  async #refuseForeignFile(): Promise<void> {
    if (this.#source.sizeBytes === 0) throw this.#error("is empty");
    const start = await this.#source.read(0, 128);
    const foreign = recogniseForeignFile(start);
    if (foreign !== undefined) {
      throw this.#error(`is ${foreign.what}, not a whisper.cpp ggml model`, foreign.hint);
    }
    if (start.length >= 4 && viewOf(start).getUint32(0, true) === magic) return;
    const shown = quote(latin1(start.subarray(0, 4)));
    throw this.#error(`is not a whisper.cpp ggml model: it starts with ${shown}`);
  }

  async #skipMelFilters(model: GgmlHyperparameters): Promise<void> {
    const where = "the mel filters";
    const sizes = viewOf(await this.#take(8, 0, where));
    const mels = sizes.getInt32(0, true);
    const bins = sizes.getInt32(4, true);
    if (mels !== model.mels || bins !== frequencyBins) {
      const expected = `${model.mels} x ${frequencyBins}`;
      throw this.#error(`has mel filters of ${mels} x ${bins} instead of ${expected}`);
    }
    this.#skip(mels * bins * 4, where);
  }

  async #skipVocabulary(model: GgmlHyperparameters): Promise<void> {
    const where = "the vocabulary";
    const count = viewOf(await this.#take(4, vocabularyReadAhead, where)).getInt32(0, true);
    if (count < 1 || count > model.vocabulary) {
      throw this.#error(
        `has a vocabulary of ${count} tokens where ${model.vocabulary} are announced`,
      );
    }
    for (let token = 0; token < count; token += 1) {
      const length = viewOf(await this.#take(4, vocabularyReadAhead, where)).getUint32(0, true);
      if (length > longestTokenBytes) {
        throw this.#error(`is damaged: token ${token} of its vocabulary has ${length} bytes`);
      }
      this.#skip(length, where);
    }
  }

  /** Reads one tensor's header, passes over its data, and takes it off the missing ones. */
  async #checkTensor(missing: Map<string, ExpectedTensor>): Promise<void> {
    const found = await this.#readTensorHeader(missing);
    const expected = missing.get(found.name);
    if (expected === undefined) {
      throw this.#error(`has the tensor ${quote(found.name, 80)} twice, or for another model`);
    }
    this.#compare(found, expected);
    const bytes = tensorBytes(expected);
    if (bytes > this.#reader.remaining) throw this.#truncatedTensors(missing, found.name);
    this.#skip(bytes, found.name);
    missing.delete(found.name);
  }

  async #readTensorHeader(missing: Map<string, ExpectedTensor>): Promise<FoundTensor> {
    const at = this.#reader.position;
    const header = await this.#reader.take(tensorHeaderBytes, tensorReadAhead);
    if (header === undefined) throw this.#truncatedTensors(missing, undefined);
    const view = viewOf(header);
    const dimCount = view.getInt32(0, true);
    const nameBytes = view.getInt32(4, true);
    const typeId = view.getInt32(8, true);
    if (dimCount < 1 || dimCount > 4 || nameBytes < 1 || nameBytes > longestNameBytes) {
      throw this.#error(`is damaged: no tensor starts at byte ${at}`);
    }
    const rest = await this.#reader.take(dimCount * 4 + nameBytes, tensorReadAhead);
    if (rest === undefined) throw this.#truncatedTensors(missing, undefined);
    const restView = viewOf(rest);
    const dims = Array.from({ length: dimCount }, (_, index) => restView.getInt32(index * 4, true));
    return { name: new TextDecoder().decode(rest.subarray(dimCount * 4)), dims, typeId };
  }

  #compare(found: FoundTensor, expected: ExpectedTensor): void {
    const { dims, type } = expected;
    const longest = Math.max(dims.length, found.dims.length);
    for (let index = 0; index < longest; index += 1) {
      if ((found.dims[index] ?? 1) === (dims[index] ?? 1)) continue;
      const shown = `[${found.dims.join(", ")}] instead of [${dims.join(", ")}]`;
      throw this.#error(`does not fit its header: tensor ${quote(found.name, 80)} is ${shown}`);
    }
    if (found.typeId === type.id) return;
    const shown = `type ${found.typeId} instead of ${type.id} (${type.name})`;
    throw this.#error(`does not fit its header: tensor ${quote(found.name, 80)} is of ${shown}`);
  }

  async #take(length: number, ahead: number, where: string): Promise<Uint8Array> {
    const bytes = await this.#reader.take(length, ahead);
    if (bytes === undefined) throw this.#truncated(where);
    return bytes;
  }

  #skip(length: number, where: string): void {
    if (!this.#reader.skip(length)) throw this.#truncated(where);
  }

  #truncated(where: string): WildfireError {
    return this.#error(`is truncated at byte ${this.#source.sizeBytes} in ${where}`);
  }

  /** Here the full size is known: what was read, the data of `current`, and all other tensors. */
  #truncatedTensors(
    missing: Map<string, ExpectedTensor>,
    current: string | undefined,
  ): WildfireError {
    let fullBytes = this.#reader.position;
    for (const [name, tensor] of missing) {
      fullBytes += tensorBytes(tensor);
      if (name !== current) fullBytes += tensorHeaderBytes + tensor.dims.length * 4 + name.length;
    }
    const [next] = missing.keys();
    const where = current === undefined ? `before tensor ${next}` : `in tensor ${current}`;
    return this.#error(`is truncated at byte ${this.#source.sizeBytes} of ${fullBytes} ${where}`);
  }

  #error(
    problem: string,
    hint = "download it again, or name another whisper model",
  ): WildfireError {
    return modelError(`model ${quote(this.#source.name, 200)} ${problem}`, hint);
  }
}

function typeOf(audioLayers: number): GgmlModelInfo["type"] {
  switch (audioLayers) {
    case 4:
      return "tiny";
    case 6:
      return "base";
    case 12:
      return "small";
    case 24:
      return "medium";
    case 32:
      return "large";
    default:
      return "custom";
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
