/** A speech detector without a model: loud windows are speech, and a test says when it answers. */
import { levelDbfs } from "../../src/audio/level.ts";
import { WildfireError } from "../../src/core/errors.ts";
import {
  type VoiceActivity,
  type VoiceActivityStatus,
  type VoiceListener,
  type VoiceStream,
  voiceWindowSamples,
} from "../../src/whisper/voice-activity.ts";

const loudDbfs = -40;

/** One window as the detector was given it. */
export interface HeardWindow {
  readonly samples: Float32Array;
  /** Whether the memory was cleared before it. */
  readonly forget: boolean;
}

class ScriptedStream implements VoiceStream {
  /** For each push: how many windows, and whether they began anew. */
  readonly pushes: { readonly windows: number; readonly forget: boolean }[] = [];
  /** Kept only when the script says so. */
  readonly heard: HeardWindow[] = [];
  isClosed = false;
  readonly #voice: ScriptedVoice;
  readonly #listener: VoiceListener;
  #waiting: number[] = [];

  constructor(voice: ScriptedVoice, listener: VoiceListener) {
    this.#voice = voice;
    this.#listener = listener;
  }

  /** Windows that are not answered yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  push(windows: Float32Array, forget: boolean): boolean {
    const count = windows.length / voiceWindowSamples;
    if (this.#waiting.length + count > this.#voice.limitWindows) return false;
    this.pushes.push({ windows: count, forget });
    for (let index = 0; index < count; index += 1) {
      const start = index * voiceWindowSamples;
      const window = windows.subarray(start, start + voiceWindowSamples);
      this.#waiting.push(this.#voice.judge(window));
      if (!this.#voice.keepsWindows) continue;
      this.heard.push({ samples: window.slice(), forget: forget && index === 0 });
    }
    // Like the real one, which never answers before push has returned.
    if (this.#voice.answersAtOnce) queueMicrotask(() => this.answer());
    return true;
  }

  /** Judges the oldest windows that wait: so many, or all. */
  answer(count = this.#waiting.length): void {
    const values = Float32Array.from(this.#waiting.splice(0, count));
    if (values.length > 0 && !this.isClosed) this.#listener.probabilities(values);
  }

  fail(message: string): void {
    this.#listener.failed(new WildfireError("native", message));
  }

  close(): void {
    this.isClosed = true;
  }
}

export class ScriptedVoice implements VoiceActivity {
  readonly streams: ScriptedStream[] = [];
  answersAtOnce = true;
  limitWindows = 1000;
  keepsWindows = false;
  /** When set, no stream can be opened. */
  refusal: string | undefined;
  /** The probability of one window. */
  judge = (window: Float32Array): number => (levelDbfs(window) > loudDbfs ? 0.95 : 0.02);

  /** The newest stream. */
  get stream(): ScriptedStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }

  open(listener: VoiceListener): VoiceStream {
    if (this.refusal !== undefined) throw new WildfireError("native", this.refusal);
    const stream = new ScriptedStream(this, listener);
    this.streams.push(stream);
    return stream;
  }

  status(): VoiceActivityStatus {
    const streams = this.streams.filter(({ isClosed }) => !isClosed).length;
    return { streams, queued: 0, windows: 0, busyMs: 0 };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}
