/** The outcome of an evaluation as a table for people and as an object for programs. */
import { quote } from "../core/errors.ts";
import type { ConditionOutcome } from "./evaluation.ts";
import type { ConditionScore, Misheard } from "./score.ts";

export interface Evaluated {
  readonly model: string;
  readonly language: string;
  readonly normaliser: string;
  readonly folder: string;
  /** Listed, whether they could be heard or not. */
  readonly recordings: number;
  /** One line for each thing that was left out. */
  readonly skipped: readonly string[];
  readonly outcomes: readonly ConditionOutcome[];
}

/** Marks up text for a terminal, or leaves it as it is. */
export interface Emphasis {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

interface JsonReport extends Omit<Evaluated, "outcomes" | "skipped"> {
  readonly skipped: readonly string[];
  readonly conditions: readonly (ConditionScore & { readonly errors?: readonly Misheard[] })[];
}

/** `wer` is a fraction; with `showsErrors` each condition lists what was misheard. */
export function jsonReport(evaluated: Evaluated, showsErrors: boolean): JsonReport {
  const { outcomes, ...rest } = evaluated;
  const conditions = outcomes.map(({ score, misheard }) =>
    showsErrors ? { ...score, errors: misheard } : score,
  );
  return { ...rest, conditions };
}

const headings = ["condition", "utterances", "exact", "words", "WER", "sub", "del", "ins"];

/** One row a condition; figures stand right-aligned. */
export function formatTable(outcomes: readonly ConditionOutcome[], emphasis: Emphasis): string {
  const rows = outcomes.map(({ score }) => cellsOf(score));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const align = (cells: readonly string[]): string[] =>
    cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
  const lines = rows.map((cells) => {
    const aligned = align(cells);
    return aligned.with(4, emphasis.strong(aligned[4] ?? "")).join("  ");
  });
  return [emphasis.faint(align(headings).join("  ")), ...lines].join("\n");
}

function cellsOf(score: ConditionScore): string[] {
  const { utterances, exact, words, wer, substitutions, deletions, insertions } = score;
  const counts = [substitutions, deletions, insertions].map(String);
  const percent = wer === undefined ? "-" : `${(100 * wer).toFixed(2)} %`;
  return [score.name, String(utterances), String(exact), String(words), percent, ...counts];
}

/** Each wrong utterance under its condition: the file, what was said, what was heard. */
export function formatMisheard(outcomes: readonly ConditionOutcome[], emphasis: Emphasis): string {
  return outcomes
    .filter(({ misheard }) => misheard.length > 0)
    .map(({ score, misheard }) => {
      const lines = misheard.map(
        ({ file, reference, hypothesis }) =>
          `  ${emphasis.faint(quote(file, 200))}\n    said   ${reference}\n    heard  ${hypothesis}`,
      );
      return [emphasis.strong(score.name), ...lines].join("\n");
    })
    .join("\n\n");
}
