/** Takes the named tensors out of an ONNX file: the few protobuf messages that lead to them. */
import { PbfReader } from "pbf";
import { WildfireError, describeError, quote } from "../../src/core/errors.ts";

export interface OnnxTensor {
  readonly name: string;
  /** Outermost dimension first, as in PyTorch. */
  readonly shape: readonly number[];
  /** ONNX's `TensorProto.DataType`; 1 is float32. */
  readonly dataType: number;
  /** Little-endian elements; a view into the file's bytes, so without alignment. */
  readonly data: Uint8Array;
}

/** The tensors that lie directly in one graph, by name; each branch of an `If` is a graph. */
export type OnnxGraph = ReadonlyMap<string, OnnxTensor>;

/** Field numbers in onnx.proto. */
const modelField = { graph: 7 } as const;
const graphField = { node: 1, initializer: 5 } as const;
const nodeField = { attribute: 5 } as const;
const attributeField = { tensor: 5, graph: 6 } as const;
const tensorField = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;

/** Wire type of strings, bytes and messages. */
const lengthDelimited = 2;

/** Silero has five levels; a file may not have so many that reading it fills the stack. */
const maxGraphDepth = 16;

/** All graphs of the file, inner ones before the graph around them; throws for a damaged file. */
export function readOnnxGraphs(onnx: Uint8Array): OnnxGraph[] {
  return new OnnxWalk(onnx).graphs();
}

class OnnxWalk {
  readonly #pbf: PbfReader;
  readonly #graphs: OnnxGraph[] = [];
  #place = "before the first tensor";

  constructor(onnx: Uint8Array) {
    this.#pbf = new PbfReader(onnx);
  }

  graphs(): OnnxGraph[] {
    try {
      this.#fields(this.#pbf.length, (field) => {
        if (field === modelField.graph) this.#readGraph(1);
      });
    } catch (error) {
      if (error instanceof WildfireError) throw error;
      throw this.#damaged(describeError(error));
    }
    return this.#graphs;
  }

  #readGraph(depth: number): void {
    if (depth > maxGraphDepth) throw this.#damaged(`more than ${maxGraphDepth} nested graphs`);
    const tensors = new Map<string, OnnxTensor>();
    const keep = (tensor: OnnxTensor): void => void tensors.set(tensor.name, tensor);
    this.#message((field) => {
      if (field === graphField.initializer) keep(this.#readTensor());
      if (field === graphField.node) this.#readNode(depth, keep);
    });
    this.#graphs.push(tensors);
  }

  #readNode(depth: number, keep: (tensor: OnnxTensor) => void): void {
    const onAttribute = (field: number): void => {
      if (field === attributeField.tensor) keep(this.#readTensor());
      if (field === attributeField.graph) this.#readGraph(depth + 1);
    };
    this.#message((field) => {
      if (field === nodeField.attribute) this.#message(onAttribute);
    });
  }

  #readTensor(): OnnxTensor {
    const pbf = this.#pbf;
    const shape: number[] = [];
    let name = "";
    let dataType = 0;
    let data: Uint8Array = new Uint8Array();
    this.#message((field) => {
      if (field === tensorField.dims) pbf.readPackedVarint(shape);
      if (field === tensorField.dataType) dataType = pbf.readVarint();
      if (field === tensorField.rawData) data = this.#bytes();
      if (field !== tensorField.name) return;
      name = new TextDecoder().decode(this.#bytes());
      if (name !== "") this.#place = `in tensor ${quote(name)}`;
    });
    if (name !== "") this.#place = `after tensor ${quote(name)}`;
    return { name, shape, dataType, data };
  }

  #message(onField: (field: number) => void): void {
    this.#fields(this.#end(), onField);
  }

  #bytes(): Uint8Array {
    const end = this.#end();
    if (end > this.#pbf.length) throw this.#cutOff(end);
    const bytes = this.#pbf.buf.subarray(this.#pbf.pos, end);
    this.#pbf.pos = end;
    return bytes;
  }

  /**
   * Reads on where a message is longer than the file, since the innermost message says best what is
   * cut off.
   */
  #fields(end: number, onField: (field: number) => void): void {
    const readable = Math.min(end, this.#pbf.length);
    this.#pbf.readFields(onField, undefined, readable);
    const { pos, length } = this.#pbf;
    if (pos > length || end > length) throw this.#cutOff(Math.max(pos, end));
    if (pos !== end) throw this.#damaged(`a message ends at byte ${pos} instead of ${end}`);
  }

  /** Where the string, bytes or message ends whose length comes next. */
  #end(): number {
    if (this.#pbf.type !== lengthDelimited) {
      throw this.#damaged(`wire type ${this.#pbf.type} instead of ${lengthDelimited}`);
    }
    return this.#pbf.readVarint() + this.#pbf.pos;
  }

  #cutOff(end: number): WildfireError {
    return this.#damaged(`it has ${this.#pbf.length} bytes and says that there are ${end}`);
  }

  #damaged(reason: string): WildfireError {
    return new WildfireError("model", `the ONNX file is damaged ${this.#place}: ${reason}`);
  }
}
