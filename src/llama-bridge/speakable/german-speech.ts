/** How German is read out: the rules from addresses to single symbols, in their order. */
import { abbreviationsOf } from "./abbreviations.ts";
import { germanBeforeNoun, germanNumbers, germanOrdinalStem } from "./german-numbers.ts";
import { currencies, fractions, unit, unitNames, units } from "./german-units.ts";
import { rule, type SpokenRule } from "./rewrite.ts";
import { looksLikeYear, readNumber, speakDigits, speakNumber } from "./spoken-number.ts";
import { telephoneRules } from "./telephone-numbers.ts";
import { addressRules } from "./web-addresses.ts";

const numeral = String.raw`\d{1,40}(?:[.,]\d{1,40}){0,12}`;
const notInWord = String.raw`(?<![\p{L}\p{N}.,])`;
const months =
  "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(" ");
const monthNames = `${months.join("|")}|Jan|Feb|Apr|Jun|Jul|Aug|Sept|Okt|Nov|Dez`;

const days: Readonly<Record<string, string>> = {
  Mo: "Montag",
  Di: "Dienstag",
  Mi: "Mittwoch",
  Do: "Donnerstag",
  Fr: "Freitag",
  Sa: "Samstag",
  So: "Sonntag",
};
/** Behind these an ordinal ends with "en", behind articles with "e", behind nothing with "er". */
const oblique = "am|vom|zum|beim|im|dem|den|des|ab|bis|seit|jeden|diesem|diesen|nächsten";
const articles = "der|die|das|Der|Die|Das";

function speak(written: string): string {
  return speakNumber(written, germanNumbers);
}

function speakYear(written: string): string {
  return germanNumbers.year(Number(written.length === 2 ? `20${written}` : written));
}

/** With the ending that the word in front of it asks for. */
function ordinal(value: number, before: string): string {
  const stem = germanOrdinalStem(value);
  if (new RegExp(`(?:^|[\\s(])(?:${oblique})\\s$`, "i").test(before)) return `${stem}en`;
  return new RegExp(`(?:^|[\\s(])(?:${articles})\\s$`).test(before) ? `${stem}e` : `${stem}er`;
}

function inFront(match: RegExpExecArray, text: string): string {
  return text.slice(Math.max(0, match.index - 24), match.index);
}

function isDate(day: number, month: number): boolean {
  return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

function numberDate(match: RegExpExecArray, text: string): string {
  const [all, day, month, year] = match;
  if (!isDate(Number(day), Number(month))) return all;
  const date = `${ordinal(Number(day), inFront(match, text))} ${months[Number(month) - 1] ?? ""}`;
  return year === undefined ? date : `${date} ${speakYear(year.trim())}`;
}

function isoDate(match: RegExpExecArray, text: string): string {
  const [all, year = "", month, day] = match;
  if (!isDate(Number(day), Number(month))) return all;
  const date = ordinal(Number(day), inFront(match, text));
  return `${date} ${months[Number(month) - 1] ?? ""} ${speakYear(year)}`;
}

function namedDate(match: RegExpExecArray, text: string): string {
  const [all, day, name = "", year] = match;
  const month = months.find((each) => each.startsWith(name.slice(0, 3)));
  if (month === undefined || !isDate(Number(day), 1)) return all;
  const date = `${ordinal(Number(day), inFront(match, text))} ${month}`;
  return year === undefined ? date : `${date} ${speakYear(year)}`;
}

function plainOrdinal(match: RegExpExecArray, text: string): string {
  return ordinal(Number(match[1]), inFront(match, text));
}

function clock(match: RegExpExecArray): string {
  const [all, hours, minutes] = match;
  if (Number(hours) > 24 || Number(minutes ?? 0) > 59) return all;
  const hour = `${germanBeforeNoun(Number(hours), false)} Uhr`;
  return Number(minutes ?? 0) === 0 ? hour : `${hour} ${germanNumbers.cardinal(Number(minutes))}`;
}

function count(written: string, isFeminine: boolean): string {
  const number = readNumber(written, germanNumbers);
  const isPlain = number !== undefined && number.fraction === "" && number.whole.length <= 9;
  if (!isPlain || /^0\d/.test(number.whole)) return speak(written);
  return germanBeforeNoun(Number(number.whole), isFeminine);
}

function money(written: string, currency: string, scale: string | undefined): string {
  const [major, minor] = currencies[currency] ?? ["", ""];
  if (scale !== undefined) return `${scaled(written, scale)} ${major}`;
  const number = readNumber(written, germanNumbers);
  if (number === undefined || number.fraction.length !== 2 || minor === "") {
    return `${count(written, false)} ${major}`;
  }
  const cents = Number(number.fraction);
  const whole = `${count(number.whole, false)} ${major}`;
  if (cents === 0) return whole;
  if (Number(number.whole) === 0) return `${germanBeforeNoun(cents, false)} ${minor}`;
  return `${whole} ${germanNumbers.cardinal(cents)}`;
}

function scaled(written: string, scale: string): string {
  const name = scale.trim();
  if (name === "Tausend") return `${count(written, false)}tausend`;
  return `${count(written, true)} ${written === "1" ? name.replace(/en$/, "") : name}`;
}

function measure(match: RegExpExecArray): string {
  const [, number = "", name = ""] = match;
  const { one, many, isFeminine } = units[name] ?? unit(name);
  return `${count(number, isFeminine)} ${number === "1" ? one : many}`;
}

function plain(match: RegExpExecArray): string {
  const [written] = match;
  return looksLikeYear(written) ? germanNumbers.year(Number(written)) : speak(written);
}

const abbreviations = abbreviationsOf("de");

function expand(match: RegExpExecArray, text: string): string {
  const [all, word = ""] = match;
  const key = word.replaceAll(/\s/g, "").toLowerCase();
  const entry = abbreviations.get(key);
  // "an." and "so." are words; only days that are written with a capital are days.
  if (entry?.spoken === undefined || (key.length === 2 && word === key && isDay(key))) return all;
  const behind = text.slice(match.index + all.length, match.index + all.length + 3);
  if (isDay(key) && /^\s\p{Lu}/u.test(behind)) return all;
  const endsSentence = entry.rule === "before-capital" && /^\s*(?:$|\s\p{Lu})/u.test(behind);
  return entry.spoken + (endsSentence ? "." : "");
}

function isDay(key: string): boolean {
  return ["mo", "di", "mi", "do", "sa"].includes(key);
}

export const germanRules: readonly SpokenRule[] = [
  ...addressRules({
    at: "ät",
    dot: "punkt",
    slash: "Schrägstrich",
    dash: "Minus",
    underscore: "Unterstrich",
    plus: "plus",
    numbers: germanNumbers,
  }),
  rule(new RegExp(`${notInWord}(\\d{4})-(\\d{2})-(\\d{2})(?![\\d-])`, "gu"), isoDate),
  rule(
    /(?<!\p{L})(Mo|Di|Mi|Do|Fr|Sa|So)\.?\s?(?:[–-]|bis)\s?(Mo|Di|Mi|Do|Fr|Sa|So)(?!\p{L})(?:\.(?=[,:;)]|\s[\d\p{Ll}]))?/gu,
    (match) => `${days[match[1] ?? ""] ?? ""} bis ${days[match[2] ?? ""] ?? ""}`,
  ),
  rule(/(?<=\d(?:\sUhr)?)\s?[–-]\s?(?=\d{1,2}(?::\d{2}(?!\d)|[.:]\d{2}\sUhr))/gu, " bis "),
  rule(/(?<=Jahre?s? )1[1-8]\d\d(?!\d|[.,]\d)/gu, (match) => germanNumbers.year(Number(match[0]))),
  rule(/(?<=(?:, |in |D-))\d{5}(?= \p{Lu}\p{Ll})/gu, (match) =>
    speakDigits(match[0], germanNumbers),
  ),
  rule(/(?<![\d.,])1\s?(Mio|Mrd)\.?(?!\p{L})/gu, (match) =>
    match[1] === "Mio" ? "eine Million" : "eine Milliarde",
  ),
  rule(
    /(?<![\p{L}\p{N}:.,])(\d{1,2})[:.](\d{2})(?::\d{2})?\s?(?:Uhr(?!\p{L})|h(?![\p{L}\p{N}]))/gu,
    clock,
  ),
  rule(/(?<![\p{L}\p{N}:.,])(\d{1,2})(?=\s?Uhr(?!\p{L}))\s?Uhr/gu, clock),
  rule(/(?<![\p{L}\p{N}:.,])(\d{1,2}):(\d{2})(?![\d:])/gu, clock),
  rule(
    /(?<![\p{L}\p{N}.,])(\d{1,2})\. ?(\d{1,2})\.(?:( \d{4}|\d{4}|\d{2})(?!\d|[.:,]\d))?(?!\d)/gu,
    numberDate,
  ),
  rule(
    new RegExp(
      `${notInWord}(\\d{1,2})\\. ?(${monthNames})(?!\\p{L})\\.?(?: (\\d{4})(?!\\d))?`,
      "gu",
    ),
    namedDate,
  ),
  rule(/(?<![\p{L}\p{N}])24\/7(?![\d/])/gu, "vierundzwanzig sieben"),
  rule(/(?<=^|[,;(] ?)So\.(?=:|\s[\d\p{Ll}])/gu, "Sonntag"),
  rule(
    /(?<=[\d€$£])\s?\/\s?(?=(?:Monat|Jahr|Woche|Tag|Nacht|Stunde|Minute|Person|Stück)(?!\p{L}))/gu,
    " pro ",
  ),
  ...telephoneRules(germanNumbers, "plus"),
  rule(
    new RegExp(
      `${notInWord}(${numeral})(\\s(?:Tausend|Millionen|Milliarden|Million|Milliarde))?\\s?([$€£¥]|(?:EUR|USD|GBP|CHF)(?!\\p{L}))`,
      "gu",
    ),
    (match) => money(match[1] ?? "", match[3] ?? "", match[2]),
  ),
  rule(new RegExp(`${notInWord}(${numeral})(?:,[-–—]{1,2})\\s?([$€£¥]|EUR)`, "gu"), (match) =>
    money(match[1] ?? "", match[2] ?? "", undefined),
  ),
  rule(new RegExp(`([$€£¥])\\s?(${numeral})(\\s(?:Millionen|Milliarden))?`, "gu"), (match) =>
    money(match[2] ?? "", match[1] ?? "", match[3]),
  ),
  rule(/(?<=^|[\s(])[-−](?=\d)/gu, "minus "),
  rule(/(?<=\d(?:%| ?°C?)?)\s?[–-]\s?(?=\d{1,40}(?:[^\d-]|$))/gu, " bis "),
  rule(/(?<=Uhr(?: \p{L}{1,40})?)\s?[–-]\s?(?=\p{Ll}{1,40} Uhr)/gu, " bis "),
  rule(/(?<=\d)\s?[–-]\s?(?=\p{Ll}{1,40} Uhr)/gu, " bis "),
  rule(new RegExp(`${notInWord}(${numeral})\\s?(${unitNames})(?![\\p{L}\\p{N}²³])`, "gu"), measure),
  rule(/(?<![\p{L}\p{N}.,])1\/2(?![\d/])/gu, "ein halb"),
  rule(/(?<![\p{L}\p{N}.,])([13])\/4(?![\d/])/gu, (match) =>
    match[1] === "1" ? "ein Viertel" : "drei Viertel",
  ),
  rule(/(?:(\d)\s?)?([½¼¾⅓⅔])/gu, (match) => {
    const spoken = fractions[match[2] ?? ""] ?? "";
    return match[1] === undefined ? spoken : `${match[1]} ${spoken}`;
  }),
  rule(/(?<![\p{L}\p{N}.,])(\d{1,2})\.(?=\s\p{L})/gu, plainOrdinal),
  rule(/#(?=\d)/g, "Nummer "),
  rule(/(?<!\p{L})(\p{L}{1,2}(?:\.\s?\p{L}{1,2}){1,3}|\p{L}{2,5})\.(?!\p{L})/gu, expand),
  rule(/(?<=\p{Ll})str\.(?!\p{L})/gu, "straße"),
  rule(/(?<=\d)\s?[x×]\s?(?=\d)/gu, " mal "),
  rule(/(?<=\d)\s?\+\s?(?=\d)/gu, " plus "),
  rule(/(?<=\d)\s?\/\s?(?=\d)/gu, " Schrägstrich "),
  rule(/(?<=\p{L})(?=\d)|(?<=\d)(?=\p{L})/gu, " "),
  rule(
    /(?<![\p{L}\p{N}.,])1(?= \p{Lu}\p{Ll}{1,40}(?:e|ung|heit|keit|schaft|ion|tät)(?!\p{L}))/gu,
    "eine",
  ),
  rule(/(?<![\p{L}\p{N}.,])1 (?=Person|Nacht|Woche)/gu, "eine "),
  rule(/(?<![\p{L}\p{N}.,])1(?= \p{Lu}\p{Ll})/gu, "ein"),
  rule(new RegExp(numeral, "gu"), plain),
  rule(
    /(?<!\p{L})(und|oder)\/(und|oder)(?!\p{L})/giu,
    (match) => `${match[1] ?? ""} ${match[2] ?? ""}`,
  ),
  rule(/(?<=\p{Ll})\/(?=\p{L})/gu, " oder "),
  rule(/(?<=\p{Lu})\/(?=\p{Lu})/gu, " "),
  rule(/\s\/\s/g, " oder "),
  rule(/\//g, " Schrägstrich "),
  rule(/&/g, " und "),
  rule(/@/g, " ät "),
  rule(/#(?=\p{L})/gu, "Hashtag "),
  rule(/\+/g, " plus "),
  rule(/±/g, " plus minus "),
  rule(/(?<=[\p{L}\p{N}]) ?=+ ?(?=[\p{L}\p{N}-])/gu, " gleich "),
  rule(/×/g, " mal "),
  rule(/÷/g, " geteilt durch "),
  rule(/[≈~](?=\s?\p{L})/gu, "etwa "),
  rule(/≤/g, " höchstens "),
  rule(/≥/g, " mindestens "),
  rule(/(?<=[\p{L}\p{N}] )<(?= [\p{L}\p{N}])/gu, "ist kleiner als"),
  rule(/(?<=[\p{L}\p{N}] )>(?= [\p{L}\p{N}])/gu, "ist größer als"),
  rule(/°/g, " Grad "),
  rule(/%/g, " Prozent "),
  rule(/[→⇒➔]|->|=>/g, ", "),
  rule(/§§?/g, "Paragraf "),
  rule(/[$€£¥]/g, (match) => ` ${currencies[match[0]]?.[0] ?? ""} `),
];
