/** Abbreviations with a full stop: whether a sentence may end behind one, and how it is spoken. */

/**
 * What a full stop behind a word means. `never`: the sentence goes on. `before-capital`: it ends when
 * a capital follows. `unless-digit`: it ends unless a digit follows.
 */
export type StopRule = "never" | "before-capital" | "unless-digit";

export interface Abbreviation {
  readonly rule: StopRule;
  /** Undefined where the engine reads it well, or where it depends on what follows. */
  readonly spoken: string | undefined;
}

type Entry = readonly [written: string, rule: StopRule, spoken?: string];

const english: readonly Entry[] = [
  ["mr", "never", "Mister"],
  ["mrs", "never", "Missus"],
  ["ms", "never", "Miz"],
  ["dr", "never", "Doctor"],
  ["prof", "never", "Professor"],
  ["st", "never", "Saint"],
  ["rev", "never", "Reverend"],
  ["gen", "never", "General"],
  ["capt", "never", "Captain"],
  ["e.g", "never", "for example"],
  ["i.e", "never", "that is"],
  ["vs", "never", "versus"],
  ["cf", "never", "compare"],
  ["approx", "never", "approximately"],
  ["min", "unless-digit"],
  ["max", "unless-digit"],
  ["dept", "before-capital", "department"],
  ["est", "before-capital"],
  ["etc", "before-capital", "et cetera"],
  ["a.m", "before-capital", "A M"],
  ["p.m", "before-capital", "P M"],
  ["inc", "before-capital", "incorporated"],
  ["ltd", "before-capital", "limited"],
  ["co", "before-capital", "company"],
  ["corp", "before-capital", "corporation"],
  ["jr", "before-capital", "junior"],
  ["sr", "before-capital", "senior"],
  ["ave", "before-capital", "avenue"],
  ["blvd", "before-capital", "boulevard"],
  ["no", "unless-digit"],
  ["nos", "unless-digit"],
  ["fig", "unless-digit"],
  ["vol", "unless-digit"],
  ["ext", "unless-digit"],
  ["tel", "never", "telephone"],
  ["jan", "unless-digit"],
  ["feb", "unless-digit"],
  ["mar", "unless-digit"],
  ["apr", "unless-digit"],
  ["jun", "unless-digit"],
  ["jul", "unless-digit"],
  ["aug", "unless-digit"],
  ["sep", "unless-digit"],
  ["sept", "unless-digit"],
  ["oct", "unless-digit"],
  ["nov", "unless-digit"],
  ["dec", "unless-digit"],
  ["mon", "before-capital"],
  ["tue", "before-capital"],
  ["wed", "before-capital"],
  ["thu", "before-capital"],
  ["fri", "before-capital"],
];

const german: readonly Entry[] = [
  ["hr", "never", "Herr"],
  ["hrn", "never", "Herrn"],
  ["fr", "never"],
  ["dr", "never", "Doktor"],
  ["prof", "never", "Professor"],
  ["dipl", "never", "Diplom"],
  ["ing", "never", "Ingenieur"],
  ["z.b", "never", "zum Beispiel"],
  ["d.h", "never", "das heißt"],
  ["u.a", "never", "unter anderem"],
  ["i.d.r", "never", "in der Regel"],
  ["z.t", "never", "zum Teil"],
  ["z.zt", "never", "zurzeit"],
  ["o.ä", "before-capital", "oder Ähnliches"],
  ["u.ä", "before-capital", "und Ähnliches"],
  ["v.a", "never", "vor allem"],
  ["bzw", "never", "beziehungsweise"],
  ["ca", "never", "circa"],
  ["ggf", "never", "gegebenenfalls"],
  ["evtl", "never", "eventuell"],
  ["inkl", "never", "inklusive"],
  ["exkl", "never", "exklusive"],
  ["zzgl", "never", "zuzüglich"],
  ["abzgl", "never", "abzüglich"],
  ["max", "never", "maximal"],
  ["mind", "never", "mindestens"],
  ["min", "unless-digit"],
  ["nr", "never", "Nummer"],
  ["nrn", "never", "Nummern"],
  ["tel", "never", "Telefon"],
  ["str", "before-capital", "Straße"],
  ["hbf", "before-capital", "Hauptbahnhof"],
  ["abs", "unless-digit", "Absatz"],
  ["art", "unless-digit"],
  ["abb", "unless-digit", "Abbildung"],
  ["bspw", "never", "beispielsweise"],
  ["sog", "never", "sogenannte"],
  ["vgl", "never", "vergleiche"],
  ["bzgl", "never", "bezüglich"],
  ["st", "never", "Sankt"],
  ["usw", "before-capital", "und so weiter"],
  ["etc", "before-capital", "et cetera"],
  ["std", "before-capital", "Stunden"],
  ["mwst", "before-capital", "Mehrwertsteuer"],
  ["mio", "never", "Millionen"],
  ["mrd", "never", "Milliarden"],
  ["tsd", "never", "Tausend"],
  ["geb", "never", "geboren"],
  ["jh", "before-capital", "Jahrhundert"],
  ["jan", "unless-digit", "Januar"],
  ["feb", "unless-digit", "Februar"],
  ["apr", "unless-digit", "April"],
  ["aug", "unless-digit", "August"],
  ["sept", "unless-digit", "September"],
  ["okt", "unless-digit", "Oktober"],
  ["nov", "unless-digit", "November"],
  ["dez", "unless-digit", "Dezember"],
  ["mo", "before-capital", "Montag"],
  ["di", "before-capital", "Dienstag"],
  ["mi", "before-capital", "Mittwoch"],
  ["do", "before-capital", "Donnerstag"],
  ["sa", "before-capital", "Samstag"],
];

function index(entries: readonly Entry[]): ReadonlyMap<string, Abbreviation> {
  return new Map(entries.map(([written, rule, spoken]) => [written, { rule, spoken }]));
}

const tables: Readonly<Record<string, ReadonlyMap<string, Abbreviation>>> = {
  en: index(english),
  de: index(german),
};
const none: ReadonlyMap<string, Abbreviation> = new Map();

/** By what is written, in small letters and without the last full stop: "z.b". */
export function abbreviationsOf(language: string): ReadonlyMap<string, Abbreviation> {
  return tables[language] ?? none;
}

/** `en` of `en-GB` and `EN_us`. */
export function baseLanguage(language: string): string {
  return (/^[a-z]+/i.exec(language)?.[0] ?? "").toLowerCase();
}
