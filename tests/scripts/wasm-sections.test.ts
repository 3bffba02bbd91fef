/** WebAssembly files taken apart and put together again. */
import { describe, expect, test } from "bun:test";
import {
  readDataSegments,
  readSections,
  writeDataSegments,
  writeSections,
} from "../../scripts/builder/wasm-sections.ts";
import { WildfireError } from "../../src/core/errors.ts";

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

describe("sections", () => {
  test("come back as they were written", () => {
    const sections = [
      { id: 1, content: Uint8Array.of(1, 2, 3) },
      { id: 0, content: new Uint8Array(0) },
      { id: 11, content: new Uint8Array(300).fill(7) },
    ];
    const file = writeSections(sections);
    expect([...file.subarray(0, 8)]).toEqual(preamble);
    expect(readSections(file).map(({ id, content }) => ({ id, content: [...content] }))).toEqual(
      sections.map(({ id, content }) => ({ id, content: [...content] })),
    );
  });

  test.each([
    ["an empty file", []],
    ["another preamble", [0x7f, 0x45, 0x4c, 0x46, 1, 0, 0, 0]],
    ["a section that ends too early", [...preamble, 1, 5, 0, 0]],
    ["a section without a length", [...preamble, 1]],
    ["a length that never ends", [...preamble, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("%s is refused", (_, bytes) => {
    expect(() => readSections(Uint8Array.from(bytes))).toThrow(WildfireError);
  });
});

describe("data segments", () => {
  // 63 and 64 are about the sign bit of one byte, 8191 and 8192 about that of two.
  test.each([0, 1, 63, 64, 127, 128, 8191, 8192, 1_554_656, 17_087_088])(
    "a segment at %d is where a module puts it",
    (address) => {
      const segments = [{ address, bytes: Uint8Array.of(42, 43) }];
      const content = writeDataSegments(segments);
      expect(readDataSegments(content)).toEqual([
        { address, bytes: new Uint8Array(content.subarray(-2)) },
      ]);
      const memory = memoryWith(content);
      expect([...memory.subarray(address, address + 2)]).toEqual([42, 43]);
      expect(memory.indexOf(42)).toBe(address);
    },
  );

  test("a passive segment is refused", () => {
    expect(() => readDataSegments(Uint8Array.of(1, 1, 2, 0, 0))).toThrow(WildfireError);
  });
});

/** What a real WebAssembly engine makes of the section: the memory of a module that has nothing else. */
function memoryWith(dataContent: Uint8Array): Uint8Array {
  const file = writeSections([
    { id: 5, content: Uint8Array.of(1, 0, 0x85, 0x02) },
    { id: 7, content: Uint8Array.of(1, 1, 0x6d, 2, 0) },
    { id: 11, content: dataContent },
  ]);
  const { memory } = {
    memory: new WebAssembly.Instance(new WebAssembly.Module(file)).exports["m"],
  };
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("the module has no memory");
  return new Uint8Array(memory.buffer);
}
