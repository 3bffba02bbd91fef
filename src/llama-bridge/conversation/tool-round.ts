/** The tool calls of an answer: which run now, which after the last word, and what came of them. */
import type { Logger } from "../../core/log.ts";
import type { ToolCall } from "../chat/chat-messages.ts";
import type { ToolResult } from "./said-answer.ts";
import type { PlannedCall, ToolOutcome, ToolPlanner } from "./tool.ts";

/** At once; the model is told to call the others again. */
const maxAtOnce = 4;

export type RunnableCall = Exclude<PlannedCall, { readonly kind: "refused" }>;

export interface ToolRoundPlan {
  /** Those that run at once, and those that are refused. */
  readonly now: readonly PlannedCall[];
  /** What takes the caller away: at most one. */
  readonly last: RunnableCall | undefined;
}

export function planToolRound(calls: readonly ToolCall[], tools: ToolPlanner): ToolRoundPlan {
  const plans = calls.map((call, index) =>
    index < maxAtOnce ? tools.plan(call) : refuse(call, "too many calls at once"),
  );
  const now = plans.filter((plan) => plan.kind !== "last");
  return { now, last: plans.find((plan): plan is RunnableCall => plan.kind === "last") };
}

function refuse(call: ToolCall, reason: string): PlannedCall {
  return { kind: "refused", call, reason };
}

/** Runs the tools of one answer; what comes of those that were stopped means nothing. */
export class ToolWork {
  readonly #log: Logger;
  #abort: AbortController | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Side by side; the results stand in the order of the calls. */
  async runAll(plans: readonly PlannedCall[]): Promise<ToolResult[]> {
    const signal = this.#begin();
    return await Promise.all(plans.map(async (plan) => await this.#run(plan, signal)));
  }

  async runLast(last: RunnableCall): Promise<ToolOutcome> {
    const signal = this.#begin();
    const outcome = await last.run(signal);
    if (!signal.aborted) this.#tell(last.call, outcome);
    return outcome;
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  #begin(): AbortSignal {
    this.stop();
    this.#abort = new AbortController();
    return this.#abort.signal;
  }

  async #run(plan: PlannedCall, signal: AbortSignal): Promise<ToolResult> {
    const { call } = plan;
    if (plan.kind === "refused") {
      const fields = { tool: call.name, private: { why: plan.reason } };
      this.#log.warn("the model called a tool wrongly", fields);
      return failedResult(call, plan.reason);
    }
    const outcome = await plan.run(signal);
    if (!signal.aborted) this.#tell(call, outcome);
    return outcome.kind === "result"
      ? { call, content: outcome.text }
      : failedResult(call, outcome.text);
  }

  #tell({ name }: ToolCall, { kind, text }: ToolOutcome): void {
    if (kind === "result") this.#log.info("a tool was used", { tool: name });
    else this.#log.warn("a tool failed", { tool: name, private: { why: text } });
  }
}

/** As the model is told of it. */
export function failedResult(call: ToolCall, why: string): ToolResult {
  return { call, content: `error: ${why}` };
}
