import { expect, setDefaultTimeout, test } from "bun:test";
import { type Clause, ClauseCutter } from "../../src/llama-bridge/speakable/clause-cutter.ts";
import { toSpeakable } from "../../src/llama-bridge/speakable/speakable.ts";
import { SeededRandom } from "./seeded-random.ts";

/** WILDFIRE_FUZZ_INPUTS=100000 for a long run, WILDFIRE_FUZZ_SEED for another one. */
const rounds = Math.ceil(Number(process.env["WILDFIRE_FUZZ_INPUTS"] ?? 20_000) / 10);
const seed = Number(process.env["WILDFIRE_FUZZ_SEED"] ?? 1);

setDefaultTimeout(30_000 + rounds * 10);

/** Divided by blanks; a "␣" stands for one. */
const scraps = scrapList(
  " , . ! ? : ; - – — … ' \" ( ) [ ] { } * _ ` # | < > & / @ ° % + = \\ ~ ^ $ € ␣ ␣ ␣ ␣ \n \t",
  "hello␣ the␣ and␣ und␣ weil␣ Mai␣ Das␣ word Ja.␣ so␣on.␣ ß 1 23 2026 +49␣30␣ 5␣% ½ ... ?! „ “ ” « »",
  "3.␣ 10:30␣ 1,234.56 1.234,56 z.␣B.␣ e.g.␣ Dr.␣ U.S.␣ p.m.␣ Nr.␣ 1/2 3.5. $5 1␣h",
  "\n\n \n-␣ \n1.␣ \n##␣ \n```\n \n|␣a␣|␣b␣|\n|---|---|\n ~~~ ** [x](y) www.a.de",
  "https://a.b/c?d=e␣ info@example.com␣ <b> </speak> &lt; &amp; &#0; &#xd83d; </",
  "👍 👩‍👩‍👧 🇩🇪 \ud83d \udc4d e\u0301 \u0000 \u200b 中文。 「はい」 、",
  "X".repeat(90),
);

function scrapList(...lists: readonly string[]): Scraps {
  const all = lists.flatMap((list) => list.split(" ").map((scrap) => scrap.replaceAll("␣", " ")));
  return ["a", ...all];
}

type Scraps = readonly [string, ...string[]];

function writing(random: SeededRandom, most: number): string {
  let text = "";
  for (let count = random.between(0, most); count > 0; count -= 1) text += random.pick(scraps);
  return text;
}

/** Cuts the text as it comes in pieces of up to `longest` units. */
function cutIn(text: string, longest: number, random: SeededRandom, options: Options): Cutting {
  const cutter = new ClauseCutter(options);
  const clauses: Clause[] = [];
  let at = 0;
  while (at < text.length) {
    const end = at + random.between(0, longest);
    clauses.push(...cutter.push(text.slice(at, end)));
    if (options.pauses === true && random.between(0, 3) === 0) clauses.push(...cutter.overdue());
    at = Math.min(end, text.length);
  }
  clauses.push(...cutter.end());
  return { clauses, uncovered: cutter.uncovered };
}

interface Options {
  readonly language: string;
  readonly maxClauseCharacters: number;
  readonly pauses?: boolean;
}

interface Cutting {
  readonly clauses: readonly Clause[];
  readonly uncovered: number;
}

/** Stretches follow each other, cover all but a silent end, and hold something that fits the limit. */
function mustHold({ clauses, uncovered }: Cutting, text: string, limit: number): void {
  let at = 0;
  for (const { text: spoken, start, end } of clauses) {
    if (start !== at || end < start) throw new Error(`from ${start} to ${end}, expected ${at}`);
    if (spoken.length > limit) throw new Error(`${spoken.length} characters: ${spoken}`);
    if (!/[\p{L}\p{N}]/u.test(spoken))
      throw new Error(`nothing to speak: ${JSON.stringify(spoken)}`);
    mustBeHarmless(spoken);
    at = end;
  }
  if (at + uncovered !== text.length) throw new Error(`${at} + ${uncovered} of ${text.length}`);
  // Code is left out, and where it began cannot be seen from the end.
  const mayBeCode = text.includes("~~~") || text.includes("```");
  if (!mayBeCode && toSpeakable(text.slice(at), "fr") !== "") {
    throw new Error(`left unspoken: ${JSON.stringify(text.slice(at))}`);
  }
}

function mustBeHarmless(spoken: string): void {
  const harmful = /[<>&|*_`#\\{}[\]\p{Cc}\ud800-\udfff]|\p{Emoji_Presentation}/u.exec(spoken);
  if (harmful !== null)
    throw new Error(`${JSON.stringify(harmful[0])} in ${JSON.stringify(spoken)}`);
}

function showing(text: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`input ${JSON.stringify(text)}: ${String(error)}`, { cause: error });
  }
}

const languages: Scraps = ["en", "de", "ja"];

test("clauses cover any answer in order, each of them with something to speak within the limit", () => {
  const random = new SeededRandom(seed);
  let clauses = 0;
  for (let round = 0; round < rounds; round += 1) {
    const text = writing(random, 60);
    const options = {
      language: random.pick(languages),
      maxClauseCharacters: random.between(40, 200),
      pauses: round % 2 === 0,
    };
    const cutting = cutIn(text, 12, random, options);
    showing(text, () => mustHold(cutting, text, options.maxClauseCharacters));
    clauses += cutting.clauses.length;
  }
  expect(clauses).toBeGreaterThan(rounds);
});

test("the clauses of an answer do not depend on how its tokens are cut", () => {
  const random = new SeededRandom(seed + 1);
  for (let round = 0; round < rounds; round += 1) {
    const text = writing(random, 60);
    const options = {
      language: random.pick(languages),
      maxClauseCharacters: random.between(40, 200),
    };
    const whole = cutIn(text, 100_000, new SeededRandom(1), options);
    showing(text, () => {
      expect(cutIn(text, 1, random, options).clauses).toEqual(whole.clauses);
      expect(cutIn(text, 9, random, options).clauses).toEqual(whole.clauses);
    });
  }
});

test("whatever is made speakable is one harmless line", () => {
  const random = new SeededRandom(seed + 2);
  for (let round = 0; round < rounds; round += 1) {
    const text = writing(random, 40);
    showing(text, () => mustBeHarmless(toSpeakable(text, random.pick(languages))));
  }
});
