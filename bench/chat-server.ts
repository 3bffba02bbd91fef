/** A chat server of the OpenAI convention: the bench writes its answers, and knows when it did. */
import { fieldOf, itemsOf, textOf } from "../src/llama-bridge/chat/loose-json.ts";
import type { TcpHandlers, TcpLink } from "../src/tcp-link.ts";
import { listenTcp, type TcpServer } from "../src/tcp.ts";

export interface ChatQuestion {
  /** What the caller said last. */
  readonly text: string;
  /** When the request was there; all times are those of performance.now(). */
  readonly askedAtMs: number;
  /** When the client closed the connection, before the answer was over or behind it. */
  readonly closedAtMs: Promise<number>;
}

/** Says one answer; the connection ends with it. */
export type ChatScript = (reply: ChatReply, question: ChatQuestion) => void | Promise<void>;

const maxMessages = 10_000;
const maxPendingBytes = 16 << 20;
const head =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

export class ChatReply {
  readonly #link: TcpLink;
  #hasBegun = false;

  constructor(link: TcpLink) {
    this.#link = link;
  }

  /** False when the client has gone. */
  get isWanted(): boolean {
    return this.#link.isOpen;
  }

  /** Returns when it was written. */
  token(text: string): number {
    const atMs = performance.now();
    this.#event({ choices: [{ index: 0, delta: { content: text }, finish_reason: null }] });
    return atMs;
  }

  end(): void {
    this.#event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    this.#chunk("data: [DONE]\n\n");
    this.#link.write(Buffer.from("0\r\n\r\n"));
    this.#link.end();
  }

  #event(json: object): void {
    this.#chunk(`data: ${JSON.stringify(json)}\n\n`);
  }

  #chunk(text: string): void {
    const start = this.#hasBegun ? "" : head;
    this.#hasBegun = true;
    const size = Buffer.byteLength(text).toString(16);
    this.#link.write(Buffer.from(`${start}${size}\r\n${text}\r\n`));
  }
}

/** A server that has its whole answer ready. */
export function saysAtOnce(answer: () => string): ChatScript {
  return (reply) => {
    reply.token(answer());
    reply.end();
  };
}

export class ChatServer {
  /** May be exchanged between questions. */
  script: ChatScript;
  /** That were asked. */
  questions = 0;
  readonly #server: TcpServer;

  constructor(script: ChatScript) {
    this.script = script;
    this.#server = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes,
      accept: (link) => this.#accept(link),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  close(): void {
    this.#server.stop(true);
  }

  #accept(link: TcpLink): TcpHandlers {
    let received = Buffer.alloc(0);
    let isAsked = false;
    const closed = Promise.withResolvers<number>();
    return {
      data: (bytes) => {
        if (isAsked) return;
        received = Buffer.concat([received, bytes]);
        const text = questionIn(received);
        if (text === undefined) return;
        isAsked = true;
        this.questions += 1;
        const question = { text, askedAtMs: performance.now(), closedAtMs: closed.promise };
        void this.script(new ChatReply(link), question);
      },
      closed: () => closed.resolve(performance.now()),
    };
  }
}

/** The last message of the caller; undefined while something of the request is missing. */
function questionIn(request: Buffer): string | undefined {
  const headBytes = request.indexOf("\r\n\r\n");
  if (headBytes < 0) return undefined;
  const lengthText = /^content-length: *(\d+)/im.exec(
    request.toString("latin1", 0, headBytes),
  )?.[1];
  const body = request.subarray(headBytes + 4);
  if (body.length < Number(lengthText ?? 0)) return undefined;
  const asked: unknown = JSON.parse(body.toString("utf8"));
  const messages = itemsOf(fieldOf(asked, "messages"), maxMessages);
  const last = messages.findLast((message) => fieldOf(message, "role") === "user");
  return textOf(fieldOf(last, "content"));
}
