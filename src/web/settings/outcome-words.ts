/** Says in sentences what a change of settings did to the services. Pure. */
import type { AppliedChange } from "./settings-desk.ts";

export interface OutcomeFacts {
  readonly applied: AppliedChange;
  /** `done`: the supervisor has said so; `begun`: it is at it; `absent`: none runs. */
  readonly state: "done" | "begun" | "absent" | "failed";
  /** Why it failed, as the supervisor says it. */
  readonly reason: string;
  /** That are up. */
  readonly calls: number;
  /** How long a restart waits for calls to end, in seconds. */
  readonly drainS: number;
}

/** Their restart waits for the calls that they have taken. */
const callTakers: readonly string[] = ["sip", "audiosocket"];

export function outcomeMessage(facts: OutcomeFacts): string {
  const { applied, state, reason } = facts;
  if (state === "absent") {
    return "Saved. It takes effect when the services start again: no supervisor runs that could do it.";
  }
  if (state === "failed") return `Saved, but not applied: ${reason}`;
  const sentences = [
    listed(applied.started, { done: "was started", begun: "is being started" }, state),
    ...restartSentences(facts, state),
    listed(applied.reloaded, { done: "has taken it over", begun: "takes it over" }, state),
    listed(applied.stopped, { done: "was stopped", begun: "is being stopped" }, state),
    ...applied.refused.map((one) => `${one.service} goes on as it was: ${one.reason}.`),
    idleSentence(applied.idle),
  ].filter((text) => text !== "");
  if (sentences.length === 0) return "Saved. Nothing had to be restarted.";
  return ["Saved.", ...sentences].join(" ");
}

function restartSentences(
  { applied, calls, drainS }: OutcomeFacts,
  state: "done" | "begun",
): readonly string[] {
  const words = { done: "was restarted", begun: "is being restarted" };
  const isWaitedFor = (name: string): boolean =>
    state === "begun" && calls > 0 && callTakers.includes(name);
  const waiting = applied.restarted.filter(isWaitedFor);
  const others = applied.restarted.filter((name) => !isWaitedFor(name));
  const hasKept = others.length > 0 && !others.some((name) => callTakers.includes(name));
  const kept = hasKept && calls > 0 ? `; ${callsText(calls)} went on` : "";
  const first = listed(others, words, state).replace(/\.$/, `${kept}.`);
  if (waiting.length === 0) return [first];
  const ends = calls === 1 ? "its call has ended" : "its calls have ended";
  const limit = `${drainS} s at the latest`;
  return [first, `${namesText(waiting)} restarts when ${ends}, after ${limit}.`];
}

function idleSentence(keys: readonly string[]): string {
  if (keys.length === 0) return "";
  const verb = keys.length === 1 ? "is" : "are";
  return `${namesText(keys)} ${verb} used by no service that runs.`;
}

function listed(
  names: readonly string[],
  words: Readonly<Record<"done" | "begun", string>>,
  state: "done" | "begun",
): string {
  if (names.length === 0) return "";
  const verb = names.length === 1 ? words[state] : plural(words[state]);
  return `${namesText(names)} ${verb}.`;
}

function plural(words: string): string {
  return words
    .replace(/^was\b/, "were")
    .replace(/^is\b/, "are")
    .replace(/^has\b/, "have")
    .replace(/^takes\b/, "take");
}

function namesText(names: readonly string[]): string {
  return names.length < 2
    ? names.join("")
    : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

const numbers = [
  "no",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
];

function callsText(count: number): string {
  return count === 1 ? "one call" : `${numbers[count] ?? count} calls`;
}
