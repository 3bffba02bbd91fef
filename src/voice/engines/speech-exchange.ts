/** One request to a speech server: each wait in it has a limit, and it stops at once when told to. */
import type { Clock, Timer } from "../../core/clock.ts";
import { errnoOf, formatErrno } from "../../core/errno.ts";
import { WildfireError } from "../../core/errors.ts";
import { ConnectError, connectTcp } from "../../tcp.ts";
import { longestSpeechMs, type SpeechRequest, type SpeechSink } from "./engine.ts";
import { refusedSpeech, requireSpeechType } from "./speech-answer.ts";
import { SpeechBody } from "./speech-body.ts";
import { type BodyReader, headersFor, readerOf, readText } from "./speech-http.ts";

export interface SpeechLimits {
  /** Beyond it the server is asked, by a connection of its own, whether it is there at all. */
  readonly connectMs: number;
  /** From the request to the first byte of sound. */
  readonly firstByteMs: number;
  readonly betweenBytesMs: number;
  readonly wholeMs: number;
}

export interface SpeechExchangeOptions {
  readonly url: string;
  readonly body: string;
  readonly key: string | undefined;
  readonly rateHz: number;
  readonly request: SpeechRequest;
  readonly sink: SpeechSink;
  readonly clock: Clock;
  readonly limits: SpeechLimits;
}

const maxRefusalBytes = 4096;

export class SpeechExchange {
  readonly #options: SpeechExchangeOptions;
  readonly #abort = new AbortController();
  readonly #stopped = Promise.withResolvers<never>();
  readonly #timers = new Map<"connect" | "quiet" | "whole", Timer>();
  #isOver = false;
  #givenMs = 0;

  constructor(options: SpeechExchangeOptions) {
    this.#options = options;
    // It is waited for in `run` only.
    this.#stopped.promise.catch(() => undefined);
  }

  /** Resolves when all sound was given; rejects with a WildfireError, after `stop` at once. */
  async run(): Promise<void> {
    const { limits } = this.#options;
    this.#limit("connect", limits.connectMs, () => this.#probe());
    this.#limit("quiet", limits.firstByteMs, () =>
      this.stop(tooSlow("start to speak", limits.firstByteMs)),
    );
    this.#limit("whole", limits.wholeMs, () => this.stop(tooSlow("finish a text", limits.wholeMs)));
    try {
      await Promise.race([this.#exchange(), this.#stopped.promise]);
    } finally {
      this.#end();
    }
  }

  /** From now on nothing is given. */
  stop(reason: WildfireError): void {
    if (this.#isOver) return;
    this.#stopped.reject(reason);
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#abort.abort();
  }

  async #exchange(): Promise<void> {
    const response = await this.#request();
    this.#cancel("connect");
    const { rateHz, key } = this.#options;
    if (!response.ok) {
      const body = await readText(response, maxRefusalBytes);
      throw refusedSpeech({ status: response.status, body, secret: key });
    }
    const rawRateHz = requireSpeechType(response.headers.get("content-type"), rateHz);
    const sound = new SpeechBody({
      rawRateHz,
      samples: (samples, sampleRateHz) => this.#give(samples, sampleRateHz),
    });
    await this.#read(response, sound);
    sound.finish();
    if (sound.frames === 0) throw silentAnswer();
  }

  async #read(response: Response, sound: SpeechBody): Promise<void> {
    const { betweenBytesMs } = this.#options.limits;
    const reader = readerOf(response);
    let part = await nextPart(reader);
    while (part !== undefined && !this.#isOver) {
      if (part.length > 0) {
        sound.push(part);
        this.#limit("quiet", betweenBytesMs, () =>
          this.stop(tooSlow("go on speaking", betweenBytesMs)),
        );
      }
      part = await nextPart(reader);
    }
  }

  /**
   * Without keep-alive: a connection that the server is just closing would be reused now and then. A
   * reset before any answer is tried once more, since nothing was spoken yet.
   */
  async #request(isSecond = false): Promise<Response> {
    const { url, body, key } = this.#options;
    try {
      return await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headersFor(key) },
        body,
        keepalive: false,
        redirect: "manual",
        signal: this.#abort.signal,
      });
    } catch (error) {
      const mayRetry = !isSecond && !this.#isOver && networkErrno(error) === "ECONNRESET";
      if (mayRetry) return await this.#request(true);
      throw broken(`the speech server ${originOf(url)} cannot be reached`, error);
    }
  }

  #give(samples: Float32Array, rateHz: number): void {
    if (this.#isOver) return;
    const { request, sink } = this.#options;
    this.#givenMs += (samples.length * 1000) / rateHz;
    if (this.#givenMs > longestSpeechMs(request)) {
      this.stop(
        new WildfireError("audio", "the speech server gives far more sound than the text has", {
          hint: "look into the log of the speech server",
        }),
      );
      return;
    }
    sink.samples(samples, rateHz);
  }

  /** `fetch` does not tell a slow server from one that is not there. */
  #probe(): void {
    const { url, clock, limits } = this.#options;
    const { hostname, port, protocol } = new URL(url);
    const usualPort = protocol === "https:" ? 443 : 80;
    const attempt = connectTcp(
      {
        hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
        port: port === "" ? usualPort : Number(port),
        timeoutMs: limits.connectMs,
        clock,
        maxPendingBytes: 0,
      },
      { data: () => undefined, closed: () => undefined },
    );
    attempt.link.then(
      (link) => link.destroy(),
      (error: unknown) => {
        // It was cancelled, since the server has answered.
        if (this.#timers.get("connect") !== attempt) return;
        this.stop(broken(`the speech server ${originOf(url)} cannot be reached`, error));
      },
    );
    this.#timers.set("connect", attempt);
  }

  #limit(what: "connect" | "quiet" | "whole", ms: number, action: () => void): void {
    if (this.#isOver) return;
    this.#cancel(what);
    this.#timers.set(what, this.#options.clock.after(ms, action));
  }

  #cancel(what: "connect" | "quiet" | "whole"): void {
    const timer = this.#timers.get(what);
    this.#timers.delete(what);
    timer?.cancel();
  }
}

async function nextPart(reader: BodyReader | undefined): Promise<Uint8Array | undefined> {
  try {
    const part = await reader?.read();
    return part?.value;
  } catch (error) {
    throw broken("the speech server broke off its answer", error);
  }
}

function tooSlow(what: string, limitMs: number): WildfireError {
  return new WildfireError("timeout", `the speech server did not ${what} within ${limitMs} ms`, {
    hint: "give it more resources, or use a smaller model",
  });
}

function silentAnswer(): WildfireError {
  return new WildfireError("audio", "the speech server answered without any sound", {
    hint: "look into the log of the speech server",
  });
}

/** Bun names failures of connections in words of its own. */
const bunErrnos: Readonly<Record<string, string>> = {
  ConnectionRefused: "ECONNREFUSED",
  ConnectionClosed: "ECONNRESET",
  FailedToOpenSocket: "ECONNREFUSED",
};

function broken(what: string, error: unknown): WildfireError {
  if (error instanceof WildfireError && error.code !== "socket") return error;
  return new WildfireError("socket", `${what}: ${formatErrno(networkErrno(error))}`, {
    cause: error,
    hint: "start it, or check --url",
  });
}

function networkErrno(error: unknown): string {
  const errno = error instanceof ConnectError ? error.errno : errnoOf(error);
  return bunErrnos[errno] ?? errno;
}

function originOf(url: string): string {
  return new URL(url).origin;
}
