/** Tables of what a check of the doctor finds, and what most of them look at. */
import { expect, test } from "bun:test";
import type { Finding, FindingLevel } from "../../src/doctor/finding.ts";
import type { SeenLine } from "../../src/doctor/line-probe.ts";
import type { ServiceStatus } from "../../src/doctor/service-statuses.ts";

type Case = readonly [
  name: string,
  findings: readonly Finding[],
  level: FindingLevel,
  words: string,
];

export function check(cases: readonly Case[]): void {
  for (const [name, findings, level, words] of cases) {
    test(`${name}: ${level}`, () => {
      const found = findings.find(({ seen }) => seen.includes(words));
      expect(findings.map(({ seen }) => seen).join("; ")).toContain(words);
      expect(found?.level).toBe(level);
      if (level === "fault") expect(found?.fix).toBeString();
    });
  }
}

export function service(
  name: string,
  pid: number,
  status: Record<string, unknown> = {},
): ServiceStatus {
  return {
    service: name,
    pid,
    status: { version: "1.0", commit: "abc", ...status },
    problem: undefined,
  };
}

export const seenLine: SeenLine = {
  name: "200@pbx",
  address: "192.168.1.10",
  localAddress: "192.168.1.20",
  seenAs: "192.168.1.20",
  problem: undefined,
};
