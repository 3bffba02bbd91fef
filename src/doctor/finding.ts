/** What a check found, and what is to be done about it. */

export type FindingLevel = "ok" | "warning" | "fault" | "skipped";

export interface Finding {
  readonly level: FindingLevel;
  /** What is seen, on one line, without private data. */
  readonly seen: string;
  /** What to do; always there for a fault. */
  readonly fix?: string;
}

export function ok(seen: string): Finding {
  return { level: "ok", seen };
}

export function warning(seen: string, fix: string): Finding {
  return { level: "warning", seen, fix };
}

export function fault(seen: string, fix: string): Finding {
  return { level: "fault", seen, fix };
}

export function skipped(seen: string): Finding {
  return { level: "skipped", seen };
}

const order: readonly FindingLevel[] = ["skipped", "ok", "warning", "fault"];

/** The worst of them; `skipped` for none. */
export function worstLevel(findings: readonly Finding[]): FindingLevel {
  const worst = Math.max(0, ...findings.map(({ level }) => order.indexOf(level)));
  return order[worst] ?? "skipped";
}
