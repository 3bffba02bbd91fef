/** One answer of a chat client, kept for a test to look at. */
import { systemClock } from "../../../src/core/clock.ts";
import { ChatClient } from "../../../src/llama-bridge/chat/chat-client.ts";
import type {
  AnswerEnd,
  AskRequest,
  ChatMessage,
  ToolCall,
} from "../../../src/llama-bridge/chat/chat-messages.ts";
import type { ChatClientOptions } from "../../../src/llama-bridge/chat/chat-options.ts";
import { createMemoryLog, type MemoryLog } from "../../fakes/memory-log.ts";
import { until } from "../../fakes/until.ts";

export const question: readonly ChatMessage[] = [{ role: "user", content: "Are you open?" }];

export interface TestClient {
  readonly client: ChatClient;
  readonly memory: MemoryLog;
}

export function testClient(url: string, options: Partial<ChatClientOptions> = {}): TestClient {
  const clock = options.clock ?? systemClock;
  const memory = createMemoryLog(clock);
  const client = new ChatClient({ url, model: "tiny", ...options, clock, log: memory.log });
  return { client, memory };
}

export class AskedAnswer {
  readonly texts: string[] = [];
  readonly calls: ToolCall[] = [];
  readonly abort = new AbortController();
  readonly end: Promise<AnswerEnd>;
  isOver = false;

  constructor(client: ChatClient, request: Partial<AskRequest> = {}) {
    this.end = client.ask({
      messages: question,
      tools: [],
      sink: {
        text: (delta) => void this.texts.push(delta),
        toolCall: (call) => void this.calls.push(call),
      },
      signal: this.abort.signal,
      ...request,
    });
    void this.end.then(() => (this.isOver = true));
  }

  get text(): string {
    return this.texts.join("");
  }

  async began(): Promise<void> {
    await until(() => this.texts.length > 0, "the first text of an answer");
  }
}

/** The failure of an answer in one line: its kind, what happened, and what to do. */
export function failureOf(end: AnswerEnd): string {
  if (end.kind !== "failed") throw new Error(`the answer is ${end.kind}`);
  return `${end.failure.kind}: ${end.failure.message}; ${end.failure.hint}`;
}
