import { describe, expect, test } from "bun:test";
import { addFinals, countFinals, type HeardFinal, noFinals } from "../../bench/lost-finals.ts";
import type { Said } from "../../bench/talking-call.ts";

function at(text: string, start: number, end: number): Said & HeardFinal {
  return { text, span: { start, end } };
}

const said: readonly Said[] = [at("One.", 100, 200), at("Two.", 300, 400), at("Three.", 500, 600)];

describe("finals are counted by the sentence that they lie over", () => {
  const cases: readonly [string, HeardFinal[], object][] = [
    [
      "one each, a little longer than the sentence",
      [at("one", 90, 210), at("Two!", 290, 410), at("Tree.", 490, 610)],
      { lost: 0, doubled: 0, invented: 0, exact: 2 },
    ],
    ["none at all", [], { lost: 3, doubled: 0, invented: 0, exact: 0 }],
    [
      "one that says nothing is lost",
      [at("One.", 90, 210), at("", 290, 410), at("Three.", 490, 610)],
      { lost: 1, doubled: 0, invented: 0, exact: 2 },
    ],
    [
      "two for one sentence",
      [at("One.", 90, 140), at("One.", 140, 210), at("Two.", 290, 410), at("Three.", 500, 600)],
      { lost: 0, doubled: 1, invented: 0 },
    ],
    [
      "where nobody spoke, before, between and behind",
      [
        at("A.", 0, 100),
        at("One.", 100, 200),
        at("B.", 200, 300),
        at("Two.", 300, 400),
        at("Three.", 500, 600),
        at("C.", 600, 700),
      ],
      { lost: 0, doubled: 0, invented: 3, exact: 3 },
    ],
  ];
  test.each(cases)("%s", (_name, finals, expected) => {
    expect(countFinals(said, finals)).toMatchObject({ sentences: 3, ...expected });
  });
});

test("counts of calls add up", () => {
  const one = countFinals(said, [at("One.", 90, 210), at("Nothing.", 700, 800)]);
  expect(addFinals(noFinals, one)).toEqual(one);
  expect(addFinals(one, one)).toEqual({ sentences: 6, lost: 4, doubled: 0, invented: 2, exact: 2 });
});
