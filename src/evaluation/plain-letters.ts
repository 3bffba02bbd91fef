/** Letters without diacritics, and no symbols but those that belong to numbers. */

/** Letters of their own in Unicode, which no normalisation form takes apart. */
const plainSpellings: Readonly<Record<string, string>> = {
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  æ: "ae",
  Æ: "AE",
  ß: "ss",
  ẞ: "SS",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  þ: "th",
  Þ: "th",
  ł: "l",
  Ł: "L",
};

const numberSymbols = ".%$¢€£";
const composed = new RegExp(`[${Object.keys(plainSpellings).join("")}]`, "gu");
const diacritics = /\p{Mn}/gu;
const otherSymbols = new RegExp(`(?![${numberSymbols}])[\\p{M}\\p{S}\\p{P}]`, "gu");

/** "Crème, £5!" gives "Creme  £5 ": every other symbol is a space. */
export function plainLetters(text: string): string {
  return text
    .normalize("NFKD")
    .replace(composed, (letter) => plainSpellings[letter] ?? letter)
    .replace(diacritics, "")
    .replace(otherSymbols, " ");
}
