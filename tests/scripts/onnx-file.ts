/** Writes ONNX files with graphs and tensors to order, and finds tensors in a given one. */
import { PbfWriter } from "pbf";

export interface SketchedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dataType: number;
  readonly data: Uint8Array;
}

/** Reverses what a reader does; field numbers as in onnx.proto. */
export function encodeOnnx(graph: Uint8Array): Uint8Array {
  return message((pbf) => pbf.writeBytesField(7, graph));
}

/** Its tensors are initializers; those of Silero lie in nodes, see `encodeConstants`. */
export function encodeInitializers(tensors: readonly SketchedTensor[]): Uint8Array {
  return message((pbf) => {
    for (const tensor of tensors) pbf.writeBytesField(5, encodeTensor(tensor));
  });
}

/** A graph with one node for each tensor, which is how Silero has them. */
export function encodeConstants(tensors: readonly SketchedTensor[]): Uint8Array {
  return message((pbf) => {
    for (const tensor of tensors) pbf.writeBytesField(1, encodeNode(5, encodeTensor(tensor)));
  });
}

/** A graph with one node that holds other graphs, such as the branches of an `If`. */
export function encodeBranches(...graphs: readonly Uint8Array[]): Uint8Array {
  return message((pbf) => {
    for (const graph of graphs) pbf.writeBytesField(1, encodeNode(6, graph));
  });
}

/** Where the elements of the last tensor of this name begin: in Silero, the one for 16 kHz. */
export function dataOffset(onnx: Uint8Array, name: string): number {
  const nameField = Buffer.concat([Buffer.from([(8 << 3) | 2, name.length]), Buffer.from(name)]);
  const at = Buffer.from(onnx.buffer, onnx.byteOffset, onnx.length).lastIndexOf(nameField);
  if (at === -1) throw new Error(`no tensor ${name}`);
  let offset = at + nameField.length + 1;
  while ((onnx[offset] ?? 0) > 0x7f) offset += 1;
  return offset + 1;
}

function encodeNode(attributeField: number, value: Uint8Array): Uint8Array {
  const attribute = message((pbf) => pbf.writeBytesField(attributeField, value));
  return message((pbf) => pbf.writeBytesField(5, attribute));
}

function encodeTensor({ name, shape, dataType, data }: SketchedTensor): Uint8Array {
  return message((pbf) => {
    for (const size of shape) pbf.writeVarintField(1, size);
    pbf.writeVarintField(2, dataType);
    pbf.writeStringField(8, name);
    pbf.writeBytesField(9, data);
  });
}

function message(write: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  write(pbf);
  return pbf.finish().slice();
}
