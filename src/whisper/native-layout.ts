/** The structs that go into and come out of the native library, as bytes: no FFI here. */

/** WF_ABI_VERSION that this file was written for. */
export const abiVersion = 2;

/** Size in bytes of each struct, in the order of `enum wf_struct`. */
export const structSizes = {
  wf_engine_options: 28,
  wf_job: 76,
  wf_event: 32,
  wf_engine_status: 28,
  wf_result_header: 28,
  wf_result_segment: 24,
  wf_result_token: 20,
  wf_vad_options: 12,
  wf_vad_event: 20,
  wf_vad_status: 32,
} as const;

/** Leaves a field of a job to whisper.cpp's own default. */
const whisperDefault = -1000;

export interface EngineOptions {
  /** Jobs decoded at once. */
  readonly lanes: number;
  readonly threadsPerLane: number;
  readonly flashAttention: boolean;
  readonly useGpu: boolean;
  /** Jobs that may exist at once. */
  readonly jobLimit: number;
  /** 0..19: how much inference yields to the other threads of the machine (Linux). */
  readonly niceness: number;
}

export interface NativeJob {
  /** Not 0. */
  readonly id: number;
  /** Lower runs first. */
  readonly priority: number;
  /** Among equal priorities the job runs first whose submission plus handicap is earliest. */
  readonly handicapMs: number;
  readonly sampleCount: number;
  readonly promptBytes: number;
  readonly audioContext: number;
  readonly language: string;
  readonly translate: boolean;
  readonly timestamps: boolean;
  /** 1 is greedy. */
  readonly beamSize: number;
}

export type NativeEventKind = "loaded" | "load-failed" | "job-done" | "closed";

export interface NativeEvent {
  readonly kind: NativeEventKind;
  readonly jobId: number;
  readonly status: number;
  /** Return code of whisper.cpp. */
  readonly detail: number;
  readonly resultBytes: number;
  readonly queuedMs: number;
  readonly decodeMs: number;
}

export interface NativeEngineStatus {
  readonly lanes: number;
  readonly queued: number;
  readonly running: number;
  readonly unclaimed: number;
  /** Encoder positions of the model, 0 before it is loaded. */
  readonly modelAudioContext: number;
  readonly multilingual: boolean;
}

const textEncoder = new TextEncoder();

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Size of the field that holds a language code and its terminator. */
export const languageBytes = 8;

/** Why a library cannot be used by this build, or undefined when it can. */
export function describeAbiMismatch(
  reportedVersion: number,
  sizeOf: (which: number) => number,
): string | undefined {
  if (reportedVersion !== abiVersion) {
    return `it has ABI version ${reportedVersion}, this build needs ${abiVersion}`;
  }
  for (const [which, [name, size]] of Object.entries(structSizes).entries()) {
    const reported = sizeOf(which);
    if (reported !== size) {
      return `its struct ${name} has ${reported} bytes, this build needs ${size}`;
    }
  }
  return undefined;
}

export function encodeEngineOptions(options: EngineOptions): Uint8Array {
  const bytes = new Uint8Array(structSizes.wf_engine_options);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.byteLength, true);
  view.setInt32(4, options.lanes, true);
  view.setInt32(8, options.threadsPerLane, true);
  view.setInt32(12, options.flashAttention ? 1 : 0, true);
  view.setInt32(16, options.useGpu ? 1 : 0, true);
  view.setInt32(20, options.jobLimit, true);
  view.setInt32(24, options.niceness, true);
  return bytes;
}

const jobFlags = { translate: 1, noTimestamps: 2 } as const;
const languageOffset = 68;

export function encodeJob(job: NativeJob): Uint8Array {
  const bytes = new Uint8Array(structSizes.wf_job);
  const view = viewOf(bytes);
  const flags =
    (job.translate ? jobFlags.translate : 0) | (job.timestamps ? 0 : jobFlags.noTimestamps);
  view.setUint32(0, bytes.byteLength, true);
  view.setUint32(4, job.id, true);
  view.setInt32(8, job.priority, true);
  view.setInt32(12, job.handicapMs, true);
  view.setInt32(16, job.sampleCount, true);
  view.setInt32(20, job.promptBytes, true);
  view.setInt32(24, job.audioContext, true);
  view.setInt32(28, whisperDefault, true); // threads
  view.setUint32(32, flags, true);
  view.setInt32(36, job.beamSize, true);
  view.setInt32(40, whisperDefault, true); // best_of
  view.setInt32(44, whisperDefault, true); // max_tokens
  for (let offset = 48; offset < languageOffset; offset += 4) {
    view.setFloat32(offset, whisperDefault, true); // temperatures and thresholds
  }
  // A code that is too long loses its terminator, which the library refuses as unknown.
  const language = bytes.subarray(languageOffset, languageOffset + languageBytes);
  language.fill(0);
  textEncoder.encodeInto(job.language, language);
  return bytes;
}

const eventKinds: readonly (NativeEventKind | undefined)[] = [
  undefined,
  "loaded",
  "load-failed",
  "job-done",
  "closed",
];

/** Room for `capacity` events, marked with the size that the library checks. */
export function createEventBuffer(capacity: number): Uint8Array {
  const bytes = new Uint8Array(structSizes.wf_event * capacity);
  viewOf(bytes).setUint32(0, structSizes.wf_event, true);
  return bytes;
}

/** The first `count` events of a buffer that wf_engine_poll() filled. */
export function decodeEvents(buffer: Uint8Array, count: number): NativeEvent[] {
  const view = viewOf(buffer);
  const events: NativeEvent[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = index * structSizes.wf_event;
    const kind = eventKinds[view.getInt32(at + 4, true)];
    if (kind === undefined) continue;
    events.push({
      kind,
      jobId: view.getUint32(at + 8, true),
      status: view.getInt32(at + 12, true),
      detail: view.getInt32(at + 16, true),
      resultBytes: view.getUint32(at + 20, true),
      queuedMs: view.getUint32(at + 24, true) / 1000,
      decodeMs: view.getUint32(at + 28, true) / 1000,
    });
  }
  return events;
}

export function createStatusBuffer(): Uint8Array {
  const bytes = new Uint8Array(structSizes.wf_engine_status);
  viewOf(bytes).setUint32(0, bytes.byteLength, true);
  return bytes;
}

export function decodeEngineStatus(bytes: Uint8Array): NativeEngineStatus {
  const view = viewOf(bytes);
  return {
    lanes: view.getInt32(4, true),
    queued: view.getInt32(8, true),
    running: view.getInt32(12, true),
    unclaimed: view.getInt32(16, true),
    modelAudioContext: view.getInt32(20, true),
    multilingual: view.getInt32(24, true) !== 0,
  };
}
