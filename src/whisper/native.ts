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
import type { NativeLogDrain, NativeLogSource } from "./native-log.ts";
import { decodeLogLines, decodeText } from "./native-results.ts";
import { createSocketControl } from "./native-sockets.ts";
import { describeStatus, nativeStatus } from "./native-status.ts";
import {
  type NativeVoiceStatus,
  type VoiceEvents,
  type VoiceOptions,
  createVoiceStatusBuffer,
  decodeVoiceStatus,
  encodeVoiceOptions,
} from "./native-voice-layout.ts";

/** A model file, or a model in memory, which is copied when the engine is opened. */
export type NativeModel = { readonly path: string } | { readonly bytes: Uint8Array };

/**
 * The functions of shim/wildfire-native.h for engines. None waits for inference, save `freeEngine` before the
 * event "closed". They throw a WildfireError with code "native" for any failing status that has no
 * place in their result.
 */
export interface NativeLibrary extends NativeLogSource {
  readonly path: string;
  readonly whisperVersion: string;
  /** Instruction set that the library was built for, such as "avx2". */
  readonly cpuVariant: string;
  readonly systemInfo: string;
  /** Starts loading and returns the engine's handle; the outcome is an event. */
  openEngine(options: EngineOptions, model: NativeModel): number;
  /**
   * Copies the samples, and the UTF-8 text of the prompt. Returns the status, 0 when the job is
   * queued.
   */
  submit(engine: number, job: NativeJob, samples: Float32Array, prompt: Uint8Array): number;
  poll(engine: number): NativeEvent[];
  /** Bytes of a result, whose size its event told; it is gone from the library afterwards. */
  takeResult(engine: number, jobId: number, resultBytes: number): Uint8Array;
  /** Harmless when there is no such job any more. */
  abort(engine: number, jobId: number): void;
  /** Gives a queued job a better priority; harmless when it runs or is gone. */
  raise(engine: number, jobId: number, priority: number): void;
  readStatus(engine: number): NativeEngineStatus;
  beginClose(engine: number): void;
  freeEngine(engine: number): void;
}

/** The functions for voice activity detection, in the same manner. */
export interface NativeVoiceLibrary extends NativeLogSource {
  /** Copies the model, starts loading, and returns the detector's handle. */
  open(options: VoiceOptions, model: Uint8Array): number;
  /** Returns the stream's number, or a status below 0. */
  openStream(detector: number): number;
  /** Harmless when there is no such stream any more. */
  closeStream(detector: number, stream: number): void;
  /** Copies whole windows. Returns the status, 0 when they are queued. */
  push(detector: number, stream: number, windows: Float32Array, forget: boolean): number;
  /** Writes events and returns how many. */
  poll(detector: number, events: VoiceEvents): number;
  /** What failed first, in whisper.cpp's words; "" when nothing has, or it said nothing. */
  readError(detector: number): string;
  readStatus(detector: number): NativeVoiceStatus;
  beginClose(detector: number): void;
  free(detector: number): void;
}

const identityFunctions = {
  wf_abi_version: { args: [], returns: "u32" },
  wf_struct_size: { args: ["i32"], returns: "u32" },
} as const;

const logFunctions = {
  wf_log_drain: { args: ["ptr", "i32", "ptr"], returns: "i32" },
} as const;

const engineFunctions = {
  ...logFunctions,
  wf_whisper_version: { args: [], returns: "cstring" },
  wf_cpu_variant: { args: [], returns: "cstring" },
  wf_system_info: { args: [], returns: "cstring" },
  wf_engine_open: { args: ["ptr", "cstring", "ptr", "u64"], returns: "i32" },
  wf_engine_submit: { args: ["i32", "ptr", "ptr", "ptr"], returns: "i32" },
  wf_engine_poll: { args: ["i32", "ptr", "i32"], returns: "i32" },
  wf_engine_take_result: { args: ["i32", "u32", "ptr", "i32"], returns: "i32" },
  wf_engine_abort: { args: ["i32", "u32"], returns: "i32" },
  wf_engine_raise: { args: ["i32", "u32", "i32"], returns: "i32" },
  wf_engine_read_status: { args: ["i32", "ptr"], returns: "i32" },
  wf_engine_begin_close: { args: ["i32"], returns: "i32" },
  wf_engine_free: { args: ["i32"], returns: "i32" },
} as const;

const voiceFunctions = {
  ...logFunctions,
  wf_vad_open: { args: ["ptr", "ptr", "u64"], returns: "i32" },
  wf_vad_stream_open: { args: ["i32"], returns: "i32" },
  wf_vad_stream_close: { args: ["i32", "i32"], returns: "i32" },
  wf_vad_push: { args: ["i32", "i32", "ptr", "i32", "i32"], returns: "i32" },
  wf_vad_poll: { args: ["i32", "ptr", "i32"], returns: "i32" },
  wf_vad_read_error: { args: ["i32", "ptr", "i32"], returns: "i32" },
  wf_vad_read_status: { args: ["i32", "ptr"], returns: "i32" },
  wf_vad_begin_close: { args: ["i32"], returns: "i32" },
  wf_vad_free: { args: ["i32"], returns: "i32" },
} as const;

const eventCapacity = 32;
const logBufferBytes = 64 * 1024;
const errorBufferBytes = 4096;
/** The library wants an address even where there are no samples or bytes to read. */
const noSamples = new Float32Array(1);
const noBytes = new Uint8Array(1);

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
  checkIdentity(path);
  return wrapEngines(path, openSymbols(path, () => dlopen(path, engineFunctions)).symbols);
}

/** The other half of the same library. */
export function loadNativeVoice(path: string): NativeVoiceLibrary {
  checkIdentity(path);
  return wrapVoice(openSymbols(path, () => dlopen(path, voiceFunctions)).symbols);
}

function checkIdentity(path: string): void {
  const { symbols: identity } = openSymbols(path, () => dlopen(path, identityFunctions));
  const mismatch = describeAbiMismatch(identity.wf_abi_version(), (which) =>
    identity.wf_struct_size(which),
  );
  if (mismatch !== undefined) throw cannotUse(path, mismatch);
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

type LogSymbols = ReturnType<typeof dlopen<typeof logFunctions>>["symbols"];
type EngineSymbols = ReturnType<typeof dlopen<typeof engineFunctions>>["symbols"];
type VoiceSymbols = ReturnType<typeof dlopen<typeof voiceFunctions>>["symbols"];

function check(status: number, action: string): number {
  if (status >= 0) return status;
  throw new WildfireError("native", `cannot ${action}: ${describeStatus(status)}`);
}

function wrapEngines(path: string, symbols: EngineSymbols): NativeLibrary {
  const events = createEventBuffer(eventCapacity);
  return {
    path,
    whisperVersion: symbols.wf_whisper_version() ?? "",
    cpuVariant: symbols.wf_cpu_variant() ?? "",
    systemInfo: symbols.wf_system_info() ?? "",
    openEngine: (options, model) => openEngine(symbols, options, model),
    submit(engine, job, samples, prompt) {
      const data = samples.length === 0 ? noSamples : samples;
      const text = prompt.length === 0 ? noBytes : prompt;
      return symbols.wf_engine_submit(engine, encodeJob(job), data, text);
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
    raise(engine, jobId, priority) {
      const status = symbols.wf_engine_raise(engine, jobId, priority);
      if (status !== nativeStatus.notFound) check(status, `raise job ${jobId}`);
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

function wrapVoice(symbols: VoiceSymbols): NativeVoiceLibrary {
  return {
    open(options, model) {
      const bytes = model.length === 0 ? noBytes : model;
      const handle = symbols.wf_vad_open(encodeVoiceOptions(options), bytes, model.byteLength);
      return check(handle, "open a voice detector");
    },
    openStream: (detector) => symbols.wf_vad_stream_open(detector),
    closeStream(detector, stream) {
      const status = symbols.wf_vad_stream_close(detector, stream);
      if (status !== nativeStatus.notFound) check(status, `close stream ${stream}`);
    },
    push: (detector, stream, windows, forget) =>
      symbols.wf_vad_push(detector, stream, windows, windows.length, forget ? 1 : 0),
    poll(detector, events) {
      const count = symbols.wf_vad_poll(detector, events.bytes, events.capacity);
      return check(count, "poll the voice detector");
    },
    readError(detector) {
      const bytes = new Uint8Array(errorBufferBytes);
      const used = symbols.wf_vad_read_error(detector, bytes, bytes.byteLength);
      return decodeText(bytes.subarray(0, check(used, "read the voice detector's error")));
    },
    readStatus(detector) {
      const bytes = createVoiceStatusBuffer();
      check(symbols.wf_vad_read_status(detector, bytes), "read the voice detector's status");
      return decodeVoiceStatus(bytes);
    },
    beginClose: (detector) =>
      void check(symbols.wf_vad_begin_close(detector), "close the voice detector"),
    free: (detector) => void check(symbols.wf_vad_free(detector), "free the voice detector"),
    drainLog: () => drainLog(symbols),
  };
}

function openEngine(symbols: EngineSymbols, options: EngineOptions, model: NativeModel): number {
  const encoded = encodeEngineOptions(options);
  const handle =
    "path" in model
      ? symbols.wf_engine_open(encoded, model.path, null, 0)
      : symbols.wf_engine_open(encoded, null, model.bytes, model.bytes.byteLength);
  return check(handle, "open an engine");
}

function drainLog(symbols: LogSymbols): NativeLogDrain {
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
