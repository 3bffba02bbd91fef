/** `wildfire wer`: what the demo model hears of the recordings, as a table and as JSON. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { repositoryPath } from "../end-to-end/executable.ts";
import { type JsonRecord, parseObject, type Program, runToEnd } from "../end-to-end/program.ts";
import { sentences, shortest } from "../end-to-end/speech.ts";

setDefaultTimeout(testLimitMs);

const runLimitMs = 50_000;
const speech = repositoryPath("tests/data/speech");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-wer-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function wer(...argv: readonly string[]): Promise<Program> {
  const state = ["--state-dir", join(folder, "state")];
  return await runToEnd({ argv: ["wer", ...argv, ...state], cwd: folder }, runLimitMs);
}

function makeFolder(name: string, table: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  copyFileSync(shortest.path, join(path, "short.wav"));
  writeFileSync(join(path, "noise.wav"), "no sound at all");
  writeFileSync(join(path, "transcripts.tsv"), table);
  return path;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null;
}

function conditionsOf(program: Program): readonly JsonRecord[] {
  const conditions = parseObject(program.output.join("\n"))?.["conditions"];
  if (!Array.isArray(conditions)) throw new Error(program.explain());
  return conditions.filter(isRecord);
}

test("JSON: every sentence that the demo model hears exactly is without error, clean first", async () => {
  const program = await wer(speech, "--conditions", "mu-law,clean", "--json");
  expect(program.exitCode).toBe(0);
  const perfect = { utterances: sentences.length, wer: 0, substitutions: 0, insertions: 0 };
  const conditions = conditionsOf(program);
  expect(conditions.slice(0, 2)).toMatchObject([
    { name: "clean", ...perfect },
    { name: "clean, full context", ...perfect },
  ]);
  expect(conditions.slice(2).map(({ name }) => name)).toEqual(["mu-law", "mu-law, full context"]);
  expect(conditions[0]?.["words"]).toBeGreaterThan(10);
});

test("a table of all conditions, and nothing but the table on standard output", async () => {
  const program = await wer(makeFolder("one", "short.wav\tTwo four six.\n"));
  expect(program.exitCode).toBe(0);
  expect(program.output[0]).toStartWith("demo: 1 of 1 recordings in");
  expect(program.output[2]).toMatch(/^condition +utterances +exact +words +WER +sub +del +ins$/);
  const names = program.output.slice(3).map((line) => line.split(/ {2,}/)[0] ?? "");
  const sounds = ["clean", "mu-law", "a-law", "noise 15 dB", "noise 5 dB", "loss 5 %"];
  expect(names).toEqual(sounds.flatMap((sound) => [sound, `${sound}, full context`]));
  expect(program.output[3]).toMatch(/^clean +1 +1 +1 +0\.00 % +0 +0 +0$/);
});

test("wrong words are counted, and listed when asked for", async () => {
  const path = makeFolder("wrong", "short.wav\tTwo fore six please\n");
  const program = await wer(path, "--conditions=clean", "--context=trimmed", "--show-errors");
  const text = program.output.join("\n");
  expect(text).toContain('"short.wav"\n    said   2 fore 6 please\n    heard  246');
  expect(program.output[3]).toMatch(/^clean +1 +0 +4 +100\.00 % +1 +3 +0$/);
});

test("a header, blank lines and CRLF are no recordings; what is of no use is left out, a line each", async () => {
  const table = [
    "file\ttext",
    "",
    "short.wav\tflite\tTwo four six.",
    "noise.wav\tHello",
    "gone.wav\tHello",
    "../../../etc/passwd\tHello",
    "/etc/passwd\tHello",
    "",
  ].join("\r\n");
  const program = await wer(makeFolder("mixed", table), "--conditions=clean", "--context=trimmed");
  expect(program.exitCode).toBe(0);
  expect(program.output[0]).toContain("1 of 5 recordings");
  expect(program.output[3]).toMatch(/^clean +1 +1 +1 +0\.00 %/);
  const expected = [
    'line 6 of transcripts.tsv: "../../../etc/passwd" is not inside the folder',
    'line 7 of transcripts.tsv: "/etc/passwd" is not inside the folder',
    '"noise.wav" is not a WAV file',
    '"gone.wav" does not exist',
  ];
  expect(program.errors).toHaveLength(expected.length);
  for (const [index, reason] of expected.entries()) {
    expect(program.errors[index]).toStartWith(`wildfire: left out: ${reason}`);
  }
});

describe("one line and exit code 1", () => {
  test("when nothing could be evaluated", async () => {
    const program = await wer(makeFolder("useless", "noise.wav\tHello\n"));
    expect(program.exitCode).toBe(1);
    expect(program.output).toEqual([]);
    expect(program.errors.at(-1)).toContain("could be evaluated");
  });

  test("for a folder without transcripts, and one that lists nothing", async () => {
    for (const path of [folder, makeFolder("empty", "\n")]) {
      const program = await wer(path);
      expect([program.exitCode, program.errors.length]).toEqual([1, 1]);
      expect(program.errors[0]).toContain(basename(path));
    }
  });
});

describe("wrong usage is one line and exit code 2", () => {
  const mistakes: Readonly<Record<string, readonly [readonly string[], string]>> = {
    "no folder": [[], "no folder is named"],
    "two folders": [["a", "b"], "more than one folder is named"],
    "a mistyped option": [[speech, "--modle", "x"], "did you mean --model?"],
    "an unknown condition": [[speech, "--conditions", "gsm"], "there are: clean, mu-law"],
    "no condition at all": [[speech, "--conditions", "noise", "--snr", ","], "no condition"],
    "a ratio that is no number": [[speech, "--snr", "15,loud"], '--snr: "loud" is not a number'],
    "more loss than there are packets": [[speech, "--loss", "101"], "from 0 to 100"],
  };
  for (const [name, [argv, says]] of Object.entries(mistakes)) {
    test(name, async () => {
      const program = await wer(...argv);
      expect([program.exitCode, program.output.length, program.errors.length]).toEqual([2, 0, 1]);
      expect(program.errors[0]).toContain(says);
    });
  }
});

test("--help says what the table looks like and what is normalised", async () => {
  const program = await wer("--help");
  expect(program.exitCode).toBe(0);
  const text = program.output.join("\n");
  for (const word of ["transcripts.tsv", "Example: wildfire wer", "normaliser", "--show-errors"]) {
    expect(text).toContain(word);
  }
});
