/** The stages of a turn, in their order, from the caller's last sound to the agent's first. */
import { greetingTurn } from "../../history/call-record.ts";
import { type Fields, numberIn } from "../../services/event-fields.ts";

export const turnStages = [
  { field: "silenceMs", name: "silence", label: "Silence" },
  { field: "recognitionMs", name: "recognition", label: "Ears" },
  { field: "gatherMs", name: "gather", label: "Gathering" },
  { field: "firstTokenMs", name: "first-token", label: "Brain" },
  { field: "clauseMs", name: "clause", label: "First clause" },
  { field: "voiceMs", name: "voice", label: "Voice" },
  { field: "lineMs", name: "line", label: "Line" },
] as const;

export type StageName = (typeof turnStages)[number]["name"];

export interface TurnTiming {
  readonly turn: number;
  /** Nobody had asked: it is no answer, and does not count as one. */
  readonly isGreeting: boolean;
  readonly totalMs: number;
  /** Those that were told. */
  readonly stages: readonly {
    readonly name: StageName;
    readonly label: string;
    readonly ms: number;
  }[];
}

/** Undefined when the whole is not told. */
export function turnTimingIn(fields: Fields): TurnTiming | undefined {
  const totalMs = numberIn(fields, "totalMs");
  if (totalMs === undefined) return undefined;
  const stages = turnStages.flatMap(({ field, name, label }) => {
    const ms = numberIn(fields, field);
    return ms === undefined || ms < 0 ? [] : [{ name, label, ms }];
  });
  const turn = numberIn(fields, "turn");
  return { turn: turn ?? 0, isGreeting: turn === greetingTurn, totalMs, stages };
}
