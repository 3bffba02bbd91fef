/** The order of messages that strict chat templates ask for, such as Gemma's and Mistral's; pure. */
import type { ChatMessage } from "../chat/chat-messages.ts";

/** For an answer of which nothing was heard, where a question follows the results of tools. */
const unheard: ChatMessage = { role: "assistant", content: "…" };

/**
 * Without system messages: begins with the user, and user and assistant take turns, tool calls with
 * their results in between. Messages of one role that stand side by side become one.
 */
export function alternating(messages: readonly ChatMessage[]): ChatMessage[] {
  const ordered: ChatMessage[] = [];
  for (const message of messages) {
    const before = ordered.at(-1);
    if (before === undefined && message.role !== "user") continue;
    const merged = before === undefined ? undefined : mergeMessages(before, message);
    if (merged !== undefined) {
      ordered[ordered.length - 1] = merged;
      continue;
    }
    if (before?.role === "tool" && message.role === "user") ordered.push(unheard);
    ordered.push(message);
  }
  return ordered;
}

function mergeMessages(before: ChatMessage, next: ChatMessage): ChatMessage | undefined {
  if (before.role === "user" && next.role === "user") {
    return { role: "user", content: joined(before.content, next.content) };
  }
  if (before.role !== "assistant" || next.role !== "assistant") return undefined;
  // Calls without results cannot be: they stand and fall together.
  if (before.toolCalls !== undefined) return undefined;
  return { ...next, content: joined(before.content, next.content) };
}

/** What a tool said, and marks that call one, stand on lines of their own. */
function joined(before: string, next: string): string {
  if (before === "" || next === "") return before + next;
  const hasMarks = before.includes("[[") || next.includes("[[");
  return `${before}${hasMarks ? "\n" : " "}${next}`;
}

/** What messages cost, besides what the template puts around them. */
export function charsOf(messages: readonly ChatMessage[]): number {
  let chars = 0;
  for (const message of messages) {
    chars += message.content.length;
    if (message.role !== "assistant") continue;
    for (const call of message.toolCalls ?? []) {
      chars += call.name.length + call.argumentsText.length;
    }
  }
  return chars;
}
