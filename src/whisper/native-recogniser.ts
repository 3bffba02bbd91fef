/** Speech recognition by the native library: starts jobs, and asks for what has become of them. */
import type { Clock, Timer } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { decodeError, modelError, submitError } from "./native-errors.ts";
import type { EngineOptions, NativeEvent } from "./native-layout.ts";
import { forwardNativeLog } from "./native-log.ts";
import { decodeResult, decodeText } from "./native-results.ts";
import { nativeStatus } from "./native-status.ts";
import { type NativeLibrary, loadNative } from "./native.ts";
import {
  type DecodeJob,
  type DecodeRequest,
  type DecodeResult,
  type Recogniser,
  type RecogniserStatus,
  type Urgency,
  whisperSampleRateHz,
} from "./recogniser.ts";

export type RecogniserModel =
  | { readonly path: string }
  | {
      /** Copied while the recogniser opens; may be dropped afterwards. */
      readonly bytes: Uint8Array;
      /** What to call it in messages. */
      readonly name: string;
    };

export interface RecogniserOptions {
  /** File of the native library, as `prepareLibrary` returns it. */
  readonly library: string;
  readonly model: RecogniserModel;
  /** Utterances decoded at once. */
  readonly lanes: number;
  /** Lanes times threads beyond the free cores makes everything many times slower. */
  readonly threadsPerLane: number;
  readonly useGpu: boolean;
  /**
   * 1 decodes greedily, 2..8 follows so many hypotheses; default 5, like whisper.cpp's programs.
   * Partial texts are always decoded greedily: they are only watched, and soon replaced.
   */
  readonly beamSize?: number;
  /** Utterances waiting or being decoded at once, beyond which `submit` refuses; default 256. */
  readonly jobLimit?: number;
  /** 0..19, default 0: how much decoding yields to other threads of the machine (Linux). */
  readonly niceness?: number;
  readonly clock: Clock;
  /** Gets whisper.cpp's own log lines, at level debug. */
  readonly logger: Logger;
}

const pollIntervalMs = 2;
const logIntervalMs = 1000;
const defaultJobLimit = 256;
const defaultBeamSize = 5;
const greedy = 1;
/** Lower runs first. */
const priorities: Readonly<Record<Urgency, number>> = { final: 0, speculative: 1, partial: 2 };
/**
 * About what decoding takes. Short utterances overtake long ones by it, and one that came that much
 * earlier is not overtaken any more.
 */
const handicapPerAudioMs = 0.5;
const longestHandicapMs = 3_600_000;
const textEncoder = new TextEncoder();
const noPrompt = new Uint8Array(0);

/** Resolves when the model is loaded; rejects with a WildfireError that says why it cannot be. */
export async function openRecogniser(options: RecogniserOptions): Promise<Recogniser> {
  const recogniser = new NativeRecogniser(options);
  await recogniser.opened;
  return recogniser;
}

interface PendingJob {
  readonly resolve: (result: DecodeResult) => void;
  readonly reject: (error: WildfireError) => void;
  readonly audioMs: number;
}

class NativeRecogniser implements Recogniser {
  readonly #options: RecogniserOptions;
  readonly #engineOptions: EngineOptions;
  readonly #library: NativeLibrary;
  readonly #engine: number;
  readonly #pending = new Map<number, PendingJob>();
  readonly #opening = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #logTimer: Timer;
  #pollTimer: Timer | undefined;
  #isOpening = true;
  #isClosing = false;
  #modelAudioContext = 0;
  #lastJobId = 0;
  #busyMs = 0;
  #completed = 0;
  #aborted = 0;
  #failed = 0;

  constructor(options: RecogniserOptions) {
    this.#options = options;
    this.#engineOptions = {
      lanes: options.lanes,
      threadsPerLane: options.threadsPerLane,
      flashAttention: true,
      useGpu: options.useGpu,
      jobLimit: options.jobLimit ?? defaultJobLimit,
      niceness: options.niceness ?? 0,
    };
    this.#library = loadNative(options.library);
    this.#engine = this.#library.openEngine(this.#engineOptions, options.model);
    this.#logTimer = options.clock.every(logIntervalMs, () => this.#drainLog());
    this.#startPolling();
  }

  /** Settles once: the model is loaded, or everything is freed again. */
  get opened(): Promise<void> {
    return this.#opening.promise;
  }

  get modelAudioContext(): number {
    return this.#modelAudioContext;
  }

  get idleLanes(): number {
    return Math.max(0, this.#engineOptions.lanes - this.#pending.size);
  }

  submit(request: DecodeRequest): DecodeJob {
    const id = this.#nextJobId();
    const { promise, resolve, reject } = Promise.withResolvers<DecodeResult>();
    // Whoever aborts a job may have stopped listening, which is not a fault of the program.
    promise.catch(() => undefined);
    const status = this.#isClosing ? nativeStatus.closing : this.#queue(id, request);
    if (status !== nativeStatus.ok) {
      this.#failed += 1;
      reject(submitError(status, request, this.#engineOptions.jobLimit));
      return { result: promise, raise: () => undefined, abort: () => undefined };
    }
    this.#pending.set(id, { resolve, reject, audioMs: audioMs(request.samples.length) });
    this.#startPolling();
    return { result: promise, raise: () => this.#raise(id), abort: () => this.#abort(id) };
  }

  status(): RecogniserStatus {
    const { lanes } = this.#engineOptions;
    const native = this.#isClosing
      ? { queued: 0, running: this.#pending.size }
      : this.#library.readStatus(this.#engine);
    return {
      lanes,
      queued: native.queued,
      running: native.running,
      completed: this.#completed,
      aborted: this.#aborted,
      failed: this.#failed,
      busyMs: this.#busyMs,
    };
  }

  close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#library.beginClose(this.#engine);
      this.#startPolling();
    }
    return this.#closed.promise;
  }

  #queue(id: number, request: DecodeRequest): number {
    const prompt = encodePrompt(request.prompt);
    const isPartial = request.urgency === "partial";
    const job = {
      id,
      priority: priorities[request.urgency],
      handicapMs: handicapMs(request.samples.length),
      sampleCount: request.samples.length,
      promptBytes: prompt.byteLength,
      audioContext: request.audioContext,
      language: request.language,
      translate: request.translate,
      timestamps: request.timestamps,
      beamSize: isPartial ? greedy : (this.#options.beamSize ?? defaultBeamSize),
    };
    return this.#library.submit(this.#engine, job, request.samples, prompt);
  }

  #nextJobId(): number {
    // Job ids are 32 bits and 0 is not one; nothing lives long enough to meet its successor.
    this.#lastJobId = this.#lastJobId >= 0xffff_fffe ? 1 : this.#lastJobId + 1;
    return this.#lastJobId;
  }

  #raise(id: number): void {
    if (this.#pending.has(id)) this.#library.raise(this.#engine, id, priorities.final);
  }

  #abort(id: number): void {
    if (this.#pending.has(id)) this.#library.abort(this.#engine, id);
  }

  #startPolling(): void {
    this.#pollTimer ??= this.#options.clock.every(pollIntervalMs, () => this.#poll());
  }

  #poll(): void {
    for (const event of this.#library.poll(this.#engine)) this.#onEvent(event);
    const isIdle = this.#pending.size === 0 && !this.#isOpening && !this.#isClosing;
    if (!isIdle) return;
    this.#pollTimer?.cancel();
    this.#pollTimer = undefined;
  }

  #onEvent(event: NativeEvent): void {
    switch (event.kind) {
      case "loaded":
        this.#isOpening = false;
        this.#modelAudioContext = this.#library.readStatus(this.#engine).modelAudioContext;
        this.#drainLog();
        this.#opening.resolve();
        break;
      case "load-failed":
        this.#onLoadFailed(event);
        break;
      case "job-done":
        this.#onJobDone(event);
        break;
      case "closed":
        this.#onClosed();
        break;
    }
  }

  #onLoadFailed(event: NativeEvent): void {
    const reason = decodeText(this.#library.takeResult(this.#engine, 0, event.resultBytes));
    const { model } = this.#options;
    const name = "path" in model ? model.path : model.name;
    const error = modelError(name, event.status, reason);
    void this.close().then(() => this.#opening.reject(error));
  }

  #onJobDone(event: NativeEvent): void {
    // Taken whatever became of the job: the library keeps it until then.
    const bytes = this.#library.takeResult(this.#engine, event.jobId, event.resultBytes);
    const job = this.#pending.get(event.jobId);
    this.#pending.delete(event.jobId);
    this.#busyMs += event.decodeMs;
    if (event.status === nativeStatus.aborted) {
      this.#aborted += 1;
      job?.reject(new WildfireError("native", "decoding was aborted"));
      return;
    }
    const isDone = event.status === nativeStatus.ok;
    const result = isDone ? decodeResult(bytes, job?.audioMs ?? 0) : undefined;
    if (result === undefined) {
      this.#failed += 1;
      job?.reject(decodeError(event, decodeText(bytes)));
      return;
    }
    this.#completed += 1;
    job?.resolve({ ...result, queuedMs: event.queuedMs, decodeMs: event.decodeMs });
  }

  #onClosed(): void {
    this.#pollTimer?.cancel();
    this.#logTimer.cancel();
    this.#drainLog();
    this.#library.freeEngine(this.#engine);
    this.#closed.resolve();
  }

  #drainLog(): void {
    forwardNativeLog(this.#library, this.#options.logger);
  }
}

/** Like OpenAI's own programs: the first word has a space before it, as words in a text have. */
function encodePrompt(prompt: string): Uint8Array {
  const text = prompt.trim();
  return text === "" ? noPrompt : textEncoder.encode(` ${text}`);
}

function audioMs(sampleCount: number): number {
  return Math.round((sampleCount * 1000) / whisperSampleRateHz);
}

function handicapMs(sampleCount: number): number {
  return Math.min(longestHandicapMs, Math.round(audioMs(sampleCount) * handicapPerAudioMs));
}
