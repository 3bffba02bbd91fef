/** Runs on the browser's sound thread: frames of the microphone out, frames of the agent in. */
import { CaptureFramer } from "./talk-capture.ts";
import { LevelMeter } from "./talk-level.ts";
import { PlaybackBuffer } from "./talk-playback.ts";

interface WorkletPort {
  addEventListener(kind: "message", take: (message: { readonly data: unknown }) => void): void;
  /** Nothing is taken before it. */
  start(): void;
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
}

declare const sampleRate: number;
declare const AudioWorkletProcessor: new () => { readonly port: WorkletPort };
declare function registerProcessor(name: string, processor: new () => object): void;

const levelsPerS = 20;

/** Takes ArrayBuffers, which are frames to play, and the word "flush"; gives frames and levels. */
class TalkProcessor extends AudioWorkletProcessor {
  readonly #framer = new CaptureFramer(sampleRate, ({ buffer }) =>
    this.port.postMessage(buffer, [buffer]),
  );
  readonly #playback = new PlaybackBuffer(sampleRate);
  readonly #you = new LevelMeter();
  readonly #agent = new LevelMeter();
  readonly #silence = new Float32Array(128);
  #untilLevels = 0;

  constructor() {
    super();
    this.port.addEventListener("message", ({ data }) => {
      if (data === "flush") this.#playback.flush();
      else if (data instanceof ArrayBuffer) this.#playback.push(new Int16Array(data));
    });
    this.port.start();
  }

  /** Called for each 128 samples or so; true: again. */
  process(
    inputs: readonly (readonly Float32Array[])[],
    outputs: readonly Float32Array[][],
  ): boolean {
    const [first, ...others] = outputs[0] ?? [];
    // A microphone that is muted by the system gives nothing: that is silence, and time goes on.
    const heard = inputs[0]?.[0] ?? this.#silence;
    this.#framer.write(heard);
    this.#you.add(heard);
    if (first !== undefined) {
      this.#playback.pull(first);
      this.#agent.add(first);
      for (const other of others) other.set(first);
    }
    this.#tellLevels(heard.length);
    return true;
  }

  #tellLevels(samples: number): void {
    this.#untilLevels -= samples;
    if (this.#untilLevels > 0) return;
    this.#untilLevels += sampleRate / levelsPerS;
    this.port.postMessage({ you: this.#you.read(), agent: this.#agent.read() }, []);
  }
}

registerProcessor("wildfire-talk", TalkProcessor);
