import { describe, expect, test } from "bun:test";
import { TextMarks } from "../../../src/llama-bridge/conversation/text-marks.ts";

interface Taken {
  readonly spoken: string;
  readonly marks: string[];
}

function take(pieces: readonly string[]): Taken {
  let spoken = "";
  const marks: string[] = [];
  const filter = new TextMarks({
    spoken: (text) => void (spoken += text),
    mark: (text) => void marks.push(text),
  });
  for (const piece of pieces) filter.push(piece);
  filter.finish();
  return { spoken, marks };
}

describe("marks in an answer", () => {
  test.each([
    ["Good-bye. [[hang_up]]", "Good-bye. ", ["hang_up"]],
    [
      "One moment.\n[[ transfer sales ]]\n[[hang_up]]",
      "One moment.\n\n",
      ["transfer sales", "hang_up"],
    ],
    ["<think>They ask [[hang_up]].</think>We are open.", "We are open.", []],
    ["a [b] c [[d] e]] f < g", "a [b] c  f < g", ["d] e"]],
    ["[[]]ok", "ok", []],
    ["Never ends [[hang_", "Never ends ", []],
    ["ends in [", "ends in [", []],
    [`[[${"x".repeat(600)}]] y`, `[[${"x".repeat(600)}]] y`, []],
    ["<think>for ever", "", []],
  ])("%j", (text, spoken, marks) => {
    expect(take([text])).toEqual({ spoken, marks });
    expect(take(Array.from(text))).toEqual({ spoken, marks });
  });

  test("text without any is passed on at once", () => {
    const told: string[] = [];
    const filter = new TextMarks({
      spoken: (text) => void told.push(text),
      mark: () => undefined,
    });
    for (const piece of ["We ", "are", " open"]) filter.push(piece);
    expect(told).toEqual(["We ", "are", " open"]);
  });
});
