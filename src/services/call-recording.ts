/**
 * The recording of one call while it is made. It takes sound at once and writes it behind the call's back;
 * when the disk refuses or does not keep up, the recording ends and the call goes on.
 */
import { encodeMuLawHeader, muLawHeaderBytes } from "../audio/mu-law-wav.ts";
import { Resampler } from "../audio/resample.ts";
import { StereoMix } from "../audio/stereo-mix.ts";
import { errnoOf } from "../core/errno.ts";
import { callerAudioRateHz } from "../wire/audio-frames.ts";
import type { GrowingFile } from "./growing-file.ts";

/** What is told of a recording: when it begins, and once more when it is whole. */
export interface RecordingNote {
  readonly path: string;
  /** 0 when it begins. */
  readonly bytes: number;
  /** Wall clock of its first sample. */
  readonly startedMs: number;
  readonly durationMs: number;
  /** Why it ends before the call; empty when it does not. */
  readonly problem: string;
}

export interface CallRecordingOptions {
  readonly path: string;
  readonly wallMs: () => number;
  /** Rejects with the error of the disk. */
  readonly open: (path: string) => Promise<GrowingFile>;
  /** Of a file that is there: it is begun, or done. */
  readonly tell: (note: RecordingNote) => void;
  /** With `bytes` 0 nothing was kept. */
  readonly onEnd: (recording: CallRecording, note: RecordingNote) => void;
}

/** Each piece costs a write and a new head. */
const pieceMs = 1000;
const channels = 2;
/** Half a minute of sound: the disk hangs. */
const maxWaitingPieces = 30;

export class CallRecording {
  readonly #options: CallRecordingOptions;
  readonly #waiting: Uint8Array[] = [];
  #mix: StereoMix | undefined;
  #rateHz = 8000;
  #startedMs = 0;
  #fromCaller: Resampler | undefined;
  #toCaller: { readonly rateHz: number; readonly resampler: Resampler } | undefined;
  #file: GrowingFile | undefined;
  #bytes = 0;
  #problem = "";
  #writing: Promise<void> | undefined;
  #isFinished = false;

  constructor(options: CallRecordingOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** What came from the line: 16 kHz, -1..1; copied. Only once the line's rate is known. */
  fromCaller(samples: Float32Array): void {
    const mix = this.#mix;
    if (mix === undefined || this.#isFinished) return;
    mix.fromCaller(this.#fromCaller?.process(samples) ?? samples);
  }

  /** A frame period of the line is over, in which the caller was played this, or nothing. */
  toCaller(samples: Float32Array | undefined, length: number, rateHz: number): void {
    if (this.#isFinished) return;
    const mix = (this.#mix ??= this.#begin(rateHz));
    const count = Math.round((length * this.#rateHz) / rateHz);
    mix.toCaller(samples === undefined ? undefined : this.#converted(samples, rateHz), count);
    if (mix.ready >= (this.#rateHz / 1000) * pieceMs) this.#push(mix.take());
  }

  /** The call is over. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#mix?.finish();
    const rest = this.#mix?.take();
    if (rest !== undefined && rest.length > 0) this.#push(rest);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Of the line as it is when it begins: wideband stays wideband. */
  #begin(rateHz: number): StereoMix {
    this.#startedMs = this.#options.wallMs();
    this.#rateHz = rateHz === 16_000 ? 16_000 : 8000;
    if (this.#rateHz !== callerAudioRateHz) {
      this.#fromCaller = new Resampler({ fromHz: callerAudioRateHz, toHz: this.#rateHz });
    }
    return new StereoMix(this.#rateHz, pieceMs);
  }

  /** The line's codec may change in mid-call. */
  #converted(samples: Float32Array, rateHz: number): Float32Array {
    if (rateHz === this.#rateHz) return samples;
    if (this.#toCaller?.rateHz !== rateHz) {
      const resampler = new Resampler({ fromHz: rateHz, toHz: this.#rateHz });
      this.#toCaller = { rateHz, resampler };
    }
    return this.#toCaller.resampler.process(samples);
  }

  #push(piece: Uint8Array): void {
    if (this.#problem !== "") return;
    if (this.#waiting.length >= maxWaitingPieces) {
      this.#fail("the disk does not keep up");
      return;
    }
    this.#waiting.push(piece);
    this.#writing ??= this.#writeAll();
  }

  #fail(problem: string): void {
    this.#problem = problem;
    this.#waiting.length = 0;
    this.#isFinished = true;
  }

  async #writeAll(): Promise<void> {
    try {
      for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
        const file = (this.#file ??= await this.#create());
        await file.append(piece);
        this.#bytes += piece.length;
        await file.rewriteHead(this.#header());
      }
    } catch (error) {
      this.#fail(errnoOf(error));
    }
    if (this.#isFinished) await this.#end();
    else this.#writing = undefined;
  }

  async #create(): Promise<GrowingFile> {
    const { path, open, tell } = this.#options;
    const file = await open(path);
    this.#file = file;
    await file.append(this.#header());
    tell({ path, bytes: 0, startedMs: this.#startedMs, durationMs: 0, problem: "" });
    return file;
  }

  #header(): Uint8Array {
    return encodeMuLawHeader({ rateHz: this.#rateHz, channels, bytes: this.#bytes });
  }

  async #end(): Promise<void> {
    await this.#file?.close().catch((error: unknown) => {
      if (this.#problem === "") this.#problem = errnoOf(error);
    });
    const { path, tell, onEnd } = this.#options;
    const note: RecordingNote = {
      path,
      bytes: this.#bytes === 0 ? 0 : this.#bytes + muLawHeaderBytes,
      startedMs: this.#startedMs,
      durationMs: Math.round((this.#bytes / channels / this.#rateHz) * 1000),
      problem: this.#problem,
    };
    if (this.#file !== undefined) tell(note);
    onEnd(this, note);
  }
}
