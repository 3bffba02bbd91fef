/** A client of any chat server that speaks the OpenAI convention: one answer for each `ask`. */
import { ChatExchange } from "./chat-exchange.ts";
import type { AnswerEnd, AskRequest, ChatAsker } from "./chat-messages.ts";
import {
  chatEndpoint,
  type ChatClientOptions,
  checkKey,
  defaultMaxAnswerChars,
  defaultTimeLimits,
} from "./chat-options.ts";
import { chatRequestBody, chatRequestHeaders } from "./chat-request.ts";

export class ChatClient implements ChatAsker {
  readonly #options: ChatClientOptions;
  readonly #endpoint: URL;
  readonly #headers: Headers;

  /** Throws a WildfireError("config") when address or key cannot be right. */
  constructor(options: ChatClientOptions) {
    if (options.key !== undefined) checkKey(options.key);
    this.#options = options;
    this.#endpoint = chatEndpoint(options.url);
    this.#headers = chatRequestHeaders(options);
  }

  /** Where answers come from, without what may be secret in the address. */
  get address(): string {
    return `${this.#endpoint.origin}${this.#endpoint.pathname}`;
  }

  /**
   * The answer goes to the sink while it comes. Resolves when it is over, at once when the signal is
   * aborted; never rejects. One retry before the first byte, none after it.
   */
  async ask(request: AskRequest): Promise<AnswerEnd> {
    const { clock, log, model, key } = this.#options;
    const end = await new ChatExchange({
      endpoint: this.#endpoint,
      headers: this.#headers,
      body: chatRequestBody(this.#options, request.messages, request.tools),
      server: {
        host: this.#endpoint.host,
        model,
        key,
        asked: request.messages.map(({ content }) => content),
      },
      limits: { ...defaultTimeLimits, ...this.#options.limits },
      maxAnswerChars: this.#options.maxAnswerChars ?? defaultMaxAnswerChars,
      isProxied: this.#options.isProxied ?? false,
      clock,
      sink: request.sink,
      signal: request.signal,
    }).run();
    if (end.kind === "failed") {
      const { message: reason, hint, kind } = end.failure;
      log.warn("the chat server gave no answer", { kind, reason, hint, ...figureFields(end) });
    }
    return end;
  }
}

function figureFields({
  figures,
  hasBegun,
}: AnswerEnd): Readonly<Record<string, number | boolean>> {
  return { hasBegun, retries: figures.retries, afterMs: Math.round(figures.totalMs) };
}
