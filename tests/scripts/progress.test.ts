/** Progress as ninja and make print it, and as people see it. */
import { describe, expect, test } from "bun:test";
import { parseProgress, Progress } from "../../scripts/builder/progress.ts";

describe("the share that is done", () => {
  test.each([
    ["[3/12] Building CXX object whisper.cpp.o", 0.25],
    ["[12/12] Linking CXX shared library", 1],
    ["[ 50%] Building C object ggml.c.o", 0.5],
    ["[100%] Built target wildfire_native", 1],
  ])("is read from %p", (line, share) => {
    expect(parseProgress(line)).toBe(share);
  });

  test.each(["", "-- Configuring done", "whisper.cpp: [3/12] odd", "[x/12]"])(
    "is unknown for %p",
    (line) => {
      expect(parseProgress(line)).toBeUndefined();
    },
  );
});

function shown(isTerminal: boolean, shares: readonly number[]): string[] {
  const texts: string[] = [];
  let nowMs = 0;
  const progress = new Progress({
    label: "label",
    isTerminal,
    write: (text) => texts.push(text),
    nowMs: () => nowMs,
  });
  for (const share of shares) {
    nowMs += 1000;
    progress.update(share);
  }
  progress.clear();
  return texts;
}

test("a terminal sees one line that is written over and taken off at the end", () => {
  const texts = shown(true, [0.5, 1]);
  expect(texts).toHaveLength(4);
  expect(texts.every((text) => text.startsWith("\r\x1b[K"))).toBe(true);
  expect(texts[1]).toContain(`[${"#".repeat(10)}${".".repeat(10)}]  50 %  0:01  label`);
  expect(texts.at(-1)).toBe("\r\x1b[K");
});

test("a log sees each quarter once, however the shares come", () => {
  expect(shown(false, [0.1, 0.26, 0.27, 0.8, 0.5, 0.9])).toEqual([
    "      26 %  0:02  label\n",
    "      80 %  0:04  label\n",
  ]);
});
