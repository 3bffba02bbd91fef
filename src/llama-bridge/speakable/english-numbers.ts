/** Whole numbers in English words, the British way: "one hundred and one". */
import type { NumberWords } from "./spoken-number.ts";

const units =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const tens = "  twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const scales = ["", " thousand", " million", " billion", " trillion"];
const irregularOrdinals: Readonly<Record<string, string>> = {
  one: "first",
  two: "second",
  three: "third",
  five: "fifth",
  eight: "eighth",
  nine: "ninth",
  twelve: "twelfth",
};

export const englishNumbers: NumberWords = {
  digit: (digit) => units[digit] ?? "",
  cardinal: englishCardinal,
  year: englishYear,
  decimalMark: ".",
  decimalWord: "point",
  sequenceWord: "point",
  minusWord: "minus",
};

/** Up to fifteen digits. */
function englishCardinal(value: number): string {
  if (value === 0) return "zero";
  const groups: string[] = [];
  let rest = value;
  for (const scale of scales) {
    const group = rest % 1000;
    if (group > 0) groups.unshift(belowThousand(group) + scale);
    rest = Math.floor(rest / 1000);
  }
  const needsAnd = value > 1000 && value % 1000 > 0 && value % 1000 < 100;
  const last = needsAnd ? groups.pop() : undefined;
  return last === undefined ? groups.join(" ") : `${groups.join(" ")} and ${last}`;
}

export function englishOrdinal(value: number): string {
  const cardinal = englishCardinal(value);
  const start = Math.max(cardinal.lastIndexOf(" "), cardinal.lastIndexOf("-")) + 1;
  const last = cardinal.slice(start);
  const ordinal = irregularOrdinals[last] ?? `${last.replace(/y$/, "ie")}th`;
  return cardinal.slice(0, start) + ordinal;
}

/** "nineteen eighty-four", "two thousand and five", "twenty twenty-six". */
function englishYear(value: number): string {
  const century = Math.floor(value / 100);
  const rest = value % 100;
  if (century % 10 === 0 && rest < 10) return englishCardinal(value);
  if (rest === 0) return `${englishCardinal(century)} hundred`;
  return `${englishCardinal(century)} ${rest < 10 ? "oh " : ""}${englishCardinal(rest)}`;
}

function belowThousand(value: number): string {
  if (value < 100) return belowHundred(value);
  const hundreds = `${units[Math.floor(value / 100)] ?? ""} hundred`;
  return value % 100 === 0 ? hundreds : `${hundreds} and ${belowHundred(value % 100)}`;
}

function belowHundred(value: number): string {
  if (value < 20) return units[value] ?? "";
  const ten = tens[Math.floor(value / 10)] ?? "";
  return value % 10 === 0 ? ten : `${ten}-${units[value % 10] ?? ""}`;
}
