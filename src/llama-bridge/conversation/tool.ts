/** What a tool is, to whoever runs the turns of a call. */
import type { JsonObject, ToolCall, ToolDeclaration } from "../chat/chat-messages.ts";

/** `text` is for the model, which says it to the caller in words of its own. */
export interface ToolOutcome {
  readonly kind: "result" | "failed";
  readonly text: string;
}

/** Runs with arguments that have been checked; never rejects. */
export interface Tool {
  readonly declaration: ToolDeclaration;
  /** It takes the caller away, so what is being said is said to its end first. */
  readonly isLast: boolean;
  run(args: JsonObject, signal: AbortSignal): Promise<ToolOutcome>;
}

/** A call that may run, or the reason why it may not. */
export type PlannedCall =
  | { readonly kind: "refused"; readonly call: ToolCall; readonly reason: string }
  | {
      readonly kind: "now" | "last";
      readonly call: ToolCall;
      readonly run: (signal: AbortSignal) => Promise<ToolOutcome>;
    };

export interface ToolPlanner {
  readonly declarations: readonly ToolDeclaration[];
  plan(call: ToolCall): PlannedCall;
}
