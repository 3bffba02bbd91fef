/** Tries an answer at once, shows what came out, and asks what to do when it is not good. */
import type { Finding } from "../../doctor/finding.ts";
import type { Choice, Prompter } from "../setup-prompter.ts";

export interface Trying {
  /** `Registering 200@pbx.example`. */
  readonly label: string;
  readonly run: (signal: AbortSignal) => Promise<Finding>;
}

/** `change`: the answer is to be given anew. */
export type Settlement = "taken" | "change";

const again = { value: "again", label: "Try again" } as const;
const change = { value: "change", label: "Change the answer" } as const;
const taken = { value: "taken", label: "Take it as it is" } as const;

export async function settle(prompter: Prompter, trying: Trying): Promise<Settlement> {
  for (;;) {
    const result = await prompter.busy(trying);
    if (result.kind === "done") showFinding(prompter, result.value);
    else prompter.remark("warning", "Stopped, so nobody knows whether it works.");
    const level = result.kind === "done" ? result.value.level : "warning";
    if (level === "ok" || level === "skipped") return "taken";
    // What works, if not well, is what most people stay with.
    const choices: readonly Choice<Settlement | "again">[] =
      level === "warning" ? [taken, change, again] : [change, again, taken];
    const next = await prompter.select({ message: "What now?", choices });
    if (next !== "again") return next;
  }
}

function showFinding(prompter: Prompter, { level, seen, fix }: Finding): void {
  prompter.remark(level === "skipped" ? "info" : level, seen, fix);
}
