/** The built-in back end: says what the caller said, so that a call can be tried without any model. */
import type { Clock } from "../core/clock.ts";
import type {
  AnswerEnd,
  AnswerFigures,
  AskRequest,
  ChatAsker,
  ChatMessage,
} from "./chat/chat-messages.ts";
import { defaultMaxAnswerChars } from "./chat/chat-options.ts";

/** Enough that whoever reads the answer meets its pieces as those of a model. */
const usualPieces = 6;
/** Shorter pieces are joined. */
const leastPieceChars = 12;

export class EchoAsker implements ChatAsker {
  readonly #clock: Clock;
  readonly #maxChars: number;

  constructor(clock: Clock, maxChars = defaultMaxAnswerChars) {
    this.#clock = clock;
    this.#maxChars = maxChars;
  }

  /** The words of the last message of the user; nothing where there are none. */
  async ask({ messages, sink, signal }: AskRequest): Promise<AnswerEnd> {
    const startedMs = this.#clock.nowMs();
    const words = lastWords(messages);
    const said = cut(words, this.#maxChars);
    const told = new ToldPieces(this.#clock, startedMs);
    for (const piece of piecesOf(said)) {
      // Whoever heard the last piece may want no more.
      if (told.pieces > 0) await Promise.resolve();
      if (signal.aborted) break;
      told.count();
      sink.text(piece);
    }
    const end = { figures: told.figures(), hasBegun: told.pieces > 0 };
    if (signal.aborted) return { ...end, kind: "cancelled" };
    return { ...end, kind: "complete", finish: said.length < words.length ? "limit" : "stop" };
  }
}

/** Counts what was told, for the figures of an answer. */
class ToldPieces {
  readonly #clock: Clock;
  readonly #startedMs: number;
  #firstMs: number | undefined;
  #lastMs = 0;
  #pieces = 0;

  constructor(clock: Clock, startedMs: number) {
    this.#clock = clock;
    this.#startedMs = startedMs;
  }

  get pieces(): number {
    return this.#pieces;
  }

  count(): void {
    this.#lastMs = this.#clock.nowMs();
    this.#firstMs ??= this.#lastMs;
    this.#pieces += 1;
  }

  figures(): AnswerFigures {
    const first = this.#firstMs;
    const spanMs = first === undefined ? 0 : this.#lastMs - first;
    return {
      ...(first === undefined ? {} : { firstTokenMs: first - this.#startedMs }),
      totalMs: this.#clock.nowMs() - this.#startedMs,
      tokens: this.#pieces,
      tokensPerSecond: spanMs > 0 ? ((this.#pieces - 1) * 1000) / spanMs : 0,
      retries: 0,
    };
  }
}

function lastWords(messages: readonly ChatMessage[]): string {
  return messages.findLast(({ role }) => role === "user")?.content.trim() ?? "";
}

/** Never in the middle of a character. */
function cut(text: string, maxChars: number): string {
  return text.slice(0, maxChars).replace(/[\uD800-\uDBFF]$/, "");
}

/** Pieces that end behind a space; together they are the text. */
function piecesOf(text: string): string[] {
  const wantedChars = Math.max(leastPieceChars, text.length / usualPieces);
  const pieces: string[] = [];
  let piece = "";
  for (const word of text.match(/\S+\s*/g) ?? []) {
    piece += word;
    if (piece.length < wantedChars) continue;
    pieces.push(piece);
    piece = "";
  }
  return piece === "" ? pieces : [...pieces, piece];
}
