/** One request to a chat server and its answer: ends exactly once, in order, in time or on demand. */
import type { Clock } from "../../core/clock.ts";
import { errnoOf } from "../../core/errno.ts";
import { AnswerAssembly } from "./answer-assembly.ts";
import { readBody, readStart } from "./bounded-body.ts";
import {
  type ChatFailure,
  failureInStream,
  failureOfStatus,
  type ServerName,
} from "./chat-failure.ts";
import type { AnswerEnd, AnswerFigures, AnswerSink } from "./chat-messages.ts";
import type { ChatTimeLimits } from "./chat-options.ts";
import { ConnectWatch } from "./connect-watch.ts";
import { Deadline } from "./deadline.ts";
import { EventLines } from "./event-lines.ts";
import {
  failureOfContent,
  failureOfLimit,
  failureOfNetwork,
  type MissedLimit,
} from "./network-failure.ts";

export interface ChatExchangeOptions {
  readonly endpoint: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly server: ServerName;
  readonly limits: ChatTimeLimits;
  readonly maxAnswerChars: number;
  readonly isProxied: boolean;
  readonly clock: Clock;
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
}

/** Each token comes in some 300 bytes of JSON. */
const maxStreamBytes = 16 << 20;
const maxWholeBytes = 4 << 20;
const maxErrorBytes = 16 << 10;
/** A server that is just being restarted may be there again. */
const retryDelayMs = 100;

/** What is left to be said about an end when it is there. */
type EndOutcome =
  | Pick<AnswerEnd & { kind: "complete" }, "kind" | "finish" | "usage">
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly failure: ChatFailure };

export class ChatExchange {
  readonly #options: ChatExchangeOptions;
  readonly #outcome = Promise.withResolvers<AnswerEnd>();
  readonly #assembly: AnswerAssembly;
  readonly #startedMs: number;
  readonly #whole: Deadline;
  readonly #piece: Deadline;
  readonly #cancelled = (): void => this.#end({ kind: "cancelled" });
  #watch: ConnectWatch | undefined;
  #request: AbortController | undefined;
  #missing: MissedLimit = "first-token";
  #retries = 0;
  #hasBytes = false;
  #isOver = false;
  #firstPieceMs: number | undefined;
  #lastPieceMs = 0;

  constructor(options: ChatExchangeOptions) {
    this.#options = options;
    const { clock, limits, sink, maxAnswerChars } = options;
    this.#startedMs = clock.nowMs();
    this.#assembly = new AnswerAssembly(this.#guarded(sink), maxAnswerChars);
    this.#whole = new Deadline(clock, () => this.#miss("whole-answer", limits.wholeAnswerMs));
    this.#piece = new Deadline(clock, () => {
      const isFirst = this.#missing === "first-token";
      this.#miss(this.#missing, isFirst ? limits.firstTokenMs : limits.betweenTokensMs);
    });
  }

  /** To be called once. */
  async run(): Promise<AnswerEnd> {
    const { signal, limits } = this.#options;
    if (signal.aborted) this.#cancelled();
    if (!this.#isOver) {
      signal.addEventListener("abort", this.#cancelled, { once: true });
      this.#whole.set(limits.wholeAnswerMs);
      this.#piece.set(limits.firstTokenMs);
      this.#send();
    }
    return await this.#outcome.promise;
  }

  #send(): void {
    const { endpoint, headers, body, limits, clock, isProxied } = this.#options;
    const request = new AbortController();
    this.#request = request;
    if (!isProxied) {
      const { connectMs } = limits;
      const unreachable = (): void => this.#miss("connect", connectMs);
      this.#watch = new ConnectWatch({ endpoint, connectMs, clock, unreachable });
    }
    const init = { method: "POST", headers, body, signal: request.signal };
    fetch(endpoint, { ...init, keepalive: false, redirect: "manual" })
      .then(async (response) => await this.#read(response))
      .catch((error: unknown) => this.#broke(errnoOf(error)));
  }

  async #read(response: Response): Promise<void> {
    this.#watch?.stop();
    if (this.#isOver) return;
    if (!response.ok) {
      const body = await readStart(response, maxErrorBytes);
      const { server, clock } = this.#options;
      const retryAfter = response.headers.get("retry-after");
      const refused = { status: response.status, body, retryAfter, wallMs: clock.wallMs() };
      this.#fail(failureOfStatus(refused, server));
      return;
    }
    const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
    if (type === "application/json") await this.#readWhole(response);
    else if (type === "text/event-stream" || type === "") await this.#readEvents(response);
    else this.#failContent(`content of type ${type} in place of an answer`);
  }

  async #readEvents(response: Response): Promise<void> {
    const events = new EventLines({
      json: (value) => this.#take(value),
      done: () => this.#complete(),
      wrong: (reason) => this.#failContent(reason),
    });
    await readBody(response, maxStreamBytes, {
      data: (bytes) => {
        this.#hasBytes = true;
        if (!this.#isOver) events.push(bytes);
        return !this.#isOver;
      },
      tooLong: () => this.#failContent(`more than ${maxStreamBytes} bytes for one answer`),
    });
    if (!this.#isOver) events.finish();
    // Some servers leave [DONE] out, but all of them say why an answer ends.
    if (this.#assembly.finish === undefined) this.#broke("the stream ended before the answer");
    else this.#complete();
  }

  /** A server that does not stream. */
  async #readWhole(response: Response): Promise<void> {
    const parts: Uint8Array[] = [];
    await readBody(response, maxWholeBytes, {
      data: (bytes) => {
        this.#hasBytes = true;
        parts.push(bytes);
        return !this.#isOver;
      },
      tooLong: () => this.#failContent(`more than ${maxWholeBytes} bytes for one answer`),
    });
    if (this.#isOver) return;
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder().decode(Buffer.concat(parts)));
    } catch {
      this.#failContent("a body that is no JSON");
      return;
    }
    this.#take(json);
    if (this.#assembly.finish === undefined && !this.#assembly.hasBegun) {
      this.#failContent("JSON without an answer in it");
    } else {
      this.#complete();
    }
  }

  #take(chunk: unknown): void {
    if (this.#isOver) return;
    const verdict = this.#assembly.take(chunk);
    switch (verdict.kind) {
      case "nothing":
        return;
      case "error":
        this.#fail(failureInStream(verdict.error, this.#options.server));
        return;
      case "progress":
        this.#progressed();
        return;
      case "full":
        this.#progressed();
        this.#complete();
        return;
    }
  }

  #progressed(): void {
    if (this.#isOver) return;
    this.#lastPieceMs = this.#options.clock.nowMs();
    this.#firstPieceMs ??= this.#lastPieceMs;
    this.#missing = "between-tokens";
    this.#piece.set(this.#options.limits.betweenTokensMs);
  }

  #complete(): void {
    if (this.#isOver) return;
    this.#assembly.complete();
    const { finish = "unknown", usage } = this.#assembly;
    this.#end({ kind: "complete", finish, ...(usage === undefined ? {} : { usage }) });
  }

  #broke(errno: string): void {
    if (this.#isOver) return;
    this.#watch?.stop();
    const { clock, server } = this.#options;
    if (!this.#hasBytes && this.#retries === 0) {
      this.#retries = 1;
      clock.after(retryDelayMs, () => {
        if (!this.#isOver) this.#send();
      });
      return;
    }
    this.#fail(failureOfNetwork(errno, server, this.#hasBytes));
  }

  #miss(limit: MissedLimit, limitMs: number): void {
    this.#fail(failureOfLimit(limit, limitMs, this.#options.server));
  }

  #failContent(reason: string): void {
    this.#fail(failureOfContent(reason, this.#options.server));
  }

  #fail(failure: ChatFailure): void {
    this.#end({ kind: "failed", failure });
  }

  #end(outcome: EndOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.signal.removeEventListener("abort", this.#cancelled);
    this.#whole.cancel();
    this.#piece.cancel();
    this.#watch?.stop();
    this.#outcome.resolve({
      ...outcome,
      figures: this.#figures(),
      hasBegun: this.#assembly.hasBegun,
    });
    // Closes the connection, by which the server knows that its slot is free.
    this.#request?.abort();
  }

  #figures(): AnswerFigures {
    const { clock } = this.#options;
    const first = this.#firstPieceMs;
    const tokens = this.#assembly.usage?.answerTokens ?? this.#assembly.pieces;
    const spanMs = first === undefined ? 0 : this.#lastPieceMs - first;
    return {
      ...(first === undefined ? {} : { firstTokenMs: first - this.#startedMs }),
      totalMs: clock.nowMs() - this.#startedMs,
      tokens,
      tokensPerSecond: spanMs > 0 && tokens > 1 ? ((tokens - 1) * 1000) / spanMs : 0,
      retries: this.#retries,
    };
  }

  /** A caller who ends the answer in the middle of a piece is told nothing more of it. */
  #guarded(sink: AnswerSink): AnswerSink {
    return {
      text: (delta) => {
        if (!this.#isOver) sink.text(delta);
      },
      toolCall: (call) => {
        if (!this.#isOver) sink.toolCall(call);
      },
    };
  }
}
