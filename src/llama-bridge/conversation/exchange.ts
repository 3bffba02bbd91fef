/** One question of the caller and all that came of it: tool calls, their results, and the answer. */
import type { ChatMessage, ToolCall } from "../chat/chat-messages.ts";
import { heardPart } from "./heard-text.ts";

/** How the model called: by the convention of the server, or by a mark in its text. */
export type CallStyle = "protocol" | "text";

export interface ToolResult {
  readonly call: ToolCall;
  readonly content: string;
}

interface ToolRound {
  readonly style: CallStyle;
  readonly results: readonly ToolResult[];
}

/** What the model said, and what it did then; the last step of an exchange does nothing. */
interface Step {
  text: string;
  round: ToolRound | undefined;
}

/** Of one exchange; what the model says beyond is not kept. */
const maxAnswerChars = 20_000;

export class Exchange {
  /** In which it was asked last. */
  turn: number;
  user: string;
  /** Characters of all that was said which the caller heard; undefined means all of them. */
  heard: number | undefined;
  #steps: Step[] = [{ text: "", round: undefined }];

  constructor(turn: number, user: string) {
    this.turn = turn;
    this.user = user;
  }

  /** Characters that were said so far. */
  get saidChars(): number {
    return this.#steps.reduce((sum, step) => sum + step.text.length, 0);
  }

  /** The last word is the agent's, and the caller has heard some of it. */
  get isAnswered(): boolean {
    const last = this.messages().at(-1);
    return last?.role === "assistant" && last.toolCalls === undefined;
  }

  /** The caller has heard nothing in return and nothing was done: more of the question may follow. */
  get isOpen(): boolean {
    return this.#steps.length === 1 && !this.isAnswered;
  }

  say(text: string): void {
    const room = maxAnswerChars - this.saidChars;
    const last = this.#steps.at(-1);
    if (last !== undefined && room > 0) last.text += text.slice(0, room);
  }

  acted(style: CallStyle, results: readonly ToolResult[]): void {
    const last = this.#steps.at(-1);
    if (last === undefined || results.length === 0) return;
    last.round = { style, results };
    this.#steps.push({ text: "", round: undefined });
  }

  /** It is asked again: what was said, and heard by nobody, is void. */
  reopen(turn: number): void {
    this.turn = turn;
    this.heard = undefined;
    const done = this.#steps.filter((step) => step.round !== undefined);
    this.#steps = [...done, { text: "", round: undefined }];
  }

  messages(): ChatMessage[] {
    const messages: ChatMessage[] = [];
    if (this.user !== "") messages.push({ role: "user", content: this.user });
    let heard = this.heard ?? Number.POSITIVE_INFINITY;
    for (const { text, round } of this.#steps) {
      const said = heardPart(text, heard).trim();
      heard = Math.max(0, heard - text.length);
      if (round !== undefined) messages.push(...roundMessages(said, round));
      else if (said !== "") messages.push({ role: "assistant", content: said });
    }
    return messages;
  }
}

function roundMessages(said: string, { style, results }: ToolRound): ChatMessage[] {
  const toolCalls = results.map(({ call }) => call);
  if (style === "protocol") {
    const answers = results.map(({ call, content }): ChatMessage => ({
      role: "tool",
      callId: call.id,
      content,
    }));
    return [{ role: "assistant", content: said, toolCalls }, ...answers];
  }
  const marks = toolCalls.map((call) => `[[${call.name} ${call.argumentsText}]]`);
  const content = results.map(({ call, content: text }) => `[[result of ${call.name}]] ${text}`);
  return [
    { role: "assistant", content: [said, ...marks].filter((line) => line !== "").join("\n") },
    { role: "user", content: content.join("\n") },
  ];
}
