/** What a run says: a table for people, JSON for programs. */
import { type Measure, type MeasureName, measures } from "./registry.ts";

export interface Entry {
  readonly name: MeasureName;
  readonly value: number;
  readonly unit: string;
  readonly bar: number | null;
  readonly pass: boolean;
}

/** Judges one value; what is no number passes no bar. */
export function judge(name: MeasureName, value: number): Entry {
  const { unit, bar } = measureOf(name);
  return { name, value: roundForReport(value), unit, bar, pass: bar === null || value <= bar };
}

function measureOf(name: MeasureName): Measure {
  const found: Measure | undefined = measures.find((measure) => measure.name === name);
  if (found === undefined) throw new RangeError(`no measure is named ${name}`);
  return found;
}

/** Four significant digits: more would be noise. */
function roundForReport(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

const columns = {
  name: Math.max(...measures.map(({ name }) => name.length)),
  value: 9,
  unit: Math.max(...measures.map(({ unit }) => unit.length)),
  bar: 7,
} as const;

export function formatHeader(): string {
  return formatCells("name", "value", "unit", "bar") + "pass";
}

/** One line of the table, written as soon as its value is known. */
export function formatRow(entry: Entry): string {
  const { name, value, unit, bar } = entry;
  return formatCells(name, String(value), unit, bar === null ? "-" : `≤ ${bar}`) + verdict(entry);
}

function verdict({ bar, pass }: Entry): string {
  if (bar === null) return "-";
  return pass ? "yes" : "NO";
}

function formatCells(name: string, value: string, unit: string, bar: string): string {
  return [
    name.padEnd(columns.name),
    value.padStart(columns.value),
    unit.padEnd(columns.unit),
    bar.padStart(columns.bar),
    "",
  ].join("  ");
}

/** An array with one object a line. */
export function formatJson(entries: readonly Entry[]): string {
  if (entries.length === 0) return "[]\n";
  return `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`;
}
