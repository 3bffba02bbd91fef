/** The WASI that flite gets, asked by programs of a few instructions. */
import { describe, expect, test } from "bun:test";
import { WasiProgram } from "../../../src/voice/engines/wasi-command.ts";
import { writeSections } from "../../../scripts/builder/wasm-sections.ts";

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];

const i32 = 0x7f;
const i32Const = 0x41;
const call = 0x10;
const drop = 0x1a;
const unreachable = 0x00;
const end = 0x0b;

interface Program {
  /** A WASI function with this many 32-bit arguments. */
  readonly imported: { readonly name: string; readonly arguments: number };
  readonly code: readonly number[];
  /** At address 0. */
  readonly data?: readonly number[];
  readonly exports?: readonly string[];
}

/** A module with one imported function (0), `_start` (1) and a memory of one page. */
function assemble(program: Program): WebAssembly.Module {
  const { imported, code, data = [], exports = ["memory", "_start"] } = program;
  const result = imported.name === "proc_exit" ? [0] : [1, i32];
  const type = [0x60, imported.arguments, ...Array.from({ length: imported.arguments }, () => i32)];
  const body = [0, ...code, end];
  const kinds: Record<string, number[]> = { memory: [2, 0], _start: [0, 1] };
  const sections: readonly (readonly [number, readonly number[]])[] = [
    [1, [2, ...type, ...result, 0x60, 0, 0]],
    [2, [1, ...text("wasi_snapshot_preview1"), ...text(imported.name), 0, 0]],
    [3, [1, 1]],
    [5, [1, 0, 1]],
    [7, [exports.length, ...exports.flatMap((name) => [...text(name), ...(kinds[name] ?? [])])]],
    [10, [1, body.length, ...body]],
    [11, [1, 0, i32Const, 0, end, data.length, ...data]],
  ];
  const file = writeSections(
    sections.map(([id, content]) => ({ id, content: Uint8Array.from(content) })),
  );
  return new WebAssembly.Module(file);
}

/** Two vectors, "he" at 16 and "llo" at 18; the number of written bytes goes to 40. */
const helloVectors = [16, 0, 0, 0, 2, 0, 0, 0, 18, 0, 0, 0, 3, 0, 0, 0, ...Buffer.from("hello")];

function writing(descriptor: number, maxFileBytes = 100) {
  const values = [descriptor, 0, 2, 40].flatMap((value) => [i32Const, value]);
  const module = assemble({
    imported: { name: "fd_write", arguments: 4 },
    code: [...values, call, 0, drop],
    data: helloVectors,
  });
  return new WasiProgram(module).run({ args: ["program"], maxFileBytes });
}

describe("a WASI command", () => {
  test("leaves what it writes to a file", () => {
    const { exitCode, file } = writing(4);
    expect(exitCode).toBe(0);
    expect(Buffer.from(file).toString()).toBe("hello");
  });

  test("is not heard on the standard streams", () => {
    expect(writing(1).file).toHaveLength(0);
    expect(writing(2).file).toHaveLength(0);
  });

  test("fails when it writes more than it may", () => {
    expect(writing(4, 5).file).toHaveLength(5);
    expect(() => writing(4, 4)).toThrow(RangeError);
  });

  test("ends with the code that it says", () => {
    const module = assemble({
      imported: { name: "proc_exit", arguments: 1 },
      code: [i32Const, 7, call, 0, unreachable],
    });
    expect(new WasiProgram(module).run({ args: [], maxFileBytes: 0 }).exitCode).toBe(7);
  });

  test("that traps throws, and the next run is not touched by it", () => {
    const module = assemble({
      imported: { name: "proc_exit", arguments: 1 },
      code: [unreachable],
    });
    expect(() => new WasiProgram(module).run({ args: [], maxFileBytes: 0 })).toThrow(
      WebAssembly.RuntimeError,
    );
    expect(Buffer.from(writing(4).file).toString()).toBe("hello");
  });

  test("that reaches beyond its memory throws", () => {
    const values = [4, 0x7c, 1, 40].flatMap((value) => [i32Const, value]);
    const module = assemble({
      imported: { name: "fd_write", arguments: 4 },
      code: [...values, call, 0, drop],
    });
    expect(() => new WasiProgram(module).run({ args: [], maxFileBytes: 100 })).toThrow(RangeError);
  });

  test("without a memory is none", () => {
    const module = assemble({
      imported: { name: "proc_exit", arguments: 1 },
      code: [],
      exports: ["_start"],
    });
    expect(() => new WasiProgram(module).run({ args: [], maxFileBytes: 0 })).toThrow(TypeError);
  });
});
