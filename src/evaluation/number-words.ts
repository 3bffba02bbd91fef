/** The words that English numbers are spoken with, each with what it does to the number. */

/** Below twenty, a multiple of ten, or what the number before it is multiplied with. */
export type Rank = "unit" | "tens" | "scale";

export type NumberWord =
  | { readonly kind: "zero" }
  | { readonly kind: "cardinal"; readonly rank: Rank; readonly value: bigint }
  /** Ends its number: an ordinal ("fifth") or a plural ("sixties"). */
  | {
      readonly kind: "suffixed";
      readonly rank: Rank;
      readonly value: bigint;
      readonly suffix: string;
    }
  | { readonly kind: "sign"; readonly mark: string }
  /** Its mark stands in front of the number, though the word is spoken behind it. */
  | { readonly kind: "currency"; readonly mark: string }
  /** `rest` is the word that must follow to make it one. */
  | { readonly kind: "percent"; readonly rest?: string }
  | { readonly kind: "and" }
  | { readonly kind: "repeat"; readonly times: number }
  | { readonly kind: "point" };

type Entry = readonly [string, NumberWord];

const units =
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const scales =
  "thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion".split(
    " ",
  );

/** Whisper's normaliser builds the rest with "th", so that it knows "nineth" and lets "ninth" be. */
const irregularOrdinals: Readonly<Record<string, string>> = {
  one: "first",
  two: "second",
  three: "third",
  five: "fifth",
  eight: "eighth",
  twelve: "twelfth",
};

const currencies: Readonly<Record<string, string>> = {
  pound: "£",
  euro: "€",
  dollar: "$",
  cent: "¢",
};

const others: readonly Entry[] = [
  ["o", { kind: "zero" }],
  ["oh", { kind: "zero" }],
  ["zero", { kind: "zero" }],
  ["zeroth", { kind: "suffixed", rank: "unit", value: 0n, suffix: "th" }],
  ["minus", { kind: "sign", mark: "-" }],
  ["negative", { kind: "sign", mark: "-" }],
  ["plus", { kind: "sign", mark: "+" }],
  ["positive", { kind: "sign", mark: "+" }],
  ["percent", { kind: "percent" }],
  ["per", { kind: "percent", rest: "cent" }],
  ["and", { kind: "and" }],
  ["double", { kind: "repeat", times: 2 }],
  ["triple", { kind: "repeat", times: 3 }],
  ["point", { kind: "point" }],
];

/** By the word in lower case. */
export const numberWords: ReadonlyMap<string, NumberWord> = new Map([
  ...units.flatMap((name, index) => unitEntries(name, BigInt(index + 1))),
  ...tens.flatMap((name, index) => tensEntries(name, BigInt(10 * (index + 2)))),
  ...scaleEntries("hundred", 100n),
  ...scales.flatMap((name, index) => scaleEntries(name, 1000n ** BigInt(index + 1))),
  ...Object.entries(currencies).flatMap(([name, mark]) => currencyEntries(name, mark)),
  ...others,
]);

function unitEntries(name: string, value: bigint): Entry[] {
  const rank = "unit";
  const ordinal = irregularOrdinals[name] ?? `${name}th`;
  return [
    [name, { kind: "cardinal", rank, value }],
    [name === "six" ? "sixes" : `${name}s`, { kind: "suffixed", rank, value, suffix: "s" }],
    [ordinal, { kind: "suffixed", rank, value, suffix: ordinalSuffix(value) }],
  ];
}

function tensEntries(name: string, value: bigint): Entry[] {
  const rank = "tens";
  const stem = name.slice(0, -1);
  return [
    [name, { kind: "cardinal", rank, value }],
    [`${stem}ies`, { kind: "suffixed", rank, value, suffix: "s" }],
    [`${stem}ieth`, { kind: "suffixed", rank, value, suffix: "th" }],
  ];
}

function scaleEntries(name: string, value: bigint): Entry[] {
  const rank = "scale";
  return [
    [name, { kind: "cardinal", rank, value }],
    [`${name}s`, { kind: "suffixed", rank, value, suffix: "s" }],
    [`${name}th`, { kind: "suffixed", rank, value, suffix: "th" }],
  ];
}

function currencyEntries(name: string, mark: string): Entry[] {
  return [
    [name, { kind: "currency", mark }],
    [`${name}s`, { kind: "currency", mark }],
  ];
}

function ordinalSuffix(value: bigint): string {
  return ["th", "st", "nd", "rd"][Number(value)] ?? "th";
}
