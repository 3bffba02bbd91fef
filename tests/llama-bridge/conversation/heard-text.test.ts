import { expect, test } from "bun:test";
import { heardPart } from "../../../src/llama-bridge/conversation/heard-text.ts";

test.each([
  ["We open at nine.", 16, "We open at nine."],
  ["We open at nine. ", 16, "We open at nine. "],
  ["We open at nine.", 99, "We open at nine."],
  ["We open at nine.", 15, "We open at…"],
  ["We open at nine.", 10, "We open at…"],
  ["We open at nine.", 9, "We open…"],
  ["Yes, we do.", 5, "Yes…"],
  ["We open", 1, ""],
  ["We open", 0, ""],
  ["We open", -5, ""],
  ["", 0, ""],
  ["日本語".repeat(30), 50, `${"日本語".repeat(16)}日…`],
])("of %j at %d stays %j", (text, characters, heard) => {
  expect(heardPart(text, characters)).toBe(heard);
});
