import { expect, test } from "bun:test";
import { asksToStop } from "../../../src/llama-bridge/conversation/stop-words.ts";

test.each([
  ["Stop!", true],
  ["no, no, no", true],
  ["HOLD ON.", true],
  ["hold, on", true],
  ["Hello?", true],
  ["Nein…", true],
  ["Halt mal", true],
  ["Warten Sie bitte.", true],
  ["STOPP", true],
  ["Mm-hm.", false],
  ["Yes.", false],
  ["I know", false],
  ["Nobody", false],
  ["on hold", false],
  ["Ja, genau.", false],
  ["", false],
  ["…", false],
])("%j asks to stop: %p", (text, asks) => {
  expect(asksToStop(text)).toBe(asks);
});

test("other words can be added, in any spelling, and blank ones mean nothing", () => {
  expect(asksToStop("Ça  suffit !", ["Ça suffit"])).toBe(true);
  expect(asksToStop("ÇA SUFFIT", ["ça suffit"])).toBe(true);
  expect(asksToStop("Mm-hm", ["", " ", "!"])).toBe(false);
});
