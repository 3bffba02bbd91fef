/** Has the supervisor take over what was written, and tells what became of it. */
import { type ConfigPlan, planChanges } from "../config/config-plan.ts";
import type { AppliedChange, SecretChange } from "../web/settings/settings-desk.ts";
import { objectIn, textIn } from "./event-fields.ts";
import { type OutcomeFacts, outcomeMessage } from "../web/settings/outcome-words.ts";
import type { ServiceContext } from "./service.ts";
import type { ReadSettings } from "./settings-reading.ts";
import { hasSupervisor, reloadSupervisor, type SupervisorAnswer } from "./web-control.ts";

export interface Applied {
  readonly message: string;
  readonly isApplied: boolean;
  readonly applied: AppliedChange;
  readonly restartsPage: boolean;
}

export interface ApplyOptions {
  readonly context: ServiceContext;
  /** Calls that are up. */
  readonly calls: () => number;
  readonly before: ReadSettings;
  readonly after: ReadSettings;
  readonly secrets: readonly SecretChange[];
}

/** A service that does not wait for calls restarts within that time; others are reported as begun. */
const answerLimitMs = 2500;
/** Our answer has to be out before we are stopped ourselves. */
const leaveMs = 300;
const usualDrainS = 30;

export async function applySettings(options: ApplyOptions): Promise<Applied> {
  const { context, calls, after } = options;
  const planned = plannedNames(planOf(options));
  const callCount = calls();
  const drain = after.effective.sections.get("services")?.get("drain-s")?.value;
  const drainS = typeof drain === "number" ? drain : usualDrainS;
  const tell = (facts: Pick<OutcomeFacts, "applied" | "state" | "reason">): Applied => ({
    message: outcomeMessage({ ...facts, calls: callCount, drainS }),
    isApplied:
      (facts.state === "done" || facts.state === "begun") && facts.applied.refused.length === 0,
    applied: facts.applied,
    restartsPage: facts.state === "begun" && restartsPage,
  });
  const restartsPage = planned.restarted.includes("web") || planned.stopped.includes("web");
  if (restartsPage && (await hasSupervisor(context))) {
    context.clock.after(leaveMs, () => void reloadSupervisor(context, answerLimitMs));
    return tell({ applied: planned, state: "begun", reason: "" });
  }
  const answer = await reloadSupervisor(context, answerLimitMs);
  return tell(factsOf(answer, planned));
}

function factsOf(
  answer: SupervisorAnswer,
  planned: AppliedChange,
): Pick<OutcomeFacts, "applied" | "state" | "reason"> {
  switch (answer.kind) {
    case "absent":
      return { applied: nothing, state: "absent", reason: "" };
    case "late":
      return { applied: planned, state: "begun", reason: "" };
    case "refused":
      return { applied: nothing, state: "failed", reason: answer.reason };
    case "answered":
      return { applied: answeredNames(answer.fields, planned), state: "done", reason: "" };
  }
}

const nothing: AppliedChange = {
  started: [],
  stopped: [],
  restarted: [],
  reloaded: [],
  refused: [],
  idle: [],
};

/** What the supervisor says it did; which keys nobody uses only the plan knows. */
function answeredNames(
  fields: Readonly<Record<string, unknown>>,
  { idle }: AppliedChange,
): AppliedChange {
  const names = (key: string): readonly string[] => {
    const value = fields[key];
    return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
  };
  return {
    started: names("started"),
    stopped: names("stopped"),
    restarted: names("restarted"),
    reloaded: names("reloaded"),
    refused: names("refused").map((service) => ({
      service,
      reason: textIn(objectIn(fields, "why"), service),
    })),
    idle,
  };
}

function planOf({ before, after, secrets }: ApplyOptions): ConfigPlan {
  return planChanges({
    schema: after.schema,
    env: after.env,
    before: before.checked.sections,
    after: after.checked.sections,
    changedSecrets: [...new Set(secrets.map(({ name }) => readerOf(name)))],
  });
}

function plannedNames({ start, stop, restart, reload, idle }: ConfigPlan): AppliedChange {
  return {
    started: start,
    stopped: stop,
    restarted: restart.map(({ service }) => service),
    reloaded: reload.map(({ service }) => service),
    refused: [],
    idle,
  };
}

function readerOf(secret: string): string {
  if (secret.startsWith("line.")) return "sip";
  return readers[secret] ?? "web";
}

const readers: Readonly<Record<string, string>> = { "llama-key": "llama", "speech-key": "kokoro" };
