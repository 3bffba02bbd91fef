/** The table of recordings and their texts, as people and programs write it. */
import { describe, expect, test } from "bun:test";
import {
  isHeader,
  parseTranscripts,
  type TranscriptRow,
} from "../../src/evaluation/transcripts.ts";

const folder = "/data/calls";

function read(table: string): (readonly [string, string])[] {
  return parseTranscripts(table, folder).rows.map(({ file, text }) => [file, text]);
}

test("the first column is the file and the last one the text, whatever stands between", () => {
  expect(read("a.wav\tHello.\nb.wav\tflite\theld-out\tclean\tGood bye.\n")).toEqual([
    ["a.wav", "Hello."],
    ["b.wav", "Good bye."],
  ]);
});

test("blank lines, CRLF, a byte order mark and a missing last line end make no difference", () => {
  const plain = read("a.wav\tHello\nb.wav\tBye\n");
  for (const table of [
    "\uFEFFa.wav\tHello\nb.wav\tBye",
    "a.wav\tHello\r\nb.wav\tBye\r\n",
    "\n\na.wav\tHello\n \t \n\r\nb.wav\tBye\n\n",
    "a.wav \t Hello \n b.wav\tBye",
  ]) {
    expect(read(table)).toEqual(plain);
  }
});

test("an empty text is a recording without speech", () => {
  expect(read("silence.wav\tnoise\t\n")).toEqual([["silence.wav", ""]]);
});

test("each row knows its line, and its path inside the folder", () => {
  const { rows } = parseTranscripts("\na.wav\tHello\nsub/./b.wav\tBye", folder);
  expect(rows.map(({ line, path }) => [line, path])).toEqual([
    [2, "/data/calls/a.wav"],
    [3, "/data/calls/sub/b.wav"],
  ]);
});

describe("refused, with a reason that quotes it:", () => {
  const hostile = [
    "../secret.wav",
    "/etc/passwd",
    "a/../../b.wav",
    "..",
    ".",
    "/data/callsx/a.wav",
  ];
  for (const file of [...hostile, "a\0.wav", "../calls"]) {
    test(`the file ${JSON.stringify(file)}`, () => {
      const { rows, refused } = parseTranscripts(`${file}\tHello`, folder);
      expect(rows).toEqual([]);
      expect(refused).toEqual([
        { line: 1, reason: `${JSON.stringify(file)} is not inside the folder` },
      ]);
    });
  }

  test("a line of one column, and one that names no file", () => {
    const { rows, refused } = parseTranscripts("a.wav Hello\n\tHello\n", folder);
    expect(rows).toEqual([]);
    expect(refused).toEqual([
      { line: 1, reason: '"a.wav Hello" has no text behind a tab' },
      { line: 2, reason: "the first column names no file" },
    ]);
  });
});

test("any folder may hold a table, the root too", () => {
  expect(parseTranscripts("a.wav\tHello", "/").rows[0]?.path).toBe("/a.wav");
});

function rowOf(file: string): TranscriptRow {
  return { line: 1, file, path: `/data/calls/${file}`, text: "text" };
}

test("a header is a first row whose file does not exist, but not one that names a recording", () => {
  expect(isHeader(rowOf("file"), false)).toBe(true);
  expect(isHeader(rowOf("path"), true)).toBe(false);
  expect(isHeader(rowOf("lost.wav"), false)).toBe(false);
  expect(isHeader(rowOf("LOST.WAV"), false)).toBe(false);
});
