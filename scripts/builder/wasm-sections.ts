/** A WebAssembly file taken apart into its sections and put together again; nothing else is understood. */
import { WildfireError } from "../../src/core/errors.ts";

/** Numbers of sections in the format. */
export const customSection = 0;
export const dataSection = 11;

export interface WasmSection {
  readonly id: number;
  readonly content: Uint8Array;
}

/** "\0asm" and version 1. */
const preamble = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** `i32.const`, and the `end` behind a constant expression. */
const opcodeI32Const = 0x41;
const opcodeEnd = 0x0b;

/** One stretch of bytes that memory holds from the start. */
export interface DataSegment {
  /** Where it goes in memory 0. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

export function readSections(file: Uint8Array): WasmSection[] {
  if (!preamble.every((byte, index) => file[index] === byte)) throw damaged("it does not begin so");
  const reader = new Leb128Reader(file, preamble.length);
  const sections: WasmSection[] = [];
  while (!reader.isAtEnd) {
    const id = reader.byte();
    sections.push({ id, content: reader.bytes(reader.unsigned()) });
  }
  return sections;
}

export function writeSections(sections: readonly WasmSection[]): Uint8Array {
  const parts = sections.flatMap(({ id, content }) => [
    Uint8Array.of(id),
    unsigned(content.length),
    content,
  ]);
  return Buffer.concat([preamble, ...parts]);
}

/** Of active segments in memory 0 only: a module that has others is refused. */
export function readDataSegments(content: Uint8Array): DataSegment[] {
  const reader = new Leb128Reader(content, 0);
  const count = reader.unsigned();
  return Array.from({ length: count }, () => {
    reader.expect(0x00);
    reader.expect(opcodeI32Const);
    const address = reader.unsigned();
    reader.expect(opcodeEnd);
    return { address, bytes: reader.bytes(reader.unsigned()) };
  });
}

export function writeDataSegments(segments: readonly DataSegment[]): Uint8Array {
  const parts = segments.flatMap(({ address, bytes }) => [
    Uint8Array.of(0x00, opcodeI32Const),
    signed(address),
    Uint8Array.of(opcodeEnd),
    unsigned(bytes.length),
    bytes,
  ]);
  return Buffer.concat([unsigned(segments.length), ...parts]);
}

class Leb128Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw damaged("it ends too early");
    this.#at += 1;
    return byte;
  }

  expect(wanted: number): void {
    const found = this.byte();
    if (found !== wanted) throw damaged(`it has ${found} in place of ${wanted} at ${this.#at - 1}`);
  }

  /** Positive values of signed numbers read the same as long as they are below 2^31. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw damaged("a number in it is too long");
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw damaged("it ends too early");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 0x80;
    rest = Math.floor(rest / 0x80);
    bytes.push(rest === 0 ? low : low + 0x80);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** Of a number that is not negative: bit 6 of the last byte is the sign and has to be clear. */
function signed(value: number): Uint8Array {
  const bytes = unsigned(value);
  const last = bytes.at(-1) ?? 0;
  if ((last & 0x40) === 0) return bytes;
  return Uint8Array.of(...bytes.subarray(0, -1), last + 0x80, 0x00);
}

function damaged(how: string): WildfireError {
  return new WildfireError("model", `this is no WebAssembly file: ${how}`);
}
