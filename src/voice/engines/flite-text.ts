/** Text as flite can read it: plain printable ASCII in pieces that are spoken within a tenth of a second. */
import { quote, WildfireError } from "../../core/errors.ts";

export const maxSpeechCharacters = 10_000;

/** About ten seconds of speech. Only a text that is longer is cut at all. */
export const maxPieceCharacters = 160;

/** flite reads a word without an end letter by letter, and its time grows faster than its length. */
const maxWordCharacters = 40;

const names: Readonly<Record<string, string>> = {
  "‘": "'",
  "’": "'",
  "‚": ",",
  "“": '"',
  "”": '"',
  "„": '"',
  "«": '"',
  "»": '"',
  "–": " - ",
  "—": ", ",
  "⁄": "/",
  "•": ", ",
  "·": " ",
  "€": " euros ",
  "£": " pounds ",
  "¥": " yen ",
  "°": " degrees ",
  "×": " times ",
  "÷": " divided by ",
  "±": " plus or minus ",
  ß: "ss",
  ẞ: "SS",
  æ: "ae",
  Æ: "Ae",
  œ: "oe",
  Œ: "Oe",
  ø: "o",
  Ø: "O",
  đ: "d",
  Đ: "D",
  ł: "l",
  Ł: "L",
  þ: "th",
  Þ: "Th",
  ð: "d",
};

/** What looks like an element of SSML or HTML, or a comment in it; "3 < 5" does not. */
const markup = /<[/!?]?[a-z][^<>]{0,500}>|<!--.{0,500}?-->/gis;

/**
 * The text in pieces, none of them empty; none at all for a text without a word, such as "...". Throws
 * a WildfireError("usage") for one that is too long or that has letters and none that flite can read.
 */
export function flitePieces(text: string): string[] {
  if (text.length > maxSpeechCharacters) {
    throw new WildfireError("usage", `a text of ${text.length} characters is too long to speak`, {
      hint: `cut it into texts of at most ${maxSpeechCharacters}`,
    });
  }
  const plain = toPlainAscii(text);
  if (/[a-z0-9]/i.test(plain)) return cutIntoPieces(plain).filter((piece) => /\w/.test(piece));
  if (!/[\p{L}\p{N}]/u.test(text.replace(markup, " "))) return [];
  throw new WildfireError("usage", `the built-in voice cannot read ${quote(text)}`, {
    hint: "it knows Latin letters only: choose a speech server for other scripts",
  });
}

function toPlainAscii(text: string): string {
  return text
    .replace(markup, " ")
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]/gu, (character) => names[character] ?? character)
    .replace(/\p{M}+/gu, "")
    .replace(/[^\x21-\x7e]+/g, " ")
    .replace(/\s([,.])(?=\s)/g, "$1")
    .replace(new RegExp(`\\S{${maxWordCharacters}}(?=\\S)`, "g"), "$& ")
    .trim();
}

function cutIntoPieces(text: string): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > maxPieceCharacters) {
    const end = findCut(rest.slice(0, maxPieceCharacters));
    pieces.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return [...pieces, rest];
}

/** Where speakers pause, best first; the last sentence in the window, so that few are cut. */
const pauses = [/[a-z\d]{3,}[.!?]+["')]*(?=\s)/gi, /[;:](?=\s)/g, /,(?=\s)/g, / /g];

/** A cut that leaves but a few words in front sounds worse than a pause of a lesser kind. */
const minPieceCharacters = 30;

function findCut(window: string): number {
  for (const pause of pauses) {
    const ends = [...window.matchAll(pause)].map(({ index, 0: found }) => index + found.length);
    const last = ends.at(-1) ?? 0;
    if (last >= minPieceCharacters) return last;
  }
  return window.length;
}
