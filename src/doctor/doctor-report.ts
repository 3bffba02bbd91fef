/** What the checks found, for people and for programs: pure. */
import type { CheckResult } from "./check-runner.ts";
import { type FindingLevel, worstLevel } from "./finding.ts";

/** Colours of a terminal, or functions that leave text alone. */
export interface ReportColors {
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  dim(text: string): string;
}

const titleWidth = 18;

/** One line for each finding, and below it what to do. */
export function resultAsText(result: CheckResult, colors: ReportColors): string {
  const blank = " ".repeat(titleWidth + 4);
  const blocks = result.findings.map(({ level, seen, fix }, index) => {
    const title = (index === 0 ? result.title : "").padEnd(titleWidth);
    const head = `${mark(level, colors)} ${title}  ${plain(seen)}\n`;
    return fix === undefined ? head : `${head}${blank}→ ${plain(fix)}\n`;
  });
  return blocks.join("");
}

/** The last line. */
export function conclusion(results: readonly CheckResult[]): string {
  const count = (level: FindingLevel): number =>
    results.flatMap(({ findings }) => findings).filter((finding) => finding.level === level).length;
  const [faults, warnings] = [count("fault"), count("warning")];
  if (faults === 0 && warnings === 0) return "Nothing is wrong.";
  return `${plural(faults, "fault")}, ${plural(warnings, "warning")}.`;
}

export function reportAsJson(results: readonly CheckResult[]): string {
  const level = worstLevel(results.flatMap(({ findings }) => findings));
  return `${JSON.stringify({ level, checks: results }, null, 2)}\n`;
}

function mark(level: FindingLevel, colors: ReportColors): string {
  switch (level) {
    case "ok":
      return colors.green("✓");
    case "warning":
      return colors.yellow("!");
    case "fault":
      return colors.red("✗");
    case "skipped":
      return colors.dim("-");
  }
}

/** Words of other programs must not steer the terminal. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
