/** Words by which a caller asks the agent to stop, however short they are; pure. */

/** By language; all of them count in every call, as people mix them. */
const stopWords: Readonly<Record<"en" | "de", readonly string[]>> = {
  en: [
    "stop",
    "wait",
    "hold on",
    "hang on",
    "no",
    "nope",
    "hello",
    "sorry",
    "excuse me",
    "pardon",
    "what",
    "enough",
    "quiet",
    "cancel",
    "one moment",
    "just a moment",
    "one second",
    "a second",
    "never mind",
    "shut up",
    "help",
    "repeat",
    "again",
  ],
  de: [
    "stopp",
    "halt",
    "warte",
    "warten",
    "wartet",
    "warten sie",
    "moment",
    "sekunde",
    "nein",
    "nee",
    "hallo",
    "entschuldigung",
    "verzeihung",
    "wie bitte",
    "was",
    "genug",
    "ruhe",
    "abbrechen",
    "stille",
    "hilfe",
    "nochmal",
    "noch mal",
    "falsch",
  ],
};

const builtIn = [...stopWords.en, ...stopWords.de].map(plain);

/** True where a stop word stands in a text as a whole word; case and punctuation do not matter. */
export function asksToStop(text: string, more: readonly string[] = []): boolean {
  const words = plain(text);
  const isIn = (word: string): boolean => word.trim() !== "" && words.includes(word);
  return builtIn.some(isIn) || more.some((word) => isIn(plain(word)));
}

/** Lower case, without punctuation, one blank around each word. */
function plain(text: string): string {
  const words =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return ` ${words.join(" ")} `;
}
