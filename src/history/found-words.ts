/** Where the words that were searched for stand in a text, as the index sees words; pure. */
import type { SearchTerm } from "./search-expression.ts";

export interface TextPiece {
  readonly text: string;
  /** It is what was searched for. */
  readonly isFound: boolean;
}

interface Token {
  readonly at: number;
  readonly end: number;
  /** Without case and marks. */
  readonly bare: string;
}

interface Span {
  readonly at: number;
  readonly end: number;
}

/** Of one text; what is beyond is not looked at. */
const maxSearched = 20_000;
const snippetCharacters = 140;
/** Before the first word that was found. */
const leadCharacters = 40;

/** The whole text; one piece where nothing is found. */
export function markFound(text: string, terms: readonly SearchTerm[]): readonly TextPiece[] {
  return cut(text, spansOf(text, terms), { at: 0, end: text.length });
}

/** The surroundings of the first hit in the first text that has one; undefined without any. */
export function snippetOf(
  texts: Iterable<string>,
  terms: readonly SearchTerm[],
): readonly TextPiece[] | undefined {
  for (const text of texts) {
    const spans = spansOf(text, terms);
    const first = spans[0];
    if (first === undefined) continue;
    const at = wordStart(text, Math.max(0, first.at - leadCharacters), first.at);
    const end = Math.min(text.length, Math.max(first.end, at + snippetCharacters));
    const pieces = cut(text, spans, { at, end });
    const lead = at === 0 ? [] : [{ text: "… ", isFound: false }];
    const rest = end === text.length ? [] : [{ text: " …", isFound: false }];
    return [...lead, ...pieces, ...rest];
  }
  return undefined;
}

/** Not in the middle of a word, nor in the middle of a character of two units. */
function wordStart(text: string, at: number, limit: number): number {
  if (at === 0) return 0;
  const space = text.indexOf(" ", at);
  return space < 0 || space >= limit ? limit : space + 1;
}

function cut(text: string, spans: readonly Span[], { at, end }: Span): TextPiece[] {
  const pieces: TextPiece[] = [];
  let done = at;
  for (const span of spans) {
    if (span.at < done) continue;
    if (span.end > end) break;
    if (span.at > done) pieces.push({ text: text.slice(done, span.at), isFound: false });
    pieces.push({ text: text.slice(span.at, span.end), isFound: true });
    done = span.end;
  }
  if (done < end) pieces.push({ text: text.slice(done, end), isFound: false });
  return pieces;
}

/** In the order of the text. */
function spansOf(text: string, terms: readonly SearchTerm[]): readonly Span[] {
  if (terms.length === 0) return [];
  const bareTerms = terms.map(({ words, isPrefix }) => ({ words: words.map(bareOf), isPrefix }));
  const tokens = tokensOf(text);
  return tokens.flatMap((token, index) => {
    const lengths = bareTerms.filter((term) => begins(tokens, index, term));
    if (lengths.length === 0) return [];
    const words = Math.max(...lengths.map((term) => term.words.length));
    return [{ at: token.at, end: tokens[index + words - 1]?.end ?? token.end }];
  });
}

function begins(tokens: readonly Token[], at: number, { words, isPrefix }: SearchTerm): boolean {
  return words.every((word, offset) => {
    const bare = tokens[at + offset]?.bare;
    if (bare === undefined) return false;
    const isLast = offset === words.length - 1;
    return isPrefix && isLast ? bare.startsWith(word) : bare === word;
  });
}

function tokensOf(text: string): readonly Token[] {
  return [...text.slice(0, maxSearched).matchAll(/[\p{L}\p{M}\p{N}]+/gu)].map(
    ({ 0: word, index }) => ({ at: index, end: index + word.length, bare: bareOf(word) }),
  );
}

/** As `unicode61 remove_diacritics 2` compares words. */
function bareOf(word: string): string {
  return word.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
