/** What the checks found, for people, for programs, and for whoever watches them run: pure. */
import type { CheckResult } from "./check-runner.ts";
import { type Finding, type FindingLevel, worstLevel } from "./finding.ts";
import { fieldsOf } from "./service-statuses.ts";

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

/** What is told while the checks run, an object on a line each. */
export type DoctorProgress =
  | { readonly kind: "begin"; readonly checks: readonly PlannedCheck[] }
  | { readonly kind: "check"; readonly result: CheckResult }
  | { readonly kind: "end"; readonly level: FindingLevel; readonly conclusion: string };

export interface PlannedCheck {
  readonly name: string;
  readonly title: string;
}

export function progressLine(progress: DoctorProgress): string {
  return `${JSON.stringify(progress)}\n`;
}

/** Undefined for a line that is none, as of a library that prints. */
export function parseProgress(line: string): DoctorProgress | undefined {
  const { kind, ...rest } = parseFields(line);
  switch (kind) {
    case "begin":
      return { kind, checks: listIn(rest, "checks").map(plannedCheck) };
    case "check":
      return { kind, result: resultOf(fieldsOf(rest["result"])) };
    case "end":
      return { kind, level: levelIn(rest), conclusion: textIn(rest, "conclusion") };
    default:
      return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function plannedCheck(fields: Fields): PlannedCheck {
  return { name: textIn(fields, "name"), title: textIn(fields, "title") };
}

function resultOf(fields: Fields): CheckResult {
  const tookMs = fields["tookMs"];
  return {
    ...plannedCheck(fields),
    level: levelIn(fields),
    findings: listIn(fields, "findings").map(findingOf),
    tookMs: typeof tookMs === "number" ? tookMs : 0,
  };
}

function findingOf(fields: Fields): Finding {
  const finding = { level: levelIn(fields), seen: textIn(fields, "seen") };
  const fix = textIn(fields, "fix");
  return fix === "" ? finding : { ...finding, fix };
}

function levelIn({ level }: Fields): FindingLevel {
  const levels = ["ok", "warning", "fault", "skipped"] as const;
  return levels.find((known) => known === level) ?? "skipped";
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

function listIn(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function parseFields(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
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
