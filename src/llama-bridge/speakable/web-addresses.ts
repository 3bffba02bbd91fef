/** E-mail and web addresses, letter for letter as one reads them out. */
import { type NumberWords, speakDigits } from "./spoken-number.ts";
import { rule, type SpokenRule } from "./rewrite.ts";

export interface AddressWords {
  readonly at: string;
  readonly dot: string;
  readonly slash: string;
  readonly dash: string;
  readonly underscore: string;
  readonly plus: string;
  readonly numbers: NumberWords;
}

const email =
  /(?<![\p{L}\p{N}.@])[\p{L}\p{N}][\p{L}\p{N}._%+-]{0,63}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,6}/gu;
const url =
  /(?<![\p{L}\p{N}@])(?:(?:https?|ftp):\/\/[^\s<>"'“”„()]{1,500}|www\.[^\s<>"'“”„()]{1,500})/giu;
/** Without scheme only under names that no abbreviation ends with. */
const domain =
  /(?<![\p{L}\p{N}@.])(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\.){1,5}(?:com|net|org|de|at|ch|eu|uk|io|info|biz|dev|app|ai)(?![\p{L}\p{N}])(?:\/[^\s<>"'“”„()]{0,300})?/giu;
/** A longer rest of an address would be read for minutes. */
const longestPath = 40;

export function addressRules(words: AddressWords): SpokenRule[] {
  return [
    rule(email, (match) => speakPlain(match[0], words)),
    rule(url, (match) => speakUrl(match[0], words)),
    rule(domain, (match) => speakUrl(match[0], words)),
  ];
}

function speakUrl(written: string, words: AddressWords): string {
  const ending = /[.,;:!?…*_~`\]]{1,20}$/.exec(written)?.[0] ?? "";
  const whole = written.slice(0, written.length - ending.length);
  const address = whole.replace(/^[a-z]{3,5}:\/\//i, "").replace(/\/$/, "");
  const hostEnd = address.search(/[/?#]/);
  const host = hostEnd < 0 ? address : address.slice(0, hostEnd);
  const path = hostEnd < 0 ? "" : address.slice(hostEnd);
  const isReadable = path.length <= longestPath && /^\/[\p{L}\p{N}/._-]*$/u.test(path);
  const spoken = speakPlain(host, words) + (isReadable ? ` ${speakPlain(path, words)}` : "");
  return spoken.trimEnd() + ending.replaceAll(/[*_~`\]]/g, "");
}

function speakPlain(written: string, words: AddressWords): string {
  const marks: Readonly<Record<string, string>> = {
    "@": words.at,
    ".": words.dot,
    "/": words.slash,
    "-": words.dash,
    _: words.underscore,
    "+": words.plus,
  };
  const spoken = written
    .replace(/^www\./i, "w w w.")
    .replaceAll(/\d{1,500}/g, (digits) => ` ${speakShort(digits, words.numbers)} `)
    .replaceAll(/[@./_+-]/g, (mark) => ` ${marks[mark] ?? ""} `);
  return spoken.replaceAll(/ {2,500}/g, " ").trim();
}

function speakShort(digits: string, numbers: NumberWords): string {
  if (digits.length > 2 || digits.startsWith("0")) return speakDigits(digits, numbers);
  return numbers.cardinal(Number(digits));
}
