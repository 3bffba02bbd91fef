/** The structs of voice activity detection in the native library, as bytes: no FFI here. */
import { structSizes, viewOf } from "./native-layout.ts";

export interface VoiceOptions {
  /** Streams that may be open at once. */
  readonly streamLimit: number;
  /** Windows of a stream that may wait, or have a probability that was not polled. */
  readonly windowLimit: number;
}

export interface NativeVoiceStatus {
  readonly streams: number;
  readonly queued: number;
  /** Of whisper.cpp: in use, and kept for streams to come. */
  readonly contexts: number;
  /** Judged so far. */
  readonly windows: number;
  readonly busyMs: number;
}

/** `enum wf_vad_event_kind`. */
export const voiceEvent = {
  loaded: 1,
  loadFailed: 2,
  window: 3,
  streamFailed: 4,
  closed: 5,
} as const;

const eventWords = structSizes.wf_vad_event / 4;

/** Events in the memory that the library writes them to, to be read without making objects. */
export class VoiceEvents {
  readonly capacity: number;
  readonly bytes: Uint8Array;
  readonly #integers: Int32Array;
  readonly #floats: Float32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.bytes = new Uint8Array(structSizes.wf_vad_event * capacity);
    viewOf(this.bytes).setUint32(0, structSizes.wf_vad_event, true);
    this.#integers = new Int32Array(this.bytes.buffer);
    this.#floats = new Float32Array(this.bytes.buffer);
  }

  /** One of `voiceEvent`, or a number of a newer library. */
  kind(index: number): number {
    return this.#integers[index * eventWords + 1] ?? 0;
  }

  status(index: number): number {
    return this.#integers[index * eventWords + 2] ?? 0;
  }

  stream(index: number): number {
    return this.#integers[index * eventWords + 3] ?? 0;
  }

  probability(index: number): number {
    return this.#floats[index * eventWords + 4] ?? 0;
  }
}

export function encodeVoiceOptions(options: VoiceOptions): Uint8Array {
  const bytes = new Uint8Array(structSizes.wf_vad_options);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.byteLength, true);
  view.setInt32(4, options.streamLimit, true);
  view.setInt32(8, options.windowLimit, true);
  return bytes;
}

export function createVoiceStatusBuffer(): Uint8Array {
  const bytes = new Uint8Array(structSizes.wf_vad_status);
  viewOf(bytes).setUint32(0, bytes.byteLength, true);
  return bytes;
}

export function decodeVoiceStatus(bytes: Uint8Array): NativeVoiceStatus {
  const view = viewOf(bytes);
  return {
    streams: view.getInt32(4, true),
    queued: view.getInt32(8, true),
    contexts: view.getInt32(12, true),
    windows: Number(view.getBigUint64(16, true)),
    busyMs: Number(view.getBigUint64(24, true)) / 1000,
  };
}
