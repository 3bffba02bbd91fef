/** Any server that keeps the OpenAI speech convention, such as Kokoro-FastAPI: text by HTTP, samples back. */
import type { Clock } from "../../core/clock.ts";
import { describeError, quote, WildfireError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import {
  engineClosed,
  speechAborted,
  type SpeechEngine,
  type SpeechRequest,
  type SpeechSink,
} from "./engine.ts";
import { readVoices } from "./speech-answer.ts";
import { SpeechExchange, type SpeechLimits } from "./speech-exchange.ts";
import { headersFor, readText } from "./speech-http.ts";

export interface OpenAiSpeechOptions {
  /** Up to `/v1`, which may be there or not: `http://127.0.0.1:8880`. */
  readonly url: string;
  /** What the server calls its model; `kokoro` unless given. */
  readonly model?: string | undefined;
  /** Used when a request names none. */
  readonly voice?: string | undefined;
  /** Goes into the Authorization header and nowhere else. */
  readonly key?: string | undefined;
  /** Of raw samples; 24,000 by convention. */
  readonly rateHz?: number | undefined;
  readonly limits?: Partial<SpeechLimits> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const defaultLimits: SpeechLimits = {
  connectMs: 2000,
  firstByteMs: 5000,
  betweenBytesMs: 4000,
  wholeMs: 60_000,
};

const usualRateHz = 24_000;
const usualVoice = "alloy";
const listingLimitMs = 5000;
const maxListingBytes = 256 * 1024;

export class OpenAiSpeech implements SpeechEngine {
  readonly name = "openai-speech";
  readonly #options: OpenAiSpeechOptions;
  readonly #base: string;
  readonly #closing = new AbortController();
  #voices: readonly string[] = [];

  /** Throws a WildfireError("usage") for an address that is none. The server may come up later. */
  constructor(options: OpenAiSpeechOptions) {
    this.#options = options;
    this.#base = requireBase(options.url);
  }

  get voices(): readonly string[] {
    return this.#voices;
  }

  async speak(request: SpeechRequest, sink: SpeechSink, signal: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) throw engineClosed(this.name);
    if (signal.aborted) throw speechAborted();
    const { clock, limits, rateHz = usualRateHz, key } = this.#options;
    const exchange = new SpeechExchange({
      url: `${this.#base}/audio/speech`,
      body: this.#body(request),
      key,
      rateHz,
      request,
      sink,
      clock,
      limits: { ...defaultLimits, ...limits },
    });
    const abort = (): void => exchange.stop(speechAborted());
    const close = (): void => exchange.stop(engineClosed(this.name));
    signal.addEventListener("abort", abort, { once: true });
    this.#closing.signal.addEventListener("abort", close, { once: true });
    try {
      await exchange.run();
    } finally {
      signal.removeEventListener("abort", abort);
      this.#closing.signal.removeEventListener("abort", close);
    }
  }

  /** Asks the server for its voices; where it does not know the question, `voices` stays empty. */
  async refreshVoices(): Promise<void> {
    const limit = new AbortController();
    const timer = this.#options.clock.after(listingLimitMs, () => limit.abort());
    try {
      const response = await fetch(`${this.#base}/audio/voices`, {
        headers: headersFor(this.#options.key),
        keepalive: false,
        redirect: "manual",
        signal: AbortSignal.any([limit.signal, this.#closing.signal]),
      });
      if (response.ok) this.#voices = readVoices(await readText(response, maxListingBytes));
      else await response.body?.cancel();
    } catch (error) {
      this.#options.log.debug("the speech server lists no voices", {
        reason: describeError(error),
      });
    } finally {
      timer.cancel();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #body({ text, voice, speed, language }: SpeechRequest): string {
    return JSON.stringify({
      model: this.#options.model ?? "kokoro",
      voice: voice ?? this.#options.voice ?? this.#voices[0] ?? usualVoice,
      // A lone surrogate is no UTF-8, and some servers refuse the whole body for it.
      input: text.toWellFormed(),
      response_format: "pcm",
      speed: speed ?? 1,
      stream: true,
      // Kokoro's own names are one letter; who knows BCP 47 takes this.
      ...(language === undefined ? {} : { language }),
    });
  }
}

function requireBase(url: string): string {
  const parsed = URL.parse(url);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) {
    const path = parsed.pathname.replace(/\/+$/, "").replace(/\/audio\/speech$/, "");
    return `${parsed.origin}${path.endsWith("/v1") ? path : `${path}/v1`}`;
  }
  throw new WildfireError("usage", `--url ${quote(url, 100)} is no address of a speech server`, {
    hint: "write it like http://127.0.0.1:8880",
  });
}
