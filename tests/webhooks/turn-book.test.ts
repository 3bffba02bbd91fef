import { expect, test } from "bun:test";
import { TurnBook } from "../../src/webhooks/turn-book.ts";

type Fields = Readonly<Record<string, unknown>>;

const told: readonly Fields[] = [
  { kind: "began" },
  { kind: "transcript", text: "Hello," },
  { kind: "transcript", text: "is anybody there?" },
  { kind: "asked", turn: 1, messages: 3 },
  { kind: "answered", turn: 1, round: 0, outcome: "tools" },
  { kind: "asked", turn: 1, messages: 5 },
  { kind: "clause", turn: 1, text: "Yes," },
  { kind: "turn", turn: 1, totalMs: 480, silenceMs: 300, voiceMs: 80 },
  { kind: "clause", turn: 1, text: "I am." },
  { kind: "answered", turn: 1, round: 1, outcome: "complete" },
  { kind: "heard", turn: 1, characters: 4, isAll: false },
];

function takeAll(book: TurnBook, events: readonly Fields[]): readonly unknown[] {
  return events.flatMap((fields) => book.take("l1", { key: "a", ...fields }));
}

const first = {
  turn: 1,
  outcome: "complete",
  question: "Hello, is anybody there?",
  answer: "Yes, I am.",
  totalMs: 480,
  stages: { silence: 300, voice: 80 },
};

test.each<readonly [string, Fields]>([
  ["heard to its end", { kind: "heard", turn: 1, characters: 10, isAll: true }],
  ["followed by the next", { kind: "asked", turn: 2, messages: 7 }],
  ["followed by the end of the call", { kind: "ended" }],
])("a turn is complete when it was %s", (_, last) => {
  const book = new TurnBook();
  expect(takeAll(book, told)).toEqual([]);
  expect(takeAll(book, [last])).toEqual([first]);
  expect(takeAll(book, [{ kind: "ended" }, { kind: "ended" }])).toHaveLength(
    last["kind"] === "asked" ? 1 : 0,
  );
});

test("a short sound while the agent spoke is no question", () => {
  const book = new TurnBook();
  const turns = takeAll(book, [
    { kind: "transcript", text: "mhm" },
    { kind: "back-channel", text: "mhm" },
    { kind: "transcript", text: "And now?" },
    { kind: "asked", turn: 4 },
    { kind: "ended" },
  ]);
  expect(turns).toEqual([
    { turn: 4, outcome: "", question: "And now?", answer: "", totalMs: null, stages: {} },
  ]);
});

test("calls and lives of a service are kept apart, and what has no call is left out", () => {
  const book = new TurnBook();
  book.take("l1", { key: "a", kind: "asked", turn: 1 });
  expect(book.take("l2", { key: "a", kind: "ended" })).toEqual([]);
  expect(book.take("l1", { key: "b", kind: "ended" })).toEqual([]);
  expect(book.take("l1", { kind: "ended" })).toEqual([]);
  expect(book.take("l1", { key: "a", kind: "ended" })).toHaveLength(1);
});
