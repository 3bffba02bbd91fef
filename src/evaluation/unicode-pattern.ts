/** Regular expressions for text in any script: JavaScript's own `\b` and `\s` fall short of Unicode. */

/** A letter, digit or low line; combining marks part words here, as they do in Python's `re`. */
const wordCharacter = String.raw`[\p{L}\p{N}_]`;
const boundary = `(?:(?<=${wordCharacter})(?!${wordCharacter})|(?<!${wordCharacter})(?=${wordCharacter}))`;
const space = String.raw`\p{White_Space}`;

/** A global pattern in which `\b` is a boundary between words of any script, and `\s` any space. */
export function unicodePattern(source: string): RegExp {
  return new RegExp(
    source.replaceAll(String.raw`\b`, boundary).replaceAll(String.raw`\s`, space),
    "gu",
  );
}

const spaces = unicodePattern(String.raw`\s+`);

/** The words between the spaces; none for an empty text. */
export function splitWords(text: string): string[] {
  return text.split(spaces).filter((word) => word !== "");
}
