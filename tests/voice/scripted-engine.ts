/** A speech engine that says what the test says: tones, faults, or nothing until it is told to go on. */
import { WildfireError } from "../../src/core/errors.ts";
import {
  engineClosed,
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "../../src/voice/engines/engine.ts";
import { tone } from "../fakes/scripted-speech-server.ts";

export interface ScriptedEngineOptions {
  readonly name?: string;
  readonly rateHz?: number;
  readonly amplitude?: number;
}

const pieceMs = 50;
const msPerCharacter = 20;

/** One request, as the engine got it. */
export class Utterance {
  readonly request: SpeechRequest;
  readonly #sink: SpeechSink;
  readonly #outcome = Promise.withResolvers<void>();
  isOver = false;

  constructor(request: SpeechRequest, sink: SpeechSink) {
    this.request = request;
    this.#sink = sink;
  }

  get done(): Promise<void> {
    return this.#outcome.promise;
  }

  give(samples: Float32Array, rateHz: number): void {
    this.#sink.samples(samples, rateHz);
  }

  finish(): void {
    this.isOver = true;
    this.#outcome.resolve();
  }

  fail(error: WildfireError): void {
    this.isOver = true;
    this.#outcome.reject(error);
  }
}

export class ScriptedEngine implements SpeechEngine {
  readonly name: string;
  readonly voices = ["high", "low"];
  /** All requests, oldest first. */
  readonly utterances: Utterance[] = [];
  /** Rejects every request when set. */
  failure: string | undefined;
  /** With `failure`: only after this much sound. */
  failsAfterMs = 0;
  /** Requests wait for the test to give and finish them. */
  isManual = false;
  isClosed = false;
  aborts = 0;
  readonly #options: ScriptedEngineOptions;

  constructor(options: ScriptedEngineOptions = {}) {
    this.#options = options;
    this.name = options.name ?? "scripted";
  }

  get texts(): string[] {
    return this.utterances.map(({ request }) => request.text);
  }

  /** The sound of a text, 20 ms a character. */
  soundOf({ text, speed = 1 }: SpeechRequest): Float32Array {
    const { rateHz = 24_000, amplitude = 0.25 } = this.#options;
    return tone((text.length * msPerCharacter) / speed, rateHz, amplitude);
  }

  async speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    if (this.isClosed) throw engineClosed(this.name);
    if (signal.aborted) throw speechAborted();
    const utterance = new Utterance(request, sink);
    this.utterances.push(utterance);
    const abort = (): void => {
      this.aborts += 1;
      utterance.fail(speechAborted());
    };
    signal.addEventListener("abort", abort, { once: true });
    if (!this.isManual) void this.#speakOn(utterance);
    await utterance.done.finally(() => signal.removeEventListener("abort", abort));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const utterance of this.utterances) {
      if (!utterance.isOver) utterance.fail(engineClosed(this.name));
    }
  }

  async #speakOn(utterance: Utterance): Promise<void> {
    const { rateHz = 24_000 } = this.#options;
    const sound = this.soundOf(utterance.request);
    const piece = (rateHz * pieceMs) / 1000;
    const whole = this.failure === undefined ? sound.length : (this.failsAfterMs * rateHz) / 1000;
    for (let at = 0; at < whole; at += piece) {
      await Promise.resolve();
      if (utterance.isOver) return;
      utterance.give(sound.subarray(at, Math.min(whole, at + piece)), rateHz);
    }
    await Promise.resolve();
    if (utterance.isOver) return;
    if (this.failure === undefined) utterance.finish();
    else utterance.fail(new WildfireError("native", this.failure));
  }
}
