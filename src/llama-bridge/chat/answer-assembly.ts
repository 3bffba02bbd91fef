/** Makes an answer of the JSON objects that a server sends, streamed or whole; believes none of them. */
import type { AnswerSink, ChatUsage, FinishReason } from "./chat-messages.ts";
import { countOf, fieldOf, itemsOf, objectOf, textOf } from "./loose-json.ts";
import { ToolCallAssembly } from "./tool-call-assembly.ts";

/** `progress`: a piece of the answer, also one that is not spoken, such as a thought. */
export type ChunkVerdict =
  | { readonly kind: "progress" }
  | { readonly kind: "nothing" }
  | { readonly kind: "full" }
  | { readonly kind: "error"; readonly error: unknown };

const maxContentParts = 1000;

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  eos: "stop",
  length: "length",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
  content_filter: "filtered",
};

export class AnswerAssembly {
  readonly #sink: AnswerSink;
  readonly #maxChars: number;
  readonly #toolCalls = new ToolCallAssembly();
  #finish: FinishReason | undefined;
  #usage: ChatUsage | undefined;
  #chars = 0;
  #pieces = 0;
  #hasBegun = false;
  #isFull = false;
  /** First half of a character beyond U+FFFF, whose second half is in the next piece. */
  #half = "";

  constructor(sink: AnswerSink, maxChars: number) {
    this.#sink = sink;
    this.#maxChars = maxChars;
  }

  /** Undefined until the server has said why it stops. */
  get finish(): FinishReason | undefined {
    return this.#finish;
  }

  get usage(): ChatUsage | undefined {
    return this.#usage;
  }

  /** Pieces of the answer so far: about as many as tokens. */
  get pieces(): number {
    return this.#pieces;
  }

  /** Text has been told or a tool call has begun. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  take(chunk: unknown): ChunkVerdict {
    const error = fieldOf(chunk, "error");
    if (error !== undefined && error !== null) return { kind: "error", error };
    this.#takeUsage(fieldOf(chunk, "usage"));
    const [choice] = itemsOf(fieldOf(chunk, "choices"), 1);
    if (choice === undefined) return { kind: "nothing" };
    const isNew = this.#takePiece(fieldOf(choice, "delta") ?? fieldOf(choice, "message"));
    const reason = textOf(fieldOf(choice, "finish_reason"));
    if (reason !== "") this.#finish ??= finishOf(reason);
    if (this.#isFull) {
      this.#finish = "limit";
      return { kind: "full" };
    }
    if (!isNew) return { kind: "nothing" };
    this.#pieces += 1;
    return { kind: "progress" };
  }

  /** Tells the tool calls; to be called once, when the answer is complete. */
  complete(): void {
    // Of an answer that was cut off, the last call is a piece of one.
    if (this.#finish === "limit" || this.#finish === "length") return;
    for (const call of this.#toolCalls.finish()) this.#sink.toolCall(call);
  }

  /** True when there was something of the answer in it. */
  #takePiece(piece: unknown): boolean {
    const hasText = this.#takeText(contentText(fieldOf(piece, "content")));
    const hasCall = this.#toolCalls.add(fieldOf(piece, "tool_calls"));
    if (hasCall) this.#hasBegun = true;
    const thought = fieldOf(piece, "reasoning_content") ?? fieldOf(piece, "reasoning");
    return hasText || hasCall || textOf(thought) !== "";
  }

  #takeText(text: string): boolean {
    if (text === "") return false;
    const left = this.#maxChars - this.#chars;
    const whole = (this.#half + text).slice(0, left);
    this.#isFull = this.#half.length + text.length > left;
    this.#half = endsInMidCharacter(whole) ? whole.slice(-1) : "";
    const told = whole.slice(0, whole.length - this.#half.length);
    this.#chars += told.length;
    if (told === "") return true;
    this.#hasBegun = true;
    this.#sink.text(told.toWellFormed());
    return true;
  }

  #takeUsage(usage: unknown): void {
    if (objectOf(usage) === undefined) return;
    const promptTokens = countOf(fieldOf(usage, "prompt_tokens"));
    const answerTokens = countOf(fieldOf(usage, "completion_tokens"));
    if (promptTokens === undefined || answerTokens === undefined) return;
    this.#usage = { promptTokens, answerTokens };
  }
}

function finishOf(reason: string): FinishReason {
  return Object.hasOwn(finishReasons, reason) ? (finishReasons[reason] ?? "unknown") : "unknown";
}

/** A text, or the texts of a list of parts. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return itemsOf(content, maxContentParts)
    .map((part) => textOf(fieldOf(part, "text")))
    .join("");
}

function endsInMidCharacter(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
