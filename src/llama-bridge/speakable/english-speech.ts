/** How English is read out: the rules from addresses to single symbols, in their order. */
import { abbreviationsOf } from "./abbreviations.ts";
import { englishNumbers, englishOrdinal } from "./english-numbers.ts";
import { currencies, fractions, unitNames, units } from "./english-units.ts";
import { rule, type SpokenRule } from "./rewrite.ts";
import { looksLikeYear, readNumber, speakNumber } from "./spoken-number.ts";
import { telephoneRules } from "./telephone-numbers.ts";
import { addressRules } from "./web-addresses.ts";

const numeral = String.raw`\d{1,40}(?:[.,]\d{1,40}){0,12}`;
const notInWord = String.raw`(?<![\p{L}\p{N}.,])`;
const months =
  "January February March April May June July August September October November December".split(
    " ",
  );
const monthNames = `${months.join("|")}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec`;
const days: Readonly<Record<string, string>> = {
  mon: "Monday",
  tue: "Tuesday",
  wed: "Wednesday",
  thu: "Thursday",
  fri: "Friday",
  sat: "Saturday",
  sun: "Sunday",
};
const dayRange =
  /(?<!\p{L})(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\p{Ll}{0,6}\.?\s?[–-]\s?(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:\p{Ll}{0,6}day|s|rs|nes)?(?!\p{L})/gu;
function speak(written: string): string {
  return speakNumber(written, englishNumbers);
}

function speakDate(day: number, month: number, year: string | undefined): string {
  const name = months[month - 1] ?? "";
  const date = `${name} ${englishOrdinal(day)}`;
  return year === undefined ? date : `${date}, ${speakYear(year)}`;
}

function speakYear(written: string): string {
  return englishNumbers.year(Number(written.length === 2 ? `20${written}` : written));
}

function speakDay(short = ""): string {
  return days[short.toLowerCase()] ?? short;
}

function isDate(day: number, month: number): boolean {
  return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

/** Month first, unless it can only be the day. */
function slashDate(match: RegExpExecArray): string {
  const [all, first, second, year] = match;
  const [a, b] = [Number(first), Number(second)];
  if (isDate(b, a)) return speakDate(b, a, year);
  return isDate(a, b) ? speakDate(a, b, year) : all;
}

function isoDate(match: RegExpExecArray): string {
  const [all, year, month, day] = match;
  return isDate(Number(day), Number(month)) ? speakDate(Number(day), Number(month), year) : all;
}

function namedDate(match: RegExpExecArray): string {
  const [all, name = "", day, year] = match;
  const month = months.findIndex((each) => each.startsWith(name.slice(0, 3))) + 1;
  return isDate(Number(day), month) ? speakDate(Number(day), month, year) : all;
}

function clock(match: RegExpExecArray): string {
  const [all, hours = "", minutes = "", half] = match;
  if (Number(hours) > 24 || Number(minutes) > 59) return all;
  const hour = englishNumbers.cardinal(Number(hours));
  if (minutes === "00") return hour + (half === undefined ? " o'clock" : halfOfDay(match, half));
  const minute = englishNumbers.cardinal(Number(minutes));
  const suffix = half === undefined ? "" : halfOfDay(match, half);
  return `${hour} ${minutes.startsWith("0") ? "oh " : ""}${minute}${suffix}`;
}

/** "P M", and the full stop that is that of the sentence as well. */
function halfOfDay(match: RegExpExecArray, half: string): string {
  const behind = match.input.slice(
    match.index + match[0].length,
    match.index + match[0].length + 2,
  );
  const endsSentence = match[0].endsWith(".") && /^(?:$|\s\p{Lu}|\s$)/u.test(behind);
  return ` ${half.toUpperCase()} M${endsSentence ? "." : ""}`;
}

function fullHour(match: RegExpExecArray): string {
  const [all, hours = "", half = ""] = match;
  if (Number(hours) > 24) return all;
  return englishNumbers.cardinal(Number(hours)) + halfOfDay(match, half);
}

function money(written: string, currency: string, scale: string | undefined): string {
  const [one, many, minor] = currencies[currency] ?? ["", "", ""];
  if (scale !== undefined) return `${speak(written)} ${scale.trim()} ${many}`;
  const number = readNumber(written, englishNumbers);
  if (number?.fraction.length !== 2 || minor === "") {
    return `${speak(written)} ${written === "1" ? one : many}`;
  }
  const major = `${speak(number.whole)} ${number.whole === "1" ? one : many}`;
  const cents = Number(number.fraction);
  if (cents === 0) return major;
  const small = smallMoney(cents, minor);
  return Number(number.whole) === 0 ? small : `${major} and ${small}`;
}

function smallMoney(cents: number, minor: string): string {
  const name = minor === "penny" ? "pence" : `${minor}s`;
  return `${englishNumbers.cardinal(cents)} ${cents === 1 ? minor : name}`;
}

function measure(match: RegExpExecArray): string {
  const [, number = "", unit = ""] = match;
  const [one, many] = units[unit] ?? [unit, unit];
  return `${speak(number)} ${number === "1" ? one : many}`;
}

function plain(match: RegExpExecArray): string {
  const [written] = match;
  return looksLikeYear(written) ? englishNumbers.year(Number(written)) : speak(written);
}

const abbreviations = abbreviationsOf("en");

function expand(match: RegExpExecArray, text: string): string {
  const [all, word = ""] = match;
  const entry = abbreviations.get(word.toLowerCase());
  const behind = text.slice(match.index + all.length);
  if (word.toLowerCase() === "no") return /^\s?\d/.test(behind) ? "number" : all;
  if (entry?.spoken === undefined) return all;
  if (word === "St" && !/^\s\p{Lu}/u.test(behind)) return "Street";
  const endsSentence = entry.rule === "before-capital" && /^\s*(?:$|\s\p{Lu})/u.test(behind);
  return entry.spoken + (endsSentence ? "." : "");
}

export const englishRules: readonly SpokenRule[] = [
  ...addressRules({
    at: "at",
    dot: "dot",
    slash: "slash",
    dash: "dash",
    underscore: "underscore",
    plus: "plus",
    numbers: englishNumbers,
  }),
  rule(new RegExp(`${notInWord}(\\d{4})-(\\d{2})-(\\d{2})(?![\\d-])`, "gu"), isoDate),
  rule(new RegExp(`${notInWord}(\\d{1,2})/(\\d{1,2})/(\\d{4}|\\d{2})(?![\\d/])`, "gu"), slashDate),
  rule(
    new RegExp(
      `(?<!\\p{L})(${monthNames})\\.? (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?(?![\\p{L}\\d:]|[.,]\\d)`,
      "gu",
    ),
    namedDate,
  ),
  rule(dayRange, (match) => `${speakDay(match[1])} to ${speakDay(match[2])}`),
  rule(/(?<=\d(?:\s?[ap]\.?m\.?)?)\s?[–-]\s?(?=\d{1,2}(?::\d{2}|\s?[ap]\.?m)(?!\p{L}))/giu, " to "),
  rule(/(?<![\p{L}\p{N}:.,])(\d{1,2}):(\d{2})(?:\s?([ap])\.?m\b\.?)?(?![\d:])/giu, clock),
  rule(/(?<![\p{L}\p{N}:.,])(\d{1,2})\s?([ap])\.?m\b\.?/giu, fullHour),
  rule(/(?<![\p{L}\p{N}])24\/7(?![\d/])/gu, "twenty-four seven"),
  rule(/(?<!\p{L})(Mon|Tue|Wed|Thu|Fri)\.(?=[,:]|\s[\d\p{L}])/gu, (match) => speakDay(match[1])),
  rule(/(?<=[\d€$£])\s?\/\s?mo(?!\p{L})/gu, " per month"),
  rule(
    /(?<=[\d€$£])\s?\/\s?(?=(?:month|year|week|day|night|hour|minute|person|unit)(?!\p{L}))/gu,
    " per ",
  ),
  ...telephoneRules(englishNumbers, "plus"),
  rule(
    new RegExp(`([$€£¥])\\s?(${numeral})( (?:thousand|million|billion|trillion))?`, "gu"),
    (match) => money(match[2] ?? "", match[1] ?? "", match[3]),
  ),
  rule(
    new RegExp(
      `${notInWord}(${numeral})( (?:thousand|million|billion))?\\s?([$€£¥]|(?:USD|EUR|GBP|CHF)(?!\\p{L}))`,
      "gu",
    ),
    (match) => money(match[1] ?? "", match[3] ?? "", match[2]),
  ),
  rule(new RegExp(`(?<=^|[\\s(])[-−](?=\\d)`, "gu"), "minus "),
  rule(
    new RegExp(`(?<=\\d(?:%| ?°[CF]?| ?(?:am|pm))?)\\s?[–-]\\s?(?=\\d{1,40}(?:[^\\d-]|$))`, "gu"),
    " to ",
  ),
  rule(new RegExp(`${notInWord}(${numeral})\\s?(${unitNames})(?![\\p{L}\\p{N}²³])`, "gu"), measure),
  rule(/(?<![\p{L}\p{N}.,])(\d{1,9})(?:st|nd|rd|th)(?!\p{L})/gu, (match) =>
    englishOrdinal(Number(match[1])),
  ),
  rule(/(?<![\p{L}\p{N}.,/])1\/2(?![\d/])/gu, "one half"),
  rule(/(?<![\p{L}\p{N}.,/])([13])\/4(?![\d/])/gu, (match) =>
    match[1] === "1" ? "one quarter" : "three quarters",
  ),
  rule(/(?:(\d)\s?)?([½¼¾⅓⅔])/gu, (match) => {
    const spoken = fractions[match[2] ?? ""] ?? "";
    return match[1] === undefined ? spoken : `${match[1]} and ${spoken.replace(/^one /, "a ")}`;
  }),
  rule(/#(?=\d)/g, "number "),
  rule(/(?<!\p{L})([\p{L}](?:\.[\p{L}]){1,4}|\p{L}{2,7})\.(?!\p{L})/gu, expand),
  rule(/(?<=\d)\s?[x×]\s?(?=\d)/gu, " times "),
  rule(/(?<=\d)\s?\+\s?(?=\d)/gu, " plus "),
  rule(/(?<=\d)\+(?=\s|$)/gu, " plus"),
  rule(/(?<=\d)\s?\/\s?(?=\d)/gu, " slash "),
  rule(new RegExp(`(?<=\\p{L})(?=\\d)|(?<=\\d)(?=\\p{L})`, "gu"), " "),
  rule(new RegExp(numeral, "gu"), plain),
  rule(/\band\/or\b/gi, "and or"),
  rule(/(?<=\p{Ll})\/(?=\p{Ll})/gu, " or "),
  rule(/(?<=\p{Lu})\/(?=\p{Lu})/gu, " "),
  rule(/\s\/\s/g, " or "),
  rule(/\//g, " slash "),
  rule(/&/g, " and "),
  rule(/@/g, " at "),
  rule(/#(?=\p{L})/gu, "hashtag "),
  rule(/\+/g, " plus "),
  rule(/±/g, " plus or minus "),
  rule(/(?<=[\p{L}\p{N}]) ?=+ ?(?=[\p{L}\p{N}-])/gu, " equals "),
  rule(/[×]/g, " times "),
  rule(/÷/g, " divided by "),
  rule(/[≈~](?=\s?\p{L})/gu, "about "),
  rule(/≤/g, " at most "),
  rule(/≥/g, " at least "),
  rule(/(?<=[\p{L}\p{N}] )<(?= [\p{L}\p{N}])/gu, "is less than"),
  rule(/(?<=[\p{L}\p{N}] )>(?= [\p{L}\p{N}])/gu, "is greater than"),
  rule(/°/g, " degrees "),
  rule(/%/g, " percent "),
  rule(/[→⇒➔]|->|=>/g, ", "),
  rule(/§/g, "section "),
  rule(/[$€£¥]/g, (match) => ` ${currencies[match[0]]?.[1] ?? ""} `),
];
