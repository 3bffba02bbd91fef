/**
 * Runs a WebAssembly command with as much of WASI preview 1 as a program needs that has arguments and
 * writes one file: it sees an empty folder, an empty standard input and a clock that stands still, so
 * that the same arguments give the same bytes.
 */

export interface WasiArguments {
  /** The first one is the program's name. No argument may hold a zero. */
  readonly args: readonly string[];
  /** Ends the program as a fault when it has written more. */
  readonly maxFileBytes: number;
}

export interface WasiOutcome {
  readonly exitCode: number;
  /** What was written to all files, one behind the other. */
  readonly file: Uint8Array;
}

/** A program that is ready to run, once: its memory is made, which takes as long as a few words. */
export class WasiProgram {
  readonly #host = new WasiHost();
  readonly #start: Function;

  /** Throws a TypeError for a module that is no command. */
  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, {
      wasi_snapshot_preview1: this.#host.functions(),
    });
    const { memory, _start: start } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || typeof start !== "function") {
      throw new TypeError("this is no WASI command: memory or _start is missing");
    }
    this.#host.attach(memory);
    this.#start = start;
  }

  /** Throws what the engine throws for a fault of the program, such as an access out of bounds. */
  run(given: WasiArguments): WasiOutcome {
    this.#host.give(given);
    return { exitCode: exitCodeOf(this.#start), file: this.#host.takeFile() };
  }
}

/** Carries the exit code through the frames of the program, which know no other way out. */
class ProgramExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the program ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The exit code is what the program gives to `proc_exit`; one that returns has succeeded. */
function exitCodeOf(start: Function): number {
  try {
    Reflect.apply(start, undefined, []);
    return 0;
  } catch (error) {
    if (error instanceof ProgramExit) return error.exitCode;
    throw error;
  }
}

const success = 0;
/** `EBADF` and `ESPIPE` of WASI. */
const badDescriptor = 8;
const notSeekable = 70;

/** 0, 1 and 2 are the standard streams; the folder is the only one that is open from the start. */
const folderDescriptor = 3;
const firstFileDescriptor = 4;
const folderName = "/";

const characterDevice = 2;
const directory = 3;
const regularFile = 4;

function succeed(): number {
  return success;
}

class WasiHost {
  #args: readonly Uint8Array[] = [];
  #maxFileBytes = 0;
  readonly #parts: Uint8Array[] = [];
  #fileBytes = 0;
  #memory: WebAssembly.Memory | undefined;

  give({ args, maxFileBytes }: WasiArguments): void {
    this.#args = args.map((text) => Buffer.from(`${text}\0`));
    this.#maxFileBytes = maxFileBytes;
  }

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  takeFile(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  functions(): Record<string, (...values: never[]) => number> {
    return {
      args_sizes_get: (count: number, bytes: number) => this.#measureArgs(count, bytes),
      args_get: (pointers: number, bytes: number) => this.#giveArgs(pointers, bytes),
      clock_time_get: (_clock: number, _precision: bigint, time: number) => this.#giveTime(time),
      fd_close: succeed,
      fd_fdstat_get: (descriptor: number, stat: number) => this.#giveStat(descriptor, stat),
      fd_fdstat_set_flags: succeed,
      fd_prestat_get: (descriptor: number, stat: number) => this.#giveFolder(descriptor, stat),
      fd_prestat_dir_name: (_folder: number, name: number) => this.#giveFolderName(name),
      fd_read: (_file: number, _vectors: number, _count: number, read: number) =>
        this.#giveNothing(read),
      fd_seek: () => notSeekable,
      fd_write: (descriptor: number, vectors: number, count: number, written: number) =>
        this.#write(descriptor, { vectors, count, written }),
      path_open: (...values: number[]) => this.#open(values.at(-1) ?? 0),
      proc_exit: (exitCode: number) => {
        throw new ProgramExit(exitCode);
      },
    };
  }

  #measureArgs(count: number, bytes: number): number {
    this.#view.setUint32(count, this.#args.length, true);
    const total = this.#args.reduce((sum, text) => sum + text.length, 0);
    this.#view.setUint32(bytes, total, true);
    return success;
  }

  #giveArgs(pointers: number, bytes: number): number {
    let at = bytes;
    this.#args.forEach((text, index) => {
      this.#view.setUint32(pointers + 4 * index, at, true);
      this.#bytes(at, text.length).set(text);
      at += text.length;
    });
    return success;
  }

  #giveTime(time: number): number {
    this.#view.setBigUint64(time, 0n, true);
    return success;
  }

  #giveStat(descriptor: number, stat: number): number {
    const everyRight = 0x1fff_ffffn;
    this.#bytes(stat, 24).fill(0);
    this.#view.setUint8(stat, kindOf(descriptor));
    this.#view.setBigUint64(stat + 8, everyRight, true);
    this.#view.setBigUint64(stat + 16, everyRight, true);
    return success;
  }

  /** The C library asks for descriptors one by one until it is told that there is none. */
  #giveFolder(descriptor: number, stat: number): number {
    if (descriptor !== folderDescriptor) return badDescriptor;
    this.#view.setUint32(stat, 0, true);
    this.#view.setUint32(stat + 4, folderName.length, true);
    return success;
  }

  #giveFolderName(name: number): number {
    this.#bytes(name, folderName.length).set(Buffer.from(folderName));
    return success;
  }

  #giveNothing(read: number): number {
    this.#view.setUint32(read, 0, true);
    return success;
  }

  #open(descriptor: number): number {
    this.#view.setUint32(descriptor, firstFileDescriptor, true);
    return success;
  }

  /** What goes to the standard streams is for a person at a terminal, and nobody is there. */
  #write(descriptor: number, to: { vectors: number; count: number; written: number }): number {
    let total = 0;
    for (let index = 0; index < to.count; index += 1) {
      const vector = to.vectors + 8 * index;
      const length = this.#view.getUint32(vector + 4, true);
      if (descriptor >= firstFileDescriptor) this.#keep(this.#view.getUint32(vector, true), length);
      total += length;
    }
    this.#view.setUint32(to.written, total, true);
    return success;
  }

  #keep(at: number, length: number): void {
    this.#fileBytes += length;
    if (this.#fileBytes > this.#maxFileBytes) {
      throw new RangeError(`the program wrote more than ${this.#maxFileBytes} bytes`);
    }
    this.#parts.push(this.#bytes(at, length).slice());
  }

  /** Made anew each time: memory that grows leaves the views of before without bytes. */
  get #view(): DataView {
    return new DataView(this.#buffer);
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, at, length);
  }

  get #buffer(): ArrayBuffer {
    if (this.#memory === undefined) throw new TypeError("the program runs before it is started");
    return this.#memory.buffer;
  }
}

function kindOf(descriptor: number): number {
  if (descriptor < folderDescriptor) return characterDevice;
  return descriptor === folderDescriptor ? directory : regularFile;
}
