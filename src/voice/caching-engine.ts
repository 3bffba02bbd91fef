/**
 * An engine with a memory: phrases that come again are kept on disk and spoken from there. What is said
 * once only, such as the answer to one caller, never gets to the disk.
 */
import { joinSamples } from "../audio/join-samples.ts";
import type { PhraseCache, PhraseKey } from "./phrase-cache.ts";
import type { PhraseSound } from "./phrase-file.ts";
import {
  engineClosed,
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "./engines/engine.ts";

export interface CachingOptions {
  readonly engine: SpeechEngine;
  readonly cache: PhraseCache;
  /** What its sound depends on besides the request: engine, server, model. */
  readonly identity: string;
}

/** Longer texts are answers, not phrases. */
const maxPhraseCharacters = 300;
const maxPhraseSeconds = 30;
/** A phrase that was said so often is kept. */
const keptFromCount = 2;
const maxCounted = 1000;
/** In pieces, as an engine gives them. */
const pieceMs = 100;

export class CachingEngine implements SpeechEngine {
  readonly name: string;
  readonly #engine: SpeechEngine;
  readonly #cache: PhraseCache;
  readonly #identity: string;
  /** How often each text was said, by its hash; the longest unheard first. */
  readonly #counts = new Map<bigint, number>();
  #isClosed = false;

  constructor({ engine, cache, identity }: CachingOptions) {
    this.name = engine.name;
    this.#engine = engine;
    this.#cache = cache;
    this.#identity = identity;
  }

  get voices(): readonly string[] {
    return this.#engine.voices;
  }

  async speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw engineClosed(this.name);
    if (signal.aborted) throw speechAborted();
    const key = this.#keyOf(request);
    if (key === undefined) {
      await this.#engine.speak(request, sink, signal);
      return;
    }
    const known = await this.#cache.get(key);
    if (this.#isClosed) throw engineClosed(this.name);
    if (signal.aborted) throw speechAborted();
    if (known !== undefined) this.#replay(known, sink, signal);
    else if (this.#count(request.text) < keptFromCount) {
      await this.#engine.speak(request, sink, signal);
    } else await this.#record({ request, key, sink, signal });
  }

  /** Has phrases ready before they are needed; rejects where the engine fails. */
  async prepare(requests: readonly SpeechRequest[], signal: AbortSignal): Promise<void> {
    for (const request of requests) {
      const key = this.#keyOf(request);
      if (key === undefined || (await this.#cache.get(key)) !== undefined) continue;
      await this.#record({ request, key, sink: { samples: () => undefined }, signal });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#engine.close();
    await this.#cache.settled();
  }

  #keyOf(request: SpeechRequest): PhraseKey | undefined {
    if (request.text.length > maxPhraseCharacters) return undefined;
    const { text, voice = "", speed = 1, language = "" } = request;
    return { engine: this.#identity, voice, speed, language, text };
  }

  #count(text: string): number {
    const hash = Bun.hash.xxHash64(text);
    const count = (this.#counts.get(hash) ?? 0) + 1;
    this.#counts.delete(hash);
    this.#counts.set(hash, count);
    if (this.#counts.size > maxCounted) {
      for (const oldest of this.#counts.keys().take(1)) this.#counts.delete(oldest);
    }
    return count;
  }

  #replay({ samples, rateHz }: PhraseSound, sink: SpeechSink, signal: AbortSignal): void {
    const piece = Math.max(1, Math.round((rateHz * pieceMs) / 1000));
    for (let at = 0; at < samples.length; at += piece) {
      if (signal.aborted) throw speechAborted();
      sink.samples(samples.subarray(at, at + piece), rateHz);
    }
  }

  async #record({ request, key, sink, signal }: Recording): Promise<void> {
    const parts: Float32Array[] = [];
    let heldSamples = 0;
    let rate = 0;
    let isWhole = true;
    const recorder: SpeechSink = {
      samples(samples, rateHz) {
        isWhole &&= (rate === 0 || rate === rateHz) && heldSamples < rateHz * maxPhraseSeconds;
        rate = rateHz;
        heldSamples += samples.length;
        if (isWhole) parts.push(samples.slice());
        sink.samples(samples, rateHz);
      },
    };
    await this.#engine.speak(request, recorder, signal);
    if (!isWhole || heldSamples === 0) return;
    // Nobody waits for the disk.
    void this.#cache.put(key, { samples: joinSamples(parts), rateHz: rate });
  }
}

interface Recording {
  readonly request: SpeechRequest;
  readonly key: PhraseKey;
  readonly sink: SpeechSink;
  readonly signal: AbortSignal;
}
