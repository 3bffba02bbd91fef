/** The built-in voice: flite, compiled to WebAssembly, on worker threads. English only. */
import type { Clock } from "../../core/clock.ts";
import { quote, WildfireError } from "../../core/errors.ts";
import {
  engineClosed,
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "./engine.ts";
import { FlitePool } from "./flite-pool.ts";
import { type FliteVoice, fliteVoices } from "./flite-synthesis.ts";
import { flitePieces } from "./flite-text.ts";

export interface FliteOptions {
  /** Of flite's WebAssembly module; readable with `Bun.file`. */
  readonly modulePath: string;
  readonly workerUrl: URL;
  /** Used when a request names none; `slt` unless given. */
  readonly voice?: string | undefined;
  /** Threads, 2 unless given. Each speaks about a hundred times as fast as people listen. */
  readonly lanes?: number | undefined;
  /** Texts that may wait for a thread, 64 unless given; a further one is rejected. */
  readonly queueLimit?: number | undefined;
  readonly clock: Clock;
}

const slowest = 0.5;
const fastest = 2;

export class Flite implements SpeechEngine {
  readonly name = "builtin";
  readonly voices: readonly string[] = fliteVoices;
  readonly #voice: FliteVoice;
  readonly #pool: FlitePool;
  #isClosed = false;

  /** Starts the threads. Throws a WildfireError("usage") for a voice that is none. */
  constructor({ voice, lanes = 2, queueLimit = 64, ...rest }: FliteOptions) {
    this.#voice = voice === undefined ? fliteVoices[0] : requireVoice(voice);
    this.#pool = new FlitePool({ ...rest, lanes, queueLimit, warmUp: this.#voice });
  }

  /**
   * Gives sound after each piece of at most 160 characters. Speeds beyond 0.5 and 2 are taken as these.
   * The language is not looked at: whoever has no other voice is spoken to in this one.
   */
  async speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw engineClosed(this.name);
    if (signal.aborted) throw speechAborted();
    const voice = request.voice === undefined ? this.#voice : requireVoice(request.voice);
    const speed = Math.min(fastest, Math.max(slowest, request.speed ?? 1));
    for (const text of flitePieces(request.text)) {
      const { samples, rateHz } = await this.#pool.synthesise({ text, voice, speed }, signal);
      // Whoever aborts between the answer and this line is given nothing more either.
      if (signal.aborted) throw speechAborted();
      if (this.#isClosed) throw engineClosed(this.name);
      if (samples.length > 0) sink.samples(samples, rateHz);
    }
    if (signal.aborted) throw speechAborted();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pool.close(engineClosed(this.name));
  }
}

function requireVoice(name: string): FliteVoice {
  const voice = fliteVoices.find((known) => known === name);
  if (voice !== undefined) return voice;
  throw new WildfireError("usage", `the built-in voice has no speaker ${quote(name)}`, {
    hint: `choose one of: ${fliteVoices.join(", ")}`,
  });
}
