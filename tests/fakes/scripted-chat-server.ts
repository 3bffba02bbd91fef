/**
 * A chat server of the OpenAI convention on a real port, whose every answer is a script of the test:
 * pieces, pauses, cuts and faults, byte by byte where that matters.
 */
import { fieldOf, itemsOf, textOf } from "../../src/llama-bridge/chat/loose-json.ts";
import type { TcpHandlers, TcpLink } from "../../src/tcp-link.ts";
import { listenTcp, type TcpServer } from "../../src/tcp.ts";

/** Says one answer; it may end without having said anything. */
export type ChatScript = (answer: ScriptedAnswer) => void | Promise<void>;

export interface SaysOptions {
  readonly finish?: string;
  readonly promptTokens?: number;
}

/** An answer in pieces, with everything that belongs to a good one. */
export function says(pieces: readonly string[], options: SaysOptions = {}): ChatScript {
  return (answer) => {
    answer.head();
    for (const piece of pieces) answer.delta({ content: piece });
    answer.finish(options.finish ?? "stop");
    answer.usage(options.promptTokens ?? 10, pieces.length);
    answer.done();
  };
}

/** An answer that calls one function. */
export function calls(name: string, args: object, text = ""): ChatScript {
  return (answer) => {
    answer.head();
    if (text !== "") answer.delta({ content: text });
    const named = { name, arguments: JSON.stringify(args) };
    answer.delta({ tool_calls: [{ index: 0, id: "a1", type: "function", function: named }] });
    answer.finish("tool_calls");
    answer.done();
  };
}

/** A response with a status and a body of JSON. */
export function refuses(status: number, body: object, headers: HeaderValues = {}): ChatScript {
  return (answer) => {
    answer.head({ status, headers: { "content-type": "application/json", ...headers } });
    answer.write(JSON.stringify(body));
    answer.end();
  };
}

type HeaderValues = Readonly<Record<string, string>>;

export interface HeadOptions {
  readonly status?: number;
  readonly headers?: HeaderValues;
}

/** One request and what is said in return. */
export class ScriptedAnswer {
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  /** The JSON of the request. */
  readonly asked: unknown;
  /** Resolves when the client has closed the connection, or the server has. */
  readonly closed: Promise<void>;
  readonly #link: TcpLink;

  constructor(link: TcpLink, request: ParsedRequest, closed: Promise<void>) {
    this.#link = link;
    this.path = request.path;
    this.headers = request.headers;
    this.asked = request.body;
    this.closed = closed;
  }

  /** Contents of the messages of a role, in order. */
  contents(role: string): string[] {
    return this.messages
      .filter((message) => fieldOf(message, "role") === role)
      .map((message) => textOf(fieldOf(message, "content")));
  }

  get messages(): unknown[] {
    return itemsOf(fieldOf(this.asked, "messages"), 10_000);
  }

  /** Names of the functions that the model may call. */
  get tools(): string[] {
    const tools = itemsOf(fieldOf(this.asked, "tools"), 1000);
    return tools.map((tool) => textOf(fieldOf(fieldOf(tool, "function"), "name")));
  }

  head(options: HeadOptions = {}): void {
    const fields = {
      "content-type": "text/event-stream",
      "transfer-encoding": "chunked",
      ...options.headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#link.write(
      Buffer.from(`HTTP/1.1 ${options.status ?? 200} Scripted\r\n${lines.join("")}\r\n`),
    );
  }

  /** A part of the body, in a chunk of its own. */
  write(part: string | Uint8Array): void {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    if (bytes.length === 0) return;
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`);
    this.#link.write(Buffer.concat([size, bytes, Buffer.from("\r\n")]));
  }

  /** A part of the body in pieces of `pieceBytes`, each in a packet of its own. */
  async writeCut(part: string | Uint8Array, pieceBytes: number): Promise<void> {
    const bytes = Buffer.from(part);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      this.write(bytes.subarray(at, at + pieceBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  event(json: object): void {
    this.write(eventText(json));
  }

  delta(delta: object): void {
    this.event(deltaChunk(delta));
  }

  finish(reason: string): void {
    this.event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
  }

  usage(promptTokens: number, answerTokens: number): void {
    const usage = { prompt_tokens: promptTokens, completion_tokens: answerTokens };
    this.event({ choices: [], usage });
  }

  /** `[DONE]`, and the end of the response. */
  done(): void {
    this.write("data: [DONE]\n\n");
    this.end();
  }

  end(): void {
    this.#link.write(Buffer.from("0\r\n\r\n"));
    this.#link.end();
  }

  /** Bytes on the connection as they are, HTTP or not. */
  raw(bytes: string): void {
    this.#link.write(Buffer.from(bytes));
  }

  /** The server is gone, in the middle of whatever it was saying. */
  breakOff(): void {
    this.#link.destroy();
  }
}

export function deltaChunk(delta: object): object {
  return { choices: [{ index: 0, delta, finish_reason: null }] };
}

export function eventText(json: object): string {
  return `data: ${JSON.stringify(json)}\n\n`;
}

export class ScriptedChatServer implements Disposable {
  /** All requests, oldest first. */
  readonly answers: ScriptedAnswer[] = [];
  /** Connections, with those on which nothing was asked. */
  connections = 0;
  readonly #scripts: ChatScript[] = [];
  #server: TcpServer | undefined;
  readonly #links = new Set<TcpLink>();
  readonly #port: number;

  constructor() {
    this.#server = this.#listen(0);
    this.#port = this.#server.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get openConnections(): number {
    return this.#links.size;
  }

  /** Scripts for the next requests, one each; the last one serves all that follow. */
  script(...scripts: ChatScript[]): void {
    this.#scripts.splice(0, this.#scripts.length, ...scripts);
  }

  /** Refuses connections and ends those that are open. */
  stop(): void {
    this.#server?.stop(false);
    this.#server = undefined;
    for (const link of this.#links) link.destroy();
  }

  restart(): void {
    this.#server ??= this.#listen(this.#port);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #listen(port: number): TcpServer {
    return listenTcp({
      hostname: "127.0.0.1",
      port,
      maxPendingBytes: 64 << 20,
      accept: (link) => this.#accept(link),
    });
  }

  #accept(link: TcpLink): TcpHandlers {
    let received = Buffer.alloc(0);
    let isAnswered = false;
    const closed = Promise.withResolvers<void>();
    this.connections += 1;
    this.#links.add(link);
    return {
      data: (bytes) => {
        if (isAnswered) return;
        received = Buffer.concat([received, bytes]);
        const request = parseRequest(received);
        if (request === undefined) return;
        isAnswered = true;
        void this.#answer(new ScriptedAnswer(link, request, closed.promise));
      },
      closed: () => {
        this.#links.delete(link);
        closed.resolve();
      },
    };
  }

  async #answer(answer: ScriptedAnswer): Promise<void> {
    this.answers.push(answer);
    const script = this.#scripts.length > 1 ? this.#scripts.shift() : this.#scripts[0];
    if (script === undefined) throw new Error("a request without a script");
    await script(answer);
  }
}

interface ParsedRequest {
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: unknown;
}

/** Undefined while something of it is missing. */
function parseRequest(bytes: Buffer): ParsedRequest | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const length = Number(headers.get("content-length") ?? 0);
  const content = bytes.subarray(headEnd + 4);
  if (content.length < length) return undefined;
  const body: unknown = length === 0 ? {} : JSON.parse(content.toString());
  return { path: first.split(" ")[1] ?? "", headers, body };
}
