/** What the agent says at length in the benches: sentences that join to answers of any size. */
import { inTurn } from "./sentences.ts";

const sentences = [
  "Our office is on the second floor of the red building opposite the railway station.",
  "You can reach it by tram number four or by any bus that stops at the market place.",
  "Please bring your passport and the letter that we sent you at the beginning of last month.",
  "The doors open at half past eight in the morning and close again at a quarter to six.",
  "If you come by car you will find a free place behind the house next to the old bridge.",
  "On Thursdays our colleagues from the accounts department are there as well and happy to help.",
  "Should you be late just give us a ring and we will keep your place until the evening.",
  "The whole thing takes about twenty minutes and there is coffee and water while you wait.",
];

/** Characters that the built-in voice speaks in a second, roughly. */
export const charactersPerSecond = 16;

/** Whole sentences of about that length, beginning at another place for each `first`. */
export function longAnswer(first: number, seconds: number): string {
  let text = inTurn(sentences, first);
  for (let next = first + 1; text.length < seconds * charactersPerSecond; next += 1) {
    text += ` ${inTurn(sentences, next)}`;
  }
  return text;
}
