/** What single characters mean to the cutter; each takes one UTF-16 unit, or nothing at the end. */

const closers = new Set(")\"'”’»›«“]}*_`~>」』）】》");
const openers = new Set("(\"'„‚“‘«»‹[{*_`~<>「『（【《#");
const ideographicStops = new Set("。！？｡");
const ideographicCommas = new Set("，、；：");
const lowerCase = /^\p{Ll}/u;
const letter = /^\p{L}/u;
const joining = /^(?:\p{M}|\u200d)/u;
const whiteSpace = /^\s/u;

export function isWhiteSpace(char: string): boolean {
  return char === " " || char === "\n" || (char !== "" && whiteSpace.test(char));
}

export function isDigit(char: string): boolean {
  return char >= "0" && char <= "9" && char.length === 1;
}

/** Looks at the first character only. */
export function isLetter(char: string): boolean {
  return letter.test(char);
}

/** Scripts without case have none: their letters may all begin a sentence. */
export function isLowerCase(char: string): boolean {
  return lowerCase.test(char);
}

/** Quotes, brackets and Markdown marks that belong to what stands before them. */
export function isCloser(char: string): boolean {
  return closers.has(char);
}

export function isOpener(char: string): boolean {
  return openers.has(char);
}

export function isIdeographicStop(char: string): boolean {
  return ideographicStops.has(char);
}

export function isIdeographicComma(char: string): boolean {
  return ideographicCommas.has(char);
}

/** A cut in front of it would tear a visible character apart. */
export function continuesCharacter(char: string): boolean {
  const unit = char.charCodeAt(0);
  return (unit >= 0xdc00 && unit <= 0xdfff) || joining.test(char);
}
