/** One request of a turn to the model: tells its words while they come, keeps its tool calls. */
import type { AnswerEnd, ChatAsker, ChatMessage, ToolCall } from "../chat/chat-messages.ts";
import type { CallStyle } from "./said-answer.ts";
import { TextMarks } from "./text-marks.ts";
import { textToolCall } from "./text-tool-calls.ts";
import type { ToolPlanner } from "./tool.ts";

export interface AnswerRunOptions {
  readonly asker: ChatAsker;
  readonly messages: readonly ChatMessage[];
  /** Absent: the model is to answer in words. */
  readonly tools: ToolPlanner | undefined;
  readonly style: CallStyle;
  /** Words for the caller; never empty, none after `cancel`. */
  readonly spoken: (text: string) => void;
}

/** What is more is a model that has lost its way. */
const maxCalls = 16;

export class AnswerRun {
  /** What the model called, marks in its text included. */
  readonly calls: ToolCall[] = [];
  readonly #options: AnswerRunOptions;
  readonly #abort = new AbortController();
  readonly #marks: TextMarks;

  constructor(options: AnswerRunOptions) {
    this.#options = options;
    this.#marks = new TextMarks({
      spoken: (text) => {
        if (!this.isCancelled) options.spoken(text);
      },
      mark: (mark) => this.#marked(mark),
    });
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Resolves when the answer is over, at once after `cancel`. */
  async ask(): Promise<AnswerEnd> {
    const { asker, messages, tools, style } = this.#options;
    const end = await asker.ask({
      messages,
      tools: style === "protocol" ? (tools?.declarations ?? []) : [],
      sink: {
        text: (delta) => this.#marks.push(delta),
        toolCall: (call) => this.#called(call),
      },
      signal: this.#abort.signal,
    });
    this.#marks.finish();
    return end;
  }

  cancel(): void {
    this.#abort.abort();
  }

  #marked(mark: string): void {
    const { tools } = this.#options;
    if (tools === undefined) return;
    this.#called(textToolCall(mark, this.calls.length + 1, tools.declarations));
  }

  #called(call: ToolCall): void {
    const { tools } = this.#options;
    if (tools !== undefined && this.calls.length < maxCalls) this.calls.push(call);
  }
}
