/** Makes of any text what an engine may be given: plain words, in pieces that are not too long. */

/** About 20 seconds of speech. */
const maxPieceCharacters = 300;
/** What a call may be told by one text; more than a quarter of an hour of speech. */
const maxTextCharacters = 15_000;
const longestTag = 200;

export interface SpeakableText {
  readonly pieces: readonly string[];
  /** Characters beyond the limit. */
  readonly dropped: number;
}

/** Nothing that is not spoken: no markup, no control characters, no runs of white space. */
export function speakablePieces(text: string): SpeakableText {
  const bounded = text.slice(0, maxTextCharacters).toWellFormed();
  const plain = bounded
    .replaceAll(new RegExp(`</?[a-zA-Z!?][^<>]{0,${longestTag}}>`, "g"), " ")
    .replaceAll(/\p{Cf}/gu, "")
    .replaceAll(/[\p{Cc}\p{Co}\uFFFD]/gu, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return { pieces: [...cutIntoPieces(plain)], dropped: text.length - bounded.length };
}

function* cutIntoPieces(text: string): Generator<string> {
  let rest = text;
  while (rest.length > maxPieceCharacters) {
    const at = cutAt(rest);
    const piece = rest.slice(0, at).trim();
    if (isSpoken(piece)) yield piece;
    rest = rest.slice(at).trim();
  }
  if (isSpoken(rest)) yield rest;
}

/** The best of the last places where a speaker would pause; in one endless word, anywhere. */
function cutAt(text: string): number {
  const start = text.slice(0, maxPieceCharacters);
  for (const place of [/^.*[.!?…](?= )/su, /^.*[,;:–—](?= )/su, /^.*(?= )/su]) {
    const found = place.exec(start)?.[0].length ?? 0;
    if (found > maxPieceCharacters / 4) return found;
  }
  const isParted = /[\uD800-\uDBFF]$/.test(start);
  return isParted ? maxPieceCharacters - 1 : maxPieceCharacters;
}

/** Engines make odd sounds of punctuation alone. */
function isSpoken(piece: string): boolean {
  return /[\p{L}\p{N}]/u.test(piece);
}
