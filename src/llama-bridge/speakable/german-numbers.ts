/**
 * Whole numbers in German words, with the forms that stand before a noun: "ein Euro", "eine Stunde".
 * Own code, since number libraries know the counting form only.
 */
import type { NumberWords } from "./spoken-number.ts";

const units =
  "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn".split(
    " ",
  );
const tens = "  zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split(" ");
const scales = [
  { value: 1e12, one: "eine Billion", many: "Billionen" },
  { value: 1e9, one: "eine Milliarde", many: "Milliarden" },
  { value: 1e6, one: "eine Million", many: "Millionen" },
];
const irregularOrdinals: Readonly<Record<number, string>> = {
  1: "erst",
  3: "dritt",
  7: "siebt",
  8: "acht",
};

export const germanNumbers: NumberWords = {
  digit: (digit) => (digit === 1 ? "eins" : (units[digit] ?? "")),
  cardinal: germanCardinal,
  year: germanYear,
  decimalMark: ",",
  decimalWord: "Komma",
  sequenceWord: "Punkt",
  minusWord: "minus",
};

/** Up to fifteen digits; ends with "eins" where the number ends with one. */
function germanCardinal(value: number): string {
  const words = beforeNoun(value);
  return words.endsWith("ein") ? `${words}s` : words;
}

/** "ein Euro", "einundzwanzig Euro", "hunderteine Minute" is not said: only one itself is feminine. */
export function germanBeforeNoun(value: number, isFeminine: boolean): string {
  return value === 1 && isFeminine ? "eine" : beforeNoun(value);
}

/** The stem: "dritt", "zwanzigst". An ending follows: "e", "en", "er". */
export function germanOrdinalStem(value: number): string {
  const last = value % 100;
  if (last === 0 || last > 19) return `${beforeNoun(value)}st`;
  const head = value - last;
  const stem = irregularOrdinals[last] ?? `${units[last] ?? ""}t`;
  return head === 0 ? stem : beforeNoun(head) + stem;
}

/** "neunzehnhundertvierundachtzig", but "zweitausendsechsundzwanzig". */
function germanYear(value: number): string {
  if (value < 1100 || value > 1999) return germanCardinal(value);
  const rest = value % 100;
  const century = `${units[Math.floor(value / 100)] ?? ""}hundert`;
  return rest === 0 ? century : century + germanCardinal(rest);
}

function beforeNoun(value: number): string {
  if (value === 0) return "null";
  const parts: string[] = [];
  let rest = value;
  for (const scale of scales) {
    const count = Math.floor(rest / scale.value);
    rest %= scale.value;
    if (count === 1) parts.push(scale.one);
    if (count > 1) parts.push(`${belowMillion(count)} ${scale.many}`);
  }
  if (rest > 0) parts.push(belowMillion(rest));
  return parts.join(" ");
}

function belowMillion(value: number): string {
  const thousands = Math.floor(value / 1000);
  const head = thousands === 0 ? "" : `${belowThousand(thousands)}tausend`;
  return head + (value % 1000 === 0 ? "" : belowThousand(value % 1000));
}

function belowThousand(value: number): string {
  const hundreds = Math.floor(value / 100);
  const head = hundreds === 0 ? "" : `${units[hundreds] ?? ""}hundert`;
  return head + (value % 100 === 0 ? "" : belowHundred(value % 100));
}

function belowHundred(value: number): string {
  if (value < 20) return units[value] ?? "";
  const ten = tens[Math.floor(value / 10)] ?? "";
  return value % 10 === 0 ? ten : `${units[value % 10] ?? ""}und${ten}`;
}
