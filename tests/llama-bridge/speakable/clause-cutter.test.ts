import { describe, expect, test } from "bun:test";
import {
  type Clause,
  ClauseCutter,
  type ClauseCutterOptions,
} from "../../../src/llama-bridge/speakable/clause-cutter.ts";

/** Cuts are marked with "¦"; the answer itself holds none. */
type Marked = string;

function cutCharacters(answer: string, options: ClauseCutterOptions): Clause[] {
  const cutter = new ClauseCutter(options);
  const clauses = Array.from(answer, (character) => cutter.push(character)).flat();
  return [...clauses, ...cutter.end()];
}

function table(name: string, options: ClauseCutterOptions, rows: readonly Marked[]): void {
  describe(name, () => {
    test.each([...rows])("%j", (marked) => {
      const answer = marked.replaceAll("¦", "");
      const clauses = cutCharacters(answer, options);
      expect(clauses.map(({ start, end }) => answer.slice(start, end)).join("¦")).toBe(marked);
    });
  });
}

const english = { language: "en", firstClauseWords: 4 };
const german = { language: "de", firstClauseWords: 4 };

table("English answers are cut at sentence ends only", english, [
  "We are open.¦ Come in.",
  "Yes!¦ No?¦ Maybe.",
  "Really?!¦ Are you sure??¦ Yes!!!¦ OK.",
  "The rate is 1,234.56 today.¦ Good.",
  "It opens at 10:30.¦ It closes at 5.30 p.m. and then 6 p.m.¦ Then we go.",
  "Mr. Smith, Dr. Jones vs. Prof. Lee.¦ Ok.",
  "J. S. Bach wrote it.¦ J. R. R. Tolkien did not.",
  "Hmm... let me see.¦ Well...¦ Now I know.",
  "Write to info@example.com.¦ Or see www.example.com/a.b.¦ Thanks.",
  "Version 1.2.3 is out.¦ Use 2.0.",
  "No. 5 is alive.¦ I said no.¦ It is late.",
  "Jan. 5 and Feb. 6 are fine.¦ See Fig. 3.¦ It is etc.¦ We go.",
  "U.S. Army in the U.S. is big.¦ The E.U. too.",
  "It costs $5.¦ You pay 10.¦ Thanks.",
  'He said "Stop. Go on." and left.¦ Then (in May. Or June) he came.',
  "“Yes. No. Well.” she said.¦ Fine.",
  "**Bold end.**¦ Next *one.*¦ Last.",
  "Visit example.com now.¦ Bye.",
  "Call 555 123 4567 now please.¦ Bye.",
  'She asked "why?" and left.¦ Gone.',
]);

table("an English answer starts with a short clause", english, [
  "I will check that for you,¦ one moment please.",
  "Yes, of course, I can help you with that.",
  "I think we can do that¦ because the shop is open.",
  "Wait — I have another idea —¦ listen to me now.",
  "On May 3, 2025,¦ we met in the big hall at last.",
  "The shop that you mean:¦ it is closed.",
  "There is (as you know, of course) one more.",
  "We have 5 and 6 and 7 and 8 of them.",
  "Sure!¦ I will check that for you,¦ one moment please, or two, or three, or four.",
]);

table("lines and blocks end clauses", english, [
  "Items:¦\n- First¦\n- Second item, with comma¦\n- Third.¦ Done.¦\nAfter.",
  "1. One¦\n2. Two¦\n3. Three",
  "# Title¦\nText here.",
  "Dear all\nthis is wrapped\nand goes on.¦\nNew line here¦\n\nNew paragraph",
  "| A | B |¦\n|---|---|\n| c | d |¦\nEnd.",
  "Look.¦\n```¦js\nfoo. bar.\n```\nDone.",
  "Say ```x. y``` now.",
]);

table("German answers are cut at sentence ends only", german, [
  "Wir haben auf.¦ Kommen Sie.",
  "Am 3. Mai und am 4. Juni.¦ Danach nicht.",
  "Um 10.30 Uhr.¦ Um 9.¦ Das geht.¦ Im 19. Jahrhundert war es so.",
  "Es ist z. B. gut oder d. h. besser usw.¦ Und nun?¦ Ja!",
  "Es ist z.B. gut.¦ Ja.",
  "Nr. 5 ist da.¦ Dr. Müller, Prof. Weber und Hr. Schmidt.",
  "Es kostet 1.234,56 €.¦ Gut.",
  "Es kostet 1.234,56.¦ Gut.",
  "Er sagte: „Ja. Nein. Gut.“¦ Dann ging er.",
  "Mo. bis Fr. von 9 bis 17 Uhr.¦ Gut.",
  "Bis 2024.¦ Dann nicht mehr.",
  "Am 03.05.2025 um 10:30.¦ Gut.",
  "Ca. 5 Min. zu Fuß.¦ Bzw. 3.¦ Das ist nah.",
  "Schreiben Sie an info@example.de.¦ Danke.",
  "Der 1. FC spielt am 2. Tag.¦ Schön.",
  "Na ja...¦ Gut.¦ Oder... vielleicht.",
  "»Ja. Nein.« sagte er.¦ Gut.",
  "Wir (Fa. Meier usw. Und so) kommen.¦ Gut.",
  "Tel. 030 123456 bitte.¦ Danke.",
  "So?!¦ Wirklich.",
]);

table("a German answer starts with a short clause", german, [
  "Ich schaue gerne nach,¦ einen Moment bitte.",
  "Wir haben heute bis abends geöffnet¦ und freuen uns auf Sie.",
  "Das ist leider nicht möglich –¦ tut mir leid.",
  "Ja, gerne, ich helfe Ihnen dabei.",
]);

table("other scripts have full stops of their own", { language: "zh" }, [
  "你好。¦你叫什么名字？¦我很好！¦再见",
  "他说「明天。后天。」¦好。",
  "今天天气很好我们出去，¦好吗。",
]);

test("a long sentence is cut at commas, then between words, never beyond the limit", () => {
  const answer = `${"one two three four five, ".repeat(20)}${"word ".repeat(100)}`;
  const options = { language: "en", longClauseCharacters: 60, maxClauseCharacters: 80 };
  const clauses = cutCharacters(answer, options);
  const stretches = clauses.map(({ start, end }) => answer.slice(start, end).trim());
  expect(stretches[1]?.endsWith(",")).toBe(true);
  expect(stretches.every((stretch) => stretch.length <= 80)).toBe(true);
  expect(stretches.every((stretch) => /^\w/.test(stretch) && /[\w,]$/.test(stretch))).toBe(true);
});

test("a clause goes out as soon as what follows cannot change it", () => {
  const cutter = new ClauseCutter(english);
  expect(cutter.push("We are open")).toEqual([]);
  expect(cutter.push(".")).toEqual([]);
  expect(cutter.push(" T")).toEqual([{ text: "We are open.", start: 0, end: 12 }]);
  expect(cutter.push("hank you.\n")).toEqual([{ text: "Thank you.", start: 12, end: 23 }]);
  expect(cutter.push("- item\n")).toEqual([{ text: "item.", start: 23, end: 30 }]);
});

test("a code block is silent but for a phrase, however long it is", () => {
  const cutter = new ClauseCutter(english);
  expect(cutter.push("```ts\n")).toEqual([
    { text: "I leave out some code here.", start: 0, end: 3 },
  ]);
  for (let line = 0; line < 1000; line += 1) expect(cutter.push("foo. Bar!\n")).toEqual([]);
  expect(cutter.push("```\nGood bye.\n").map(({ text }) => text)).toEqual(["Good bye."]);
});

test("what is silent belongs to the clause behind it, and a silent end to none", () => {
  const clauses = cutCharacters("👍 \n\n---\n\nYes. 👍", english);
  expect(clauses).toEqual([{ text: "Yes.", start: 0, end: 14 }]);
  const cutter = new ClauseCutter(english);
  cutter.push("Yes. 👍");
  cutter.end();
  expect(cutter.uncovered).toBe(" 👍".length);
});

test("a number that is longer than the limit when spoken is spoken in parts of one stretch", () => {
  const clauses = cutCharacters("987654321987654321", { language: "en", maxClauseCharacters: 40 });
  expect(clauses.length).toBeGreaterThan(1);
  expect(clauses[0]).toMatchObject({ start: 0, end: 18 });
  expect(clauses[1]).toMatchObject({ start: 18, end: 18 });
  expect(clauses.every(({ text }) => text.length <= 40)).toBe(true);
});

const overdueRows: readonly (readonly [pending: string, spoken: string])[] = [
  ["We are open.", "We are open."],
  ["I think that we", "I think that"],
  ["I think that we ", "I think that we"],
  ["The price is 1", "The price"],
  ["1", ""],
  ["Ask for Dr.", "Ask for"],
  ["Word", ""],
  ["Is it you?", "Is it you?"],
  ["```\ncode. code code", ""],
];

test.each([...overdueRows])("%j lets %j be spoken when the server pauses", (pending, spoken) => {
  const cutter = new ClauseCutter(english);
  cutter.push(pending);
  expect(cutter.overdue().map(({ text }) => text)).toEqual(spoken === "" ? [] : [spoken]);
});

test("after an overdue clause the answer goes on where it was", () => {
  const cutter = new ClauseCutter(english);
  cutter.push("I think that we");
  const clauses = [...cutter.overdue(), ...cutter.push(" are open. "), ...cutter.end()];
  expect(clauses).toEqual([
    { text: "I think that", start: 0, end: 12 },
    { text: "we are open.", start: 12, end: 25 },
  ]);
});
