/** Takes out of a text what no engine should see: tags, entities, control characters, emoji. */
import { rewrite, rule } from "./rewrite.ts";

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  euro: "€",
  deg: "°",
  hellip: "…",
  ndash: "–",
  mdash: "—",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
};

const before = [
  // Lone halves of UTF-16 pairs go first, since what stands between two may go as well.
  rule(/[\ud800-\udfff]/gu, ""),
  rule(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (match) => entity(match)),
  rule(/<!--[^<>]{0,2000}-->/g, " "),
  // A tag begins with a letter, so that "5 < 6" stays.
  rule(/<(?:https?:\/\/|mailto:)?([^\s<>@]{1,64}@[^\s<>@]{1,200})>/gi, (match) => match[1] ?? ""),
  rule(/<(https?:\/\/[^\s<>]{1,500})>/gi, (match) => match[1] ?? ""),
  rule(/<\/?(?:br|p|div|li|tr|td|h[1-6]|break|s|sentence)\b[^<>]{0,500}>/gi, " "),
  rule(/<[/!?]?[a-z][^<>]{0,500}>/gi, ""),
  rule(/\p{Extended_Pictographic}|[\p{Regional_Indicator}\p{Emoji_Modifier}]/gu, (match) =>
    // Digits and signs that only may be shown as a picture.
    "↔↕©®™".includes(match[0]) ? "" : " ",
  ),
  rule(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad]/g, ""),
  rule(/\u20e3|\p{Variation_Selector}/gu, ""),
  rule(/[\u{e0000}-\u{e01ef}\p{Co}]/gu, ""),
  rule(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]/gu, (match) => (match[0] === "\n" ? "\n" : " ")),
];

/** Before the rules of a language. Newlines stay. */
export function dropHarmful(text: string): string {
  return rewrite(text, before);
}

const after = [
  rule(/[<>&|*_`~#^\\[\]{}]/g, " "),
  rule(/\( *\)|" *"/g, " "),
  rule(/[\s]{1,1000}/g, " "),
  rule(/ ([,.;:!?…)])/g, (match) => match[1] ?? ""),
  rule(/\( /g, "("),
  rule(/([,;:])(?:[,;:]){1,100}/g, (match) => match[1] ?? ""),
  rule(/[,;:]([.!?…])/g, (match) => match[1] ?? ""),
  rule(/([!?])[!?]{1,100}/g, (match) => (match[0].includes("?") ? "?" : "!")),
  rule(/\.{2,1000}/g, "…"),
  rule(/[-–—=]{2,1000}/g, " – "),
  rule(/ {2,1000}/g, " "),
];

/** Behind the rules of a language: one line, without any mark that an engine could take for markup. */
export function tidy(text: string): string {
  const tidied = rewrite(text, after)
    .replace(/^[\s,;:.)…–—-]{1,1000}/, "")
    .trim();
  return /[\p{L}\p{N}]/u.test(tidied) ? tidied : "";
}

function entity(match: RegExpExecArray): string {
  const [all, decimal, hexadecimal, name] = match;
  if (name !== undefined) return entities[name] ?? all;
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  const isHalf = code >= 0xd800 && code <= 0xdfff;
  return code > 0 && code <= 0x10_ffff && !isHalf ? String.fromCodePoint(code) : " ";
}
