/** What a customer sends when a text was wrong: recordings of calls, and that they replay. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { eventually, testLimitMs } from "./eventually.ts";
import { repositoryPath } from "./executable.ts";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { type JsonRecord, parseObject, type Program, runToEnd } from "./program.ts";
import { demoCall, sentences, shortest } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const recordedId = 3700;
const decodeLimitMs = 30_000;

async function transcribe(stage: Stage, ...argv: string[]): Promise<Program> {
  const all = ["transcribe", "--state-dir", stage.stateFolder, ...argv];
  return await runToEnd({ argv: all, cwd: stage.folder }, decodeLimitMs);
}

/** Without the log. */
const complaints = (program: Program): string[] =>
  program.errors.filter((line) => line.startsWith("wildfire: "));

test("--record keeps each utterance of a call, and transcribe --whole hears the same again", async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const folder = join(stage.folder, "recordings");
  const whisper = await stage.startWhisper({ llamaPort: llama.port, argv: ["--record", folder] });
  const inbound = stage.startInbound({
    callId: recordedId,
    recording: demoCall,
    whisperPort: whisper.port,
  });
  expect(await inbound.program.exited(decodeLimitMs)).toBe(0);
  const found = await eventually({
    what: "three recordings",
    probe: () => {
      const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
      return names.length === 3 && names.toSorted();
    },
  });
  const described = found.map((name) => parseObject(readFileSync(join(folder, name), "utf8")));
  expect(described.map((record) => record?.["text"])).toEqual([...demoCall.texts]);
  for (const record of described) {
    expect(record).toMatchObject({ callId: String(recordedId), language: "en", tries: 1 });
    expect(record).toHaveProperty("about.model", "demo");
    expect(record).toHaveProperty("about.version", expect.any(String));
    expect(record).toHaveProperty("about.commit", expect.any(String));
  }
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
  const wavs = found.map((name) => join(folder, name.replace(/json$/, "wav")));
  const replayed = await transcribe(stage, "--whole", "--json", ...wavs);
  expect(replayed.exitCode).toBe(0);
  const texts = replayed.records.map(({ utterances }) => textsOf(utterances));
  expect(texts).toEqual(demoCall.texts.map((text) => [text]));
});

test("a folder that cannot be recorded into stops the start in one line", async () => {
  await using stage = new Stage();
  const argv = ["--service", "whisper", "--state-dir", stage.stateFolder, "--port", "0"];
  const program = await runToEnd({
    argv: [...argv, "--record", "/proc/recordings"],
    cwd: stage.folder,
  });
  expect(program.exitCode).toBe(2);
  expect(complaints(program)).toHaveLength(1);
  expect(complaints(program)[0]).toContain('cannot record into "/proc/recordings"');
});

test("transcribe prints a line for each utterance, with its time, file by file", async () => {
  await using stage = new Stage();
  const spoken = await transcribe(stage, demoCall.path);
  expect(complaints(spoken)).toEqual([]);
  expect(spoken.exitCode).toBe(0);
  const lines = spoken.output.map((line) => /^(\d:\d\d\.\d\d)-(\d:\d\d\.\d\d) {2}(.*)$/.exec(line));
  expect(lines.map((line) => line?.[3])).toEqual([...demoCall.texts]);
  const times = lines.flatMap((line) => [line?.[1] ?? "", line?.[2] ?? ""]);
  expect(times).toEqual(times.toSorted());

  const all = sentences.map(({ path }) => path);
  const several = await transcribe(stage, ...all);
  expect(several.output.map((line) => line.split("  ")[0])).toEqual(all);
  expect(several.output.map((line) => line.split("  ")[2])).toEqual(
    sentences.flatMap(({ texts }) => texts),
  );
});

test("transcribe --json is an object for each file, with words and confidences", async () => {
  await using stage = new Stage();
  const { records, exitCode } = await transcribe(stage, "--json", demoCall.path, shortest.path);
  expect(exitCode).toBe(0);
  const files = records.filter(({ file }) => typeof file === "string");
  expect(files.map(({ file }) => file)).toEqual([demoCall.path, shortest.path]);
  expect(files[0]?.["seconds"]).toBeCloseTo(13.5, 1);
  expect(files.map(({ utterances }) => textsOf(utterances))).toEqual([
    [...demoCall.texts],
    [...shortest.texts],
  ]);
  for (const utterance of files.flatMap(({ utterances }) => objectsIn(utterances))) {
    const { startMs, endMs, words } = utterance;
    const spans = objectsIn(words).map((word) => [Number(word["startMs"]), Number(word["endMs"])]);
    expect(spans.length).toBeGreaterThan(0);
    for (const [start = 0, end = 0] of spans) {
      expect(start).toBeGreaterThanOrEqual(Number(startMs));
      expect(end).toBeLessThanOrEqual(Number(endMs) + 500);
    }
    for (const { probability } of objectsIn(words)) expect(probability).toBeWithin(0, 1.001);
  }
});

test("files that cannot be heard are a line each; the others are done; the exit code tells", async () => {
  await using stage = new Stage();
  const text = repositoryPath("README.md");
  const mixed = await transcribe(stage, "missing.wav", text, stage.folder, shortest.path);
  expect(mixed.exitCode).toBe(1);
  expect(complaints(mixed)).toHaveLength(3);
  expect(complaints(mixed)[0]).toContain('"missing.wav" does not exist');
  expect(complaints(mixed)[1]).toContain("is not a WAV file");
  expect(complaints(mixed)[2]).toContain("is not a file");
  expect(mixed.output).toHaveLength(1);
  expect(mixed.output[0]).toEndWith(shortest.texts[0] ?? "?");
});

function objectsIn(value: unknown): JsonRecord[] {
  return Array.isArray(value) ? value.filter((item): item is JsonRecord => isObject(item)) : [];
}

function isObject(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null;
}

function textsOf(utterances: unknown): unknown[] {
  return objectsIn(utterances).map(({ text }) => text);
}
