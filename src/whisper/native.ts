/** The only door to native code: the whisper library and a few functions of the C library. */
import { dlopen, read } from "bun:ffi";
import { WildfireError, quote } from "../core/errors.ts";
import type { SocketControl } from "../core/socket-control.ts";
import type { Platform } from "../platform/platform.ts";
import {
  type EngineOptions,
  type NativeEngineStatus,
  type NativeEvent,
  type NativeJob,
  createEventBuffer,
  createStatusBuffer,
  decodeEngineStatus,
  decodeEvents,
  describeAbiMismatch,
  encodeEngineOptions,
  encodeJob,
} from "./native-layout.ts";
import { type NativeLogLine, decodeLogLines } from "./native-results.ts";
import { createSocketControl } from "./native-sockets.ts";
import { describeStatus, nativeStatus } from "./native-status.ts";

/** A model file, or a model in memory, which is copied when the engine is opened. */
export type NativeModel = { readonly path: string } | { readonly bytes: Uint8Array };

export interface NativeLogDrain {
  readonly lines: readonly NativeLogLine[];
  /** Lines lost since the last drain because nobody drained. */
  readonly dropped: number;
}

/**
 * The functions of shim/wildfire-native.h. None waits for inference, save `freeEngine` before the
 * event "closed". They throw a WildfireError with code "native" for any failing status that has no
 * place in their result.
 */
export interface NativeLibrary {
  readonly path: string;
  readonly whisperVersion: string;
  /** Instruction set that the library was built for, such as "avx2". */
  readonly cpuVariant: string;
  readonly systemInfo: string;
  /** Starts loading and returns the engine's handle; the outcome is an event. */
  openEngine(options: EngineOptions, model: NativeModel): number;
  /** Copies the samples. Returns the status, 0 when the job is queued. */
  submit(engine: number, job: NativeJob, samples: Float32Array): number;
  poll(engine: number): NativeEvent[];
  /** Bytes of a result, whose size its event told; it is gone from the library afterwards. */
  takeResult(engine: number, jobId: number, resultBytes: number): Uint8Array;
  /** Harmless when there is no such job any more. */
  abort(engine: number, jobId: number): void;
  readStatus(engine: number): NativeEngineStatus;
  beginClose(engine: number): void;
  freeEngine(engine: number): void;
  /** Takes what the library logged; all engines of the process share one log. */
  drainLog(): NativeLogDrain;
}

const identityFunctions = {
  wf_abi_version: { args: [], returns: "u32" },
  wf_struct_size: { args: ["i32"], returns: "u32" },
} as const;

const libraryFunctions = {
  wf_whisper_version: { args: [], returns: "cstring" },
  wf_cpu_variant: { args: [], returns: "cstring" },
  wf_system_info: { args: [], returns: "cstring" },
  wf_log_drain: { args: ["ptr", "i32", "ptr"], returns: "i32" },
  wf_engine_open: { args: ["ptr", "cstring", "ptr", "u64"], returns: "i32" },
  wf_engine_submit: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  wf_engine_poll: { args: ["i32", "ptr", "i32"], returns: "i32" },
  wf_engine_take_result: { args: ["i32", "u32", "ptr", "i32"], returns: "i32" },
  wf_engine_abort: { args: ["i32", "u32"], returns: "i32" },
  wf_engine_read_status: { args: ["i32", "ptr"], returns: "i32" },
  wf_engine_begin_close: { args: ["i32"], returns: "i32" },
  wf_engine_free: { args: ["i32"], returns: "i32" },
} as const;

const eventCapacity = 32;
const logBufferBytes = 64 * 1024;
/** The library wants an address even where there are no samples to read. */
const noSamples = new Float32Array(1);

/** Why the system's loader refuses a library, in its own words, or undefined when it takes it. */
export function findLoadProblem(path: string): string | undefined {
  try {
    dlopen(path, identityFunctions);
    return undefined;
  } catch (error) {
    return loaderReason(error, path);
  }
}

/** What Bun and the loader put in front of the reason is the path, which readers know already. */
function loaderReason(error: unknown, path: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const opening = `Failed to open library "${path}": `;
  const reason = message.startsWith(opening) ? message.slice(opening.length) : message;
  return reason.startsWith(`${path}: `) ? reason.slice(path.length + 2) : reason;
}

/** Loads the native library; it stays loaded until the process ends. */
export function loadNative(path: string): NativeLibrary {
  const { symbols: identity } = openSymbols(path, () => dlopen(path, identityFunctions));
  const mismatch = describeAbiMismatch(identity.wf_abi_version(), (which) =>
    identity.wf_struct_size(which),
  );
  if (mismatch !== undefined) throw cannotUse(path, mismatch);
  return wrap(path, openSymbols(path, () => dlopen(path, libraryFunctions)).symbols);
}

function openSymbols<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw cannotUse(path, loaderReason(error, path));
  }
}

function cannotUse(path: string, reason: string): WildfireError {
  return new WildfireError(
    "native",
    `the native library ${quote(path, 200)} is unusable: ${reason}`,
    {
      hint: "build the executable and its library together: npm run build",
    },
  );
}

type Symbols = ReturnType<typeof dlopen<typeof libraryFunctions>>["symbols"];

function check(status: number, action: string): number {
  if (status >= 0) return status;
  throw new WildfireError("native", `cannot ${action}: ${describeStatus(status)}`);
}

function wrap(path: string, symbols: Symbols): NativeLibrary {
  const events = createEventBuffer(eventCapacity);
  return {
    path,
    whisperVersion: symbols.wf_whisper_version() ?? "",
    cpuVariant: symbols.wf_cpu_variant() ?? "",
    systemInfo: symbols.wf_system_info() ?? "",
    openEngine: (options, model) => openEngine(symbols, options, model),
    submit(engine, job, samples) {
      const data = samples.length === 0 ? noSamples : samples;
      return symbols.wf_engine_submit(engine, encodeJob(job), data);
    },
    poll(engine) {
      const count = symbols.wf_engine_poll(engine, events, eventCapacity);
      return decodeEvents(events, check(count, "poll the engine"));
    },
    takeResult(engine, jobId, resultBytes) {
      const bytes = new Uint8Array(resultBytes);
      if (resultBytes === 0) return bytes;
      const taken = symbols.wf_engine_take_result(engine, jobId, bytes, bytes.byteLength);
      return bytes.subarray(0, check(taken, `take the result of job ${jobId}`));
    },
    abort(engine, jobId) {
      const status = symbols.wf_engine_abort(engine, jobId);
      if (status !== nativeStatus.notFound) check(status, `abort job ${jobId}`);
    },
    readStatus(engine) {
      const bytes = createStatusBuffer();
      check(symbols.wf_engine_read_status(engine, bytes), "read the engine's status");
      return decodeEngineStatus(bytes);
    },
    beginClose: (engine) => void check(symbols.wf_engine_begin_close(engine), "close the engine"),
    freeEngine: (engine) => void check(symbols.wf_engine_free(engine), "free the engine"),
    drainLog: () => drainLog(symbols),
  };
}

function openEngine(symbols: Symbols, options: EngineOptions, model: NativeModel): number {
  const encoded = encodeEngineOptions(options);
  const handle =
    "path" in model
      ? symbols.wf_engine_open(encoded, model.path, null, 0)
      : symbols.wf_engine_open(encoded, null, model.bytes, model.bytes.byteLength);
  return check(handle, "open an engine");
}

function drainLog(symbols: Symbols): NativeLogDrain {
  const buffer = new Uint8Array(logBufferBytes);
  const dropped = new Uint32Array(1);
  const used = symbols.wf_log_drain(buffer, buffer.byteLength, dropped);
  const lines = decodeLogLines(buffer.subarray(0, check(used, "read the native log")));
  return { lines, dropped: dropped[0] ?? 0 };
}

const socketFunctions = {
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
} as const;

const errnoFunction = { args: [], returns: "ptr" } as const;

/** Asks the C library about sockets; needs no whisper library. */
export function nativeSocketControl(platform: Platform): SocketControl {
  const { symbols } = dlopen(platform.libc, socketFunctions);
  const readErrno = openErrno(platform);
  const errnoAfter = (result: number): number => (result < 0 ? readErrno() : 0);
  return createSocketControl(platform.sockets, {
    getOption: ({ fd, level, option, value }) =>
      errnoAfter(symbols.getsockopt(fd, level, option, value, Uint32Array.of(value.byteLength))),
    setOption: ({ fd, level, option, value }) =>
      errnoAfter(symbols.setsockopt(fd, level, option, value, value.byteLength)),
    ioctl: (fd, request, value) => errnoAfter(symbols.ioctl(fd, request, value)),
  });
}

function openErrno(platform: Platform): () => number {
  const address =
    platform.errnoSymbol === "__error"
      ? dlopen(platform.libc, { __error: errnoFunction }).symbols.__error
      : dlopen(platform.libc, { __errno_location: errnoFunction }).symbols.__errno_location;
  return () => {
    const pointer = address();
    return pointer === null ? 0 : read.i32(pointer, 0);
  };
}
