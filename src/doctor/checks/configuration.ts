/** Whether the configuration is right. */
import type { Check } from "../check-runner.ts";
import type { Configured } from "../configured.ts";
import { fault, type Finding, ok, warning } from "../finding.ts";
import type { Surroundings } from "../surroundings.ts";

export type ConfigurationFacts = Pick<
  Configured,
  "path" | "isThere" | "problems" | "run" | "passwords"
>;

export const configurationCheck: Check<Surroundings> = {
  name: "configuration",
  title: "Configuration",
  limitMs: 5000,
  isHeavy: false,
  run: ({ configured }) => Promise.resolve(judgeConfiguration(configured)),
};

export function judgeConfiguration(facts: ConfigurationFacts): readonly Finding[] {
  const { path, isThere, problems, run, passwords } = facts;
  if (problems.length > 0) {
    return problems.map((problem) =>
      fault(problem, `correct it, then say wildfire config check ${path}`),
    );
  }
  const without = run.includes("sip") ? passwords.filter(({ source }) => source === undefined) : [];
  const lines = without.map(({ line }) =>
    fault(
      `line ${line} has no password`,
      `write line."${line}" = "…" into secrets.toml beside ${path}`,
    ),
  );
  if (run.includes("sip") && passwords.length === 0) {
    lines.push(
      fault("[sip] has no line", 'write line = "USER@HOST", or leave sip out of [services] run'),
    );
  }
  if (lines.length > 0) return lines;
  if (!isThere) return [warning(`there is no ${path}: defaults hold`, "say wildfire setup")];
  return [ok(`${path} is right; to run: ${run.join(", ")}`)];
}
