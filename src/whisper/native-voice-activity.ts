/** Voice activity detection by the native library: hands windows in, and probabilities out. */
import type { Clock, Timer } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { voiceError, voiceModelError } from "./native-errors.ts";
import { forwardNativeLog } from "./native-log.ts";
import { findSileroFault } from "./native-silero-file.ts";
import { nativeStatus } from "./native-status.ts";
import {
  type NativeVoiceStatus,
  VoiceEvents,
  type VoiceOptions,
  voiceEvent,
} from "./native-voice-layout.ts";
import { type NativeVoiceLibrary, loadNativeVoice } from "./native.ts";
import {
  type VoiceActivity,
  type VoiceActivityStatus,
  type VoiceListener,
  type VoiceStream,
  voiceWindowSamples,
} from "./voice-activity.ts";

export interface VoiceActivityOptions {
  /** File of the native library, as `prepareLibrary` returns it. */
  readonly library: string;
  /** A Silero model in ggml format; copied while the detector opens. */
  readonly model: Uint8Array;
  /** Windows of a stream that may wait before `push` takes no more; default 1000, which is 32 s. */
  readonly windowLimit?: number;
  readonly clock: Clock;
  /** Gets whisper.cpp's own log lines, at level debug. */
  readonly logger: Logger;
}

const pollIntervalMs = 2;
const eventCapacity = 256;
const streamLimit = 10_000;
const defaultWindowLimit = 1000;

/** Resolves when the model is loaded; rejects with a WildfireError that says why it cannot be. */
export async function openVoiceActivity(options: VoiceActivityOptions): Promise<VoiceActivity> {
  const fault = findSileroFault(options.model);
  if (fault !== undefined) throw voiceModelError(fault);
  const activity = new NativeVoiceActivity(options);
  await activity.opened;
  return activity;
}

interface StreamRecord {
  readonly number: number;
  readonly listener: VoiceListener;
  /** Windows pushed whose probabilities have not come. */
  outstanding: number;
}

class NativeVoiceActivity implements VoiceActivity {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #options: VoiceOptions;
  readonly #library: NativeVoiceLibrary;
  readonly #detector: number;
  readonly #streams = new Map<number, StreamRecord>();
  readonly #opening = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #events = new VoiceEvents(eventCapacity);
  readonly #values = new Float32Array(eventCapacity);
  /** The first n of `#values`, by n: handed out again and again. */
  readonly #firstValues: Float32Array[] = [];
  #pollTimer: Timer | undefined;
  #outstanding = 0;
  #isOpening = true;
  #isClosing = false;
  /** Once the detector is freed. */
  #lastStatus: NativeVoiceStatus | undefined;

  constructor(options: VoiceActivityOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#options = { streamLimit, windowLimit: options.windowLimit ?? defaultWindowLimit };
    this.#library = loadNativeVoice(options.library);
    this.#detector = this.#library.open(this.#options, options.model);
    this.#startPolling();
  }

  /** Settles once: the model is loaded, or everything is freed again. */
  get opened(): Promise<void> {
    return this.#opening.promise;
  }

  open(listener: VoiceListener): VoiceStream {
    if (this.#isClosing) throw voiceError(nativeStatus.closing);
    const number = this.#library.openStream(this.#detector);
    if (number < 0) throw voiceError(number);
    const record: StreamRecord = { number, listener, outstanding: 0 };
    this.#streams.set(number, record);
    return {
      push: (windows, forget) => this.#push(record, windows, forget),
      close: () => this.#closeStream(record),
    };
  }

  status(): VoiceActivityStatus {
    const native = this.#lastStatus ?? this.#library.readStatus(this.#detector);
    const { queued, windows, busyMs } = native;
    return { streams: this.#streams.size, queued, windows, busyMs };
  }

  /** Streams that are still open are told that nothing more will come. */
  close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#library.beginClose(this.#detector);
      this.#startPolling();
    }
    return this.#closed.promise;
  }

  #push(stream: StreamRecord, windows: Float32Array, forget: boolean): boolean {
    const count = windows.length / voiceWindowSamples;
    const { windowLimit } = this.#options;
    if (!Number.isInteger(count) || count < 1 || count > windowLimit) {
      throw new WildfireError(
        "native",
        `${windows.length} samples are not 1 to ${windowLimit} windows of ${voiceWindowSamples}`,
      );
    }
    // One that was closed or has failed gets no more answers, and its listener knows.
    if (!this.#streams.has(stream.number) || this.#isClosing) return false;
    const status = this.#library.push(this.#detector, stream.number, windows, forget);
    if (status !== nativeStatus.ok) return false;
    stream.outstanding += count;
    this.#outstanding += count;
    this.#startPolling();
    return true;
  }

  #closeStream(stream: StreamRecord): void {
    if (!this.#forget(stream) || this.#isClosing) return;
    this.#library.closeStream(this.#detector, stream.number);
  }

  /** False when it was forgotten before. */
  #forget(stream: StreamRecord): boolean {
    this.#outstanding -= stream.outstanding;
    stream.outstanding = 0;
    return this.#streams.delete(stream.number);
  }

  #startPolling(): void {
    this.#pollTimer ??= this.#clock.every(pollIntervalMs, () => this.#poll());
  }

  #poll(): void {
    const count = this.#library.poll(this.#detector, this.#events);
    let index = 0;
    while (index < count) {
      const taken = this.#isWindow(index) ? this.#deliver(index, count) : 0;
      if (taken === 0) this.#onEvent(index);
      index += Math.max(1, taken);
    }
    const isIdle = this.#outstanding === 0 && !this.#isOpening && !this.#isClosing;
    if (!isIdle) return;
    this.#pollTimer?.cancel();
    this.#pollTimer = undefined;
  }

  #isWindow(index: number): boolean {
    return this.#events.kind(index) === voiceEvent.window;
  }

  /** Hands over the windows of one stream from `index` on; returns how many. */
  #deliver(index: number, count: number): number {
    const number = this.#events.stream(index);
    let taken = 0;
    while (
      index + taken < count &&
      this.#isWindow(index + taken) &&
      this.#events.stream(index + taken) === number
    ) {
      this.#values[taken] = this.#events.probability(index + taken);
      taken += 1;
    }
    const stream = this.#streams.get(number);
    if (stream === undefined) return taken;
    stream.outstanding -= taken;
    this.#outstanding -= taken;
    const values = (this.#firstValues[taken] ??= this.#values.subarray(0, taken));
    stream.listener.probabilities(values);
    return taken;
  }

  #onEvent(index: number): void {
    switch (this.#events.kind(index)) {
      case voiceEvent.loaded:
        this.#isOpening = false;
        forwardNativeLog(this.#library, this.#logger);
        this.#opening.resolve();
        break;
      case voiceEvent.loadFailed:
        this.#onLoadFailed(this.#events.status(index));
        break;
      case voiceEvent.streamFailed:
        this.#onStreamFailed(this.#events.stream(index), this.#events.status(index));
        break;
      case voiceEvent.closed:
        this.#onClosed();
        break;
      default:
        // A newer library may tell more than this build needs.
        break;
    }
  }

  #onLoadFailed(status: number): void {
    const { message } = voiceError(status, this.#library.readError(this.#detector));
    const error = voiceModelError(`cannot be loaded: ${message}`);
    void this.close().then(() => this.#opening.reject(error));
  }

  #onStreamFailed(number: number, status: number): void {
    const stream = this.#streams.get(number);
    if (stream === undefined) return;
    const error = voiceError(status, this.#library.readError(this.#detector));
    this.#closeStream(stream);
    stream.listener.failed(error);
  }

  #onClosed(): void {
    this.#pollTimer?.cancel();
    forwardNativeLog(this.#library, this.#logger);
    this.#lastStatus = this.#library.readStatus(this.#detector);
    this.#library.free(this.#detector);
    const error = voiceError(nativeStatus.closing);
    for (const stream of this.#streams.values()) {
      this.#forget(stream);
      stream.listener.failed(error);
    }
    this.#closed.resolve();
  }
}
