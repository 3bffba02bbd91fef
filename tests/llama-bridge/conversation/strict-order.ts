/** What strict chat templates ask of the order of messages. */
import { expect } from "bun:test";
import type { ChatMessage } from "../../../src/llama-bridge/chat/chat-messages.ts";

/** As Mistral's template counts: calls and results stand outside of the alternation. */
export function expectStrict(messages: readonly ChatMessage[]): void {
  const said = messages.filter(({ role }) => role !== "system");
  expect(messages.findLastIndex(({ role }) => role === "system")).toBeLessThanOrEqual(0);
  let awaited: ChatMessage["role"] = "user";
  let openCalls: readonly string[] = [];
  for (const message of said) {
    if (message.role === "tool") {
      expect(openCalls).toContain(message.callId);
      continue;
    }
    expect(message.role).toBe(awaited);
    const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
    openCalls = calls.map(({ id }) => id);
    if (openCalls.length > 0) continue;
    expect(message.content).not.toBe("");
    awaited = awaited === "user" ? "assistant" : "user";
  }
}
