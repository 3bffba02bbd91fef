import { describe, expect, test } from "bun:test";
import { LocalAgreement } from "../../src/whisper/local-agreement.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";

/** What is committed and what is tentative after each run, as `committed|tentative`. */
function show(runs: readonly string[]): string[] {
  const agreement = new LocalAgreement();
  return runs.map((run) => {
    const { committed, tentative } = agreement.add(run);
    return `${committed}|${tentative}`;
  });
}

describe("words are committed when two runs in a row agree on them", () => {
  test.each([
    ["one run decides nothing", ["I would"], ["|I would"]],
    ["the common beginning", ["I would", "I would like"], ["|I would", "I would|like"]],
    [
      "each run agrees with the one before it only",
      ["a b c", "a x y", "a x z"],
      ["|a b c", "a|x y", "a x|z"],
    ],
    ["nothing in common", ["four", "for two"], ["|four", "|for two"]],
    [
      "capitals and punctuation do not matter, and the later spelling is taken",
      ["i would.", "I would, please"],
      ["|i would.", "I would,|please"],
    ],
    ["runs without words", ["", "  ", "one"], ["|", "|", "|one"]],
  ])("%s", (_name, runs, expected) => {
    expect(show(runs)).toEqual(expected);
  });
});

describe("what is committed does not change any more", () => {
  test.each([
    [
      "the end of a sentence that turned out to go on",
      ["good day.", "good day.", "good day sir", "good day sir, I"],
      ["|good day.", "good day.|", "good day.|sir", "good day. sir,|I"],
    ],
    [
      "words that later runs hear otherwise",
      ["a b", "a b", "x b c", "x b c d"],
      ["|a b", "a b|", "a b|c", "a b c|d"],
    ],
    ["words that a later run leaves out", ["a b c", "a b c", "a"], ["|a b c", "a b c|", "a b c|"]],
  ])("%s", (_name, runs, expected) => {
    expect(show(runs)).toEqual(expected);
  });

  test("whatever the runs say, it only grows at its end", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new SeededRandom(seed);
      const agreement = new LocalAgreement();
      let before = "";
      for (let run = 0; run < 30; run += 1) {
        const words = Array.from({ length: random.between(0, 8) }, () =>
          random.pick(["a", "b", "A,", "b."]),
        );
        const { committed } = agreement.add(words.join(" "));
        expect(
          committed === before || committed.startsWith(before === "" ? "" : `${before} `),
        ).toBe(true);
        before = committed;
      }
    }
  });
});
