/** Gives each 32 ms of a call a probability of speech: a gate by energy, behind it the detector. */
import { SpeechGate } from "./speech-gate.ts";
import {
  type VoiceActivity,
  type VoiceListener,
  type VoiceStream,
  voiceWindowSamples,
} from "./voice-activity.ts";

/** Quiet windows from before the gate opened, which the detector hears first to find its feet. */
const warmUpWindows = 8;
const keptSpareWindows = 16;
const quiet = 0;
const loud = 1;

export interface SpeechDetectorOptions {
  readonly voice: VoiceActivity;
  /** One window and its probability, in order; the window is valid until this returns. */
  readonly onWindow: (window: Float32Array, probability: number) => void;
  /** The detector broke: from now on energy alone decides. */
  readonly onFailed: (error: Error) => void;
}

/** What waits for its turn: a window, whose probability may not be known yet, or a mark in between. */
type Entry =
  | {
      readonly kind: "window";
      readonly window: Float32Array;
      /** What the energy says, should the detector break. */
      readonly byEnergy: number;
      readonly isBare: boolean;
      probability: number | undefined;
    }
  | {
      readonly kind: "mark";
      readonly action: (rest: Float32Array) => void;
      readonly rest: Float32Array;
    };

type WindowEntry = Extract<Entry, { kind: "window" }>;

interface Refused {
  readonly entry: WindowEntry;
  readonly forget: boolean;
}

/** One stream. Windows come out in order, at once while the gate is closed. */
export class SpeechDetector {
  readonly #options: SpeechDetectorOptions;
  readonly #gate = new SpeechGate();
  readonly #window = new Float32Array(voiceWindowSamples);
  #windowFilled = 0;
  /** Everything that has not come out yet, oldest first. */
  #entries: Entry[] = [];
  /** What the detector was given and has not judged, oldest first; undefined for warming up. */
  #judging: (WindowEntry | undefined)[] = [];
  /** What the detector had no room for yet. */
  #refused: Refused[] = [];
  /** The latest windows that the gate kept back, the newest last. */
  readonly #history = new Float32Array(warmUpWindows * voiceWindowSamples);
  #historyWindows = 0;
  /** Windows that came out and may be filled again. */
  readonly #spare: Float32Array[] = [];
  #stream: VoiceStream | undefined;
  #isStreaming = false;
  /** Sound is missing between what the detector was last to hear and what comes next. */
  #needsToForget = true;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: SpeechDetectorOptions) {
    this.#options = options;
  }

  /** Windows that wait for the detector. */
  get waiting(): number {
    return this.#entries.length;
  }

  /** Takes samples (16 kHz mono) in any block size. */
  push(samples: Float32Array): void {
    let at = 0;
    while (at < samples.length) {
      const count = Math.min(samples.length - at, voiceWindowSamples - this.#windowFilled);
      this.#window.set(samples.subarray(at, at + count), this.#windowFilled);
      this.#windowFilled += count;
      at += count;
      if (this.#windowFilled === voiceWindowSamples) this.#endWindow();
    }
  }

  /**
   * Calls `action` when all that was pushed has come out, with the samples that did not fill a
   * window; these are then forgotten.
   */
  afterAll(action: (rest: Float32Array) => void): void {
    const rest = this.#window.slice(0, this.#windowFilled);
    this.#windowFilled = 0;
    this.#historyWindows = 0;
    this.#isStreaming = false;
    this.#needsToForget = true;
    this.#entries.push({ kind: "mark", action, rest });
    this.#release();
  }

  /** Frees the detector; what waits never comes out. */
  close(): void {
    this.#isClosed = true;
    this.#stream?.close();
    this.#stream = undefined;
    this.#entries = [];
    this.#judging = [];
    this.#refused = [];
  }

  #endWindow(): void {
    this.#windowFilled = 0;
    const window = this.#spare.pop() ?? new Float32Array(voiceWindowSamples);
    window.set(this.#window);
    const { isOpen, isLoud, isBare } = this.#gate.judge(window);
    const byEnergy = isLoud ? loud : quiet;
    const entry: WindowEntry = {
      kind: "window",
      window,
      byEnergy,
      isBare,
      probability: undefined,
    };
    this.#entries.push(entry);
    if (this.#hasFailed) entry.probability = byEnergy;
    else if (isOpen) this.#listen(entry);
    else this.#skip(entry);
    this.#release();
  }

  #skip(entry: WindowEntry): void {
    entry.probability = quiet;
    this.#isStreaming = false;
    if (this.#historyWindows < warmUpWindows) this.#historyWindows += 1;
    else this.#needsToForget = true;
    this.#history.copyWithin(0, voiceWindowSamples);
    this.#history.set(entry.window, this.#history.length - voiceWindowSamples);
  }

  #listen(entry: WindowEntry): void {
    if (!this.#isStreaming) this.#beginStream();
    this.#isStreaming = true;
    const forget = this.#needsToForget;
    this.#needsToForget = false;
    if (this.#refused.length === 0 && this.#give(entry.window, forget)) this.#judging.push(entry);
    else if (this.#hasFailed) entry.probability = entry.byEnergy;
    else this.#refused.push({ entry, forget });
  }

  #beginStream(): void {
    const count = this.#historyWindows;
    this.#historyWindows = 0;
    if (count === 0) return;
    const windows = this.#history.subarray(this.#history.length - count * voiceWindowSamples);
    // Warming up is not worth waiting for, but then there is a gap.
    const forget = this.#needsToForget;
    this.#needsToForget = this.#refused.length > 0 || !this.#give(windows, forget);
    if (this.#needsToForget) return;
    for (let index = 0; index < count; index += 1) this.#judging.push(undefined);
  }

  #give(windows: Float32Array, forget: boolean): boolean {
    return this.#open()?.push(windows, forget) ?? false;
  }

  #open(): VoiceStream | undefined {
    if (this.#stream !== undefined || this.#hasFailed || this.#isClosed) return this.#stream;
    try {
      this.#stream = this.#options.voice.open(this.#listener);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    return this.#stream;
  }

  readonly #listener: VoiceListener = {
    probabilities: (values) => {
      for (const value of values) {
        const entry = this.#judging.shift();
        if (entry !== undefined) entry.probability = value;
      }
      this.#retry();
      this.#release();
    },
    failed: (error) => this.#fail(error),
  };

  #retry(): void {
    let next = this.#refused[0];
    while (next !== undefined && this.#give(next.entry.window, next.forget)) {
      this.#judging.push(next.entry);
      this.#refused.shift();
      next = this.#refused[0];
    }
  }

  /** What was given and not judged is judged by its energy: the call goes on without the detector. */
  #fail(error: Error): void {
    if (this.#hasFailed || this.#isClosed) return;
    this.#hasFailed = true;
    this.#stream?.close();
    this.#stream = undefined;
    for (const entry of this.#entries) {
      if (entry.kind === "window") entry.probability ??= entry.byEnergy;
    }
    this.#judging = [];
    this.#refused = [];
    this.#options.onFailed(error);
    this.#release();
  }

  #release(): void {
    let entry = this.#entries[0];
    while (entry !== undefined) {
      if (entry.kind === "window" && entry.probability === undefined) return;
      this.#entries.shift();
      if (entry.kind === "mark") {
        entry.action(entry.rest);
      } else {
        this.#options.onWindow(entry.window, entry.isBare ? quiet : (entry.probability ?? quiet));
        if (this.#spare.length < keptSpareWindows) this.#spare.push(entry.window);
      }
      entry = this.#entries[0];
    }
  }
}
