/** Short forms of spoken and written English, and the words that they stand for. */
import { unicodePattern } from "./unicode-pattern.ts";

const spoken: Readonly<Record<string, string>> = {
  "won't": "will not",
  "can't": "can not",
  "let's": "let us",
  "ain't": "aint",
  "y'all": "you all",
  "i'ma": "i am going to",
  "ma'am": "madam",
  imma: "i am going to",
  gonna: "going to",
  gotta: "got to",
  wanna: "want to",
  coulda: "could have",
  shoulda: "should have",
  woulda: "would have",
};

/** The space behind each parts it from a name that follows without one, as in "st.john". */
const titles: Readonly<Record<string, string>> = {
  ald: "alderman ",
  assoc: "associate ",
  asst: "assistant ",
  capt: "captain ",
  col: "colonel ",
  dr: "doctor ",
  esq: "esquire ",
  gen: "general ",
  gov: "governor ",
  hon: "honorable ",
  jr: "junior ",
  lt: "lieutenant ",
  mr: "mister ",
  mrs: "missus ",
  pres: "president ",
  prof: "professor ",
  rep: "representative ",
  rev: "reverend ",
  sen: "senator ",
  sr: "senior ",
  st: "saint ",
};

/** In this order: what follows "'d" and "'s" tells which verb they are, before they are guessed. */
const endings: readonly (readonly [ending: string, words: string])[] = [
  ["'d been", " had been"],
  ["'s been", " has been"],
  ["'d gone", " had gone"],
  ["'s gone", " has gone"],
  ["'d done", " had done"],
  ["'s got", " has got"],
  ["n't", " not"],
  ["'re", " are"],
  ["'s", " is"],
  ["'d", " would"],
  ["'ll", " will"],
  ["'t", " not"],
  ["'ve", " have"],
  ["'m", " am"],
];

const wholeWords = new Map(Object.entries({ ...spoken, ...titles }));
const wholeWord = unicodePattern(String.raw`\b(?:${[...wholeWords.keys()].join("|")})\b`);
const endingPatterns = endings.map(
  ([ending, words]) => [unicodePattern(String.raw`${ending}\b`), words] as const,
);

/** Expects lower case. */
export function expandContractions(text: string): string {
  let expanded = text.replace(wholeWord, (word) => wholeWords.get(word) ?? word);
  for (const [ending, words] of endingPatterns) expanded = expanded.replace(ending, words);
  return expanded;
}
