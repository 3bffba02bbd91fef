/** The body and headers of one request in the OpenAI convention; pure. */
import type { ChatMessage, ToolCall, ToolDeclaration } from "./chat-messages.ts";
import type { ChatClientOptions } from "./chat-options.ts";

const maxStopTexts = 4;

/** JSON text; what is not configured is left out, so that the server's own setting stands. */
export function chatRequestBody(
  options: ChatClientOptions,
  messages: readonly ChatMessage[],
  tools: readonly ToolDeclaration[],
): string {
  const { model, temperature, seed, maxTokens, stop } = options;
  return JSON.stringify({
    model,
    messages: messages.map(messageToWire),
    stream: true,
    stream_options: { include_usage: true },
    // llama.cpp's own: the prompt of the turn before need not be computed again.
    cache_prompt: true,
    temperature,
    seed,
    max_tokens: maxTokens,
    stop: stop === undefined || stop.length === 0 ? undefined : stop.slice(0, maxStopTexts),
    tools: tools.length === 0 ? undefined : tools.map(toolToWire),
  });
}

/**
 * Each request has a connection of its own: llama-server closes kept ones at times of its own, and a
 * request that is just under way then fails.
 */
export function chatRequestHeaders(options: ChatClientOptions): Headers {
  const headers = new Headers(options.headers);
  headers.set("content-type", "application/json");
  headers.set("accept", "text/event-stream, application/json");
  // Compression would hold pieces back until a block is full.
  headers.set("accept-encoding", "identity");
  headers.set("connection", "close");
  if (options.key !== undefined) headers.set("authorization", `Bearer ${options.key}`);
  return headers;
}

function messageToWire(message: ChatMessage): object {
  if (message.role === "tool") {
    return { role: "tool", tool_call_id: message.callId, content: message.content };
  }
  if (message.role === "assistant" && message.toolCalls !== undefined) {
    const toolCalls = message.toolCalls.map(callToWire);
    return { role: "assistant", content: message.content, tool_calls: toolCalls };
  }
  return { role: message.role, content: message.content };
}

function callToWire(call: ToolCall): object {
  return {
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.argumentsText },
  };
}

function toolToWire(tool: ToolDeclaration): object {
  return { type: "function", function: { ...tool } };
}
