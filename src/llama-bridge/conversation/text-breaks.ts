/** Where a text that is being spoken may be broken off or taken up again; pure. */

const ends = {
  /** A point between digits or in an address is no end: a blank has to follow. */
  sentence: /[.!?…]["'”’»)\]]*(?=\s)|[。！？\n]/gu,
  clause: /[.!?…;:,]["'”’»)\]]*(?=\s)|[。！？；：，、\n]/gu,
} as const;

type BreakKind = keyof typeof ends;

/** The place behind the last end of a sentence or clause up to `limit`; undefined without one. */
export function lastBreak(text: string, limit: number, kind: BreakKind): number | undefined {
  let last: number | undefined;
  for (const match of text.matchAll(ends[kind])) {
    const at = match.index + match[0].length;
    if (at > limit) break;
    last = at;
  }
  return last;
}

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** Words as readers count them, also in scripts without blanks. */
export function countWords(text: string): number {
  let words = 0;
  for (const { isWordLike } of segmenter.segment(text)) if (isWordLike === true) words += 1;
  return words;
}

/** Where the word begins in which a place lies; the place itself between words. */
export function wordStart(text: string, at: number): number {
  const segment = segmenter.segment(text).containing(at);
  return segment === undefined ? at : segment.index;
}
