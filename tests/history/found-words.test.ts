import { describe, expect, test } from "bun:test";
import { markFound, snippetOf } from "../../src/history/found-words.ts";
import { searchExpression, searchTerms } from "../../src/history/search-expression.ts";

const shown = (pieces: ReturnType<typeof markFound>): string =>
  pieces.map(({ text, isFound }) => (isFound ? `[${text}]` : text)).join("");

describe("what was searched for is found in a text", () => {
  test.each([
    ["door", "Open the door, the Door!", "Open the [door], the [Door]!"],
    ["doo", "doors and doom", "[doors] and [doom]"],
    ["doo open", "doors open", "doors [open]"],
    ["schlussel", "Wo ist der Schlüssel?", "Wo ist der [Schlüssel]?"],
    ['"open door"', "open the open door", "open the [open door]"],
    ["e-mail", "my e-mail, e mails", "my [e-mail], [e mails]"],
    ["x", "nothing", "nothing"],
    ['"', "nothing", "nothing"],
    ["東京", "東京 タワー", "[東京] タワー"],
    ["a", "<b>a</b>", "<b>[a]</b>"],
  ])("%s", (search, text, expected) => {
    expect(shown(markFound(text, searchTerms(search)))).toBe(expected);
  });

  test("however hostile, nothing of the text is lost", () => {
    const texts = ["", "\uD800 lone", "a".repeat(50_000), "é\u0301".repeat(300), "\0 a \u202E b"];
    for (const search of ['a* OR "', "\uDC00", "NEAR(a b)", "a".repeat(5000), "' -- ; DROP"]) {
      const terms = searchTerms(search);
      expect(terms.length).toBeLessThanOrEqual(16);
      for (const text of texts) {
        expect(
          markFound(text, terms)
            .map((piece) => piece.text)
            .join(""),
        ).toBe(text);
      }
    }
  });
});

test("a snippet is the surroundings of the first hit, cut between words", () => {
  const text = `${"before ".repeat(20)}the parcel ${"after ".repeat(40)}`;
  const snippet = shown(snippetOf(["nothing here", text], searchTerms("parcel")) ?? []);
  expect(snippet).toMatch(/^… before before .*the \[parcel\] after .* …$/);
  expect(snippet.length).toBeLessThan(160);
  expect(snippetOf(["nothing"], searchTerms("parcel"))).toBeUndefined();
});

test("the expression of the index holds words and signs of ours only", () => {
  expect(searchExpression('a OR "b c" d* NEAR(x) -y')).toBe('"a" "OR" "b c" "d" "NEAR x" "y"*');
  expect(searchExpression('"*" ( ) :')).toBe("");
});
