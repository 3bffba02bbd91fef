/** The tool calls of one answer: which run now, which after the last word, and what came of them. */
import type { Logger } from "../../core/log.ts";
import type { ToolCall } from "../chat/chat-messages.ts";
import type { ToolResult } from "./exchange.ts";
import type { PlannedCall, ToolPlanner } from "./tool.ts";

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

/** Runs them side by side; the results stand in the order of the calls. */
export async function runTools(
  plans: readonly PlannedCall[],
  signal: AbortSignal,
  log: Logger,
): Promise<ToolResult[]> {
  return await Promise.all(plans.map(async (plan) => await runTool(plan, signal, log)));
}

async function runTool(plan: PlannedCall, signal: AbortSignal, log: Logger): Promise<ToolResult> {
  const { call } = plan;
  if (plan.kind === "refused") {
    log.warn("the model called a tool wrongly", { tool: call.name, private: { why: plan.reason } });
    return { call, content: `error: ${plan.reason}` };
  }
  const outcome = await plan.run(signal);
  if (outcome.kind === "result") {
    log.info("a tool was used", { tool: call.name });
    return { call, content: outcome.text };
  }
  log.warn("a tool failed", { tool: call.name, private: { why: outcome.text } });
  return { call, content: `error: ${outcome.text}` };
}
