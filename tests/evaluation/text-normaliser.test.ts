/** Which normaliser a language gets, and what the basic ones do. */
import { describe, expect, test } from "bun:test";
import { normaliserFor, type TextNormaliser } from "../../src/evaluation/text-normaliser.ts";

test("English gets the English normaliser, languages without spaces count characters, others words", () => {
  const names: Readonly<Record<string, TextNormaliser["name"]>> = {
    en: "english",
    de: "basic",
    auto: "basic",
    zh: "characters",
    ja: "characters",
  };
  for (const [language, name] of Object.entries(names)) {
    expect(normaliserFor(language).name).toBe(name);
  }
});

describe("the basic normaliser", () => {
  const { normalise } = normaliserFor("de");
  const cases: Readonly<Record<string, string>> = {
    "Guten Tag, Frau Müller!": "guten tag frau müller",
    "Größe: 5,5 (ungefähr) – [Rauschen] ja?": "größe 5 5 ja",
    "L'été, c'est très beau.": "l été c est très beau",
    "¿Qué   tal, señor?": "qué tal señor",
    "10 % für 3€": "10 für 3",
    "ﬁx ① ½": "fix 1 1 2",
    "": "",
  };
  for (const [text, normalised] of Object.entries(cases)) {
    test(JSON.stringify(text), () => expect(normalise(text)).toBe(normalised));
  }
});

test("characters are what a reader takes for one, with what is combined into them", () => {
  const { normalise } = normaliserFor("ja");
  expect(normalise("もしもし、東京 です。")).toBe("も し も し 東 京 で す");
  expect(normalise("ガ")).toBe("ガ");
});
