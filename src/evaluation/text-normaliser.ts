/** Chooses how the texts of a language are made comparable. */
import { normaliseBasic, normaliseCharacters } from "./basic-normaliser.ts";
import { normaliseEnglish } from "./english-normaliser.ts";

export interface TextNormaliser {
  readonly name: "english" | "basic" | "characters";
  /** Words with single spaces between them. */
  readonly normalise: (text: string) => string;
}

/** Languages that Whisper's authors compare by characters, and Cantonese, which came later. */
const withoutSpaces: ReadonlySet<string> = new Set(["zh", "yue", "ja", "th", "lo", "my"]);

/** `language` is a code such as "en", or "auto", which takes what suits any language. */
export function normaliserFor(language: string): TextNormaliser {
  if (language === "en") return { name: "english", normalise: normaliseEnglish };
  if (withoutSpaces.has(language)) return { name: "characters", normalise: normaliseCharacters };
  return { name: "basic", normalise: normaliseBasic };
}
