/** The tools of a call as they are, and each use of them told to those who watch. */
import type { Clock } from "../../core/clock.ts";
import type { ToolCall, ToolDeclaration } from "../chat/chat-messages.ts";
import type { RunnableCall } from "../conversation/tool-round.ts";
import type { PlannedCall, ToolOutcome, ToolPlanner } from "../conversation/tool.ts";
import type { LlamaCallEvent } from "./call-events.ts";

export interface ToldToolsOptions {
  readonly tools: ToolPlanner;
  /** Of the turn that is on. */
  readonly turn: () => number;
  readonly tell: (event: LlamaCallEvent) => void;
  readonly clock: Clock;
}

type Told = Pick<
  Extract<LlamaCallEvent, { readonly kind: "tool" }>,
  "turn" | "outcome" | "text" | "tookMs"
>;

/** Of each text, for those who watch. */
const maxToldChars = 2000;

export class ToldTools implements ToolPlanner {
  readonly #options: ToldToolsOptions;

  constructor(options: ToldToolsOptions) {
    this.#options = options;
  }

  get declarations(): readonly ToolDeclaration[] {
    return this.#options.tools.declarations;
  }

  plan(call: ToolCall): PlannedCall {
    const plan = this.#options.tools.plan(call);
    // Another turn may be on when the tool is done.
    const turn = this.#options.turn();
    if (plan.kind === "refused") {
      this.#tell(call, { turn, outcome: "refused", text: plan.reason, tookMs: 0 });
      return plan;
    }
    return { ...plan, run: async (signal) => await this.#run(plan, turn, signal) };
  }

  async #run(plan: RunnableCall, turn: number, signal: AbortSignal): Promise<ToolOutcome> {
    const { clock } = this.#options;
    const startedMs = clock.nowMs();
    const outcome = await plan.run(signal);
    const tookMs = Math.round(clock.nowMs() - startedMs);
    this.#tell(plan.call, { turn, outcome: outcome.kind, text: outcome.text, tookMs });
    return outcome;
  }

  #tell({ name, argumentsText }: ToolCall, told: Told): void {
    const use = { name: cut(name), arguments: cut(argumentsText), ...told, text: cut(told.text) };
    this.#options.tell({ kind: "tool", ...use });
  }
}

function cut(text: string): string {
  return text.slice(0, maxToldChars).toWellFormed();
}
