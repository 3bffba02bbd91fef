/** What is said to a chat server and what comes back, in this project's own words. */
import type { ChatFailure } from "./chat-failure.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Arguments as the model wrote them, taken apart; `wrong` is for telling the model. */
export type ToolArguments =
  | { readonly kind: "object"; readonly value: JsonObject }
  | { readonly kind: "wrong"; readonly reason: string };

export interface ToolCall {
  /** As the server gave it, or made up where it gave none; unique within one answer. */
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it; `{}` where it was too long to keep or is no object. */
  readonly argumentsText: string;
  readonly arguments: ToolArguments;
}

export type ChatMessage =
  | { readonly role: "system" | "user"; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string;
      readonly toolCalls?: readonly ToolCall[];
    }
  | { readonly role: "tool"; readonly callId: string; readonly content: string };

/** A function that the model may call; `parameters` is a JSON schema of an object. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
}

export interface ChatUsage {
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** Why the model stopped; `limit`: this side's own limit of characters. */
export type FinishReason = "stop" | "length" | "tool-calls" | "filtered" | "limit" | "unknown";

/** What one answer cost; milliseconds since it was asked for. */
export interface AnswerFigures {
  /** The server's first piece: text, a tool call or a thought. Absent when nothing came. */
  readonly firstTokenMs?: number;
  readonly totalMs: number;
  /** As the server counts, or the pieces that came. */
  readonly tokens: number;
  /** From the first piece to the last; 0 where that says nothing. */
  readonly tokensPerSecond: number;
  /** Tries that failed before their first byte. */
  readonly retries: number;
}

/** How one answer ended; `hasBegun`: text or tool calls had come before. */
export type AnswerEnd = { readonly figures: AnswerFigures; readonly hasBegun: boolean } & (
  | { readonly kind: "complete"; readonly finish: FinishReason; readonly usage?: ChatUsage }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly failure: ChatFailure }
);

/** Takes an answer as it comes; nothing is told after the end or after the signal was aborted. */
export interface AnswerSink {
  /** Never empty. */
  text(delta: string): void;
  /** Complete, in the order of the answer, after its last text. */
  toolCall(call: ToolCall): void;
}

/** What a conversation needs of a chat server. */
export interface ChatAsker {
  /** Never rejects: whatever goes wrong is an end. */
  ask(request: AskRequest): Promise<AnswerEnd>;
}

export interface AskRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDeclaration[];
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
}
