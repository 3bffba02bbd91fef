/** What the agent said and did in one answer, and how much of it the caller has heard. */
import type { ChatMessage, ToolCall } from "../chat/chat-messages.ts";
import { heardPart } from "./heard-text.ts";

/** How the model called: by the convention of the server, or by a mark in its text. */
export type CallStyle = "protocol" | "text";

export interface ToolResult {
  readonly call: ToolCall;
  readonly content: string;
}

/** What followed the words of a step: tools, or the request to go on where an interruption was none. */
type Sequel =
  | { readonly kind: "tools"; readonly style: CallStyle; readonly results: readonly ToolResult[] }
  | { readonly kind: "go-on" };

/** What the model said, and what came then; nothing after the last step. */
interface Step {
  text: string;
  sequel: Sequel | undefined;
}

/** The words were spoken under the number of this turn from `from` on: again, where that is not 0. */
interface Hearing {
  readonly turn: number;
  readonly from: number;
  /** Characters from there which the caller heard; undefined means all of them. */
  heard: number | undefined;
}

/** Of one answer; what the model says beyond is not kept. */
const maxAnswerChars = 20_000;
/** What the model is told where it was stopped and the caller had nothing to say. */
const goOnRequest = "(The caller said nothing. Go on where you stopped.)";

export class SaidAnswer {
  readonly #steps: Step[] = [{ text: "", sequel: undefined }];
  readonly #hearings: Hearing[];

  constructor(turn: number) {
    this.#hearings = [{ turn, from: 0, heard: undefined }];
  }

  /** Nothing was said and nothing done. */
  get isVoid(): boolean {
    return this.#steps.length === 1 && this.#chars() === 0;
  }

  isOf(turn: number): boolean {
    return this.#hearing(turn) !== undefined;
  }

  /** Characters that were said in a turn so far, what was said again included. */
  saidChars(turn: number): number {
    const hearing = this.#hearing(turn);
    return hearing === undefined ? 0 : this.#chars() - hearing.from;
  }

  say(text: string): void {
    const room = maxAnswerChars - this.#chars();
    const last = this.#steps.at(-1);
    if (last !== undefined && room > 0) last.text += text.slice(0, room);
  }

  acted(style: CallStyle, results: readonly ToolResult[]): void {
    if (results.length > 0) this.#follow({ kind: "tools", style, results });
  }

  /** Asks the model to go on, unless that is what it would do anyway. */
  goOn(): void {
    if (this.#steps.at(-1)?.text.trim() !== "") this.#follow({ kind: "go-on" });
  }

  /** So much of what was said in that turn was heard; may be told better later. */
  heard(turn: number, characters: number): void {
    const hearing = this.#hearing(turn);
    if (hearing !== undefined) hearing.heard = Math.max(0, characters);
  }

  /**
   * What was said in a turn is said again in a new one: from `from` on, without what is behind `to`,
   * both counted in the old turn.
   */
  resume(turns: { readonly old: number; readonly new: number }, from: number, to: number): void {
    const hearing = this.#hearing(turns.old);
    if (hearing === undefined) return;
    hearing.heard ??= from;
    const last = this.#steps.at(-1);
    const surplus = Math.max(0, this.saidChars(turns.old) - to);
    if (last !== undefined && surplus > 0) last.text = last.text.slice(0, -surplus);
    this.#hearings.push({ turn: turns.new, from: hearing.from + from, heard: undefined });
  }

  /** The words that were heard, without marks of what was done in between. */
  words(): string {
    return this.#heardTexts()
      .filter((text) => text !== "")
      .join(" ");
  }

  messages(): ChatMessage[] {
    const texts = this.#heardTexts();
    const isAllHeard = this.#heardChars() === Number.POSITIVE_INFINITY;
    return this.#steps.flatMap(({ sequel }, index): ChatMessage[] => {
      const said = texts[index] ?? "";
      if (sequel?.kind === "tools") return toolMessages(said, sequel.style, sequel.results);
      const messages: ChatMessage[] = said === "" ? [] : [{ role: "assistant", content: said }];
      if (sequel === undefined) return messages;
      // Of what came of the request nothing was heard: it was never made.
      const isGoingOn = isAllHeard || texts.slice(index + 1).some((text) => text !== "");
      return isGoingOn ? [...messages, { role: "user", content: goOnRequest }] : messages;
    });
  }

  #follow(sequel: Sequel): void {
    const last = this.#steps.at(-1);
    if (last !== undefined) last.sequel = sequel;
    this.#steps.push({ text: "", sequel: undefined });
  }

  #hearing(turn: number): Hearing | undefined {
    return this.#hearings.findLast((hearing) => hearing.turn === turn);
  }

  #chars(): number {
    return this.#steps.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** From the beginning: each hearing begins within what was heard before it. */
  #heardChars(): number {
    let chars = 0;
    for (const { from, heard } of this.#hearings) {
      if (heard === undefined) return Number.POSITIVE_INFINITY;
      if (heard > 0) chars = Math.max(chars, from + heard);
    }
    return chars;
  }

  #heardTexts(): string[] {
    let left = this.#heardChars();
    return this.#steps.map(({ text }) => {
      const heard = heardPart(text, left).trim();
      left = Math.max(0, left - text.length);
      return heard;
    });
  }
}

function toolMessages(
  said: string,
  style: CallStyle,
  results: readonly ToolResult[],
): ChatMessage[] {
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
