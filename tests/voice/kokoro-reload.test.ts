/** The voice service under another configuration, and what it tells of the calls that it speaks to. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { parseObject } from "../../src/services/event-follower.ts";
import { ScriptedSpeechServer } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";
import { Llama, Outbound, Voice } from "./voice-rig.ts";

setDefaultTimeout(60_000);

let stateFolder = "";
beforeAll(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "wildfire-kokoro-"));
});
afterAll(() => rmSync(stateFolder, { recursive: true, force: true }));

test("another voice, speed and language count from the next clause of a call that is up", async () => {
  await using voice = await Voice.open(stateFolder);
  using outbound = await Outbound.open(5300);
  using llama = await Llama.connect(voice, "5300");
  llama.say("First text.");
  await outbound.tells("began", "ended");
  await voice.reload("--speed=1.5", "--language=de");
  llama.say("Second text.");
  await outbound.tells("began", "ended", "began", "ended");
  // Pace and language go with each text: the engine is the same.
  expect(voice.engines).toHaveLength(1);
  expect(voice.engine.utterances.map(({ request }) => request)).toMatchObject([
    { text: "First text.", speed: 1 },
    { text: "Second text.", speed: 1.5, language: "de" },
  ]);
  const [old] = voice.engines;
  await voice.reload("--voice=low");
  llama.say("Third text.");
  await until(() => voice.engine.texts.length === 1, "the third text");
  expect(voice.engines).toHaveLength(2);
  expect(voice.engine.utterances[0]?.request).toMatchObject({ voice: "low", speed: 1 });
  expect(old?.isClosed).toBe(true);
  expect(voice.openCalls).toBe(1);
});

test("what cannot be taken leaves everything as it was", async () => {
  await using voice = await Voice.open(stateFolder);
  const refusal = await voice.reload("--voice=nobody", "--speed=2").catch(describeError);
  expect(refusal).toContain('--voice "nobody" is none of the built-in voice');
  using outbound = await Outbound.open(5302);
  using llama = await Llama.connect(voice, "5302");
  llama.say("As ever.");
  await outbound.hears(50);
  const [engine] = voice.engines;
  expect(engine?.isClosed).toBe(false);
  expect(engine?.utterances[0]?.request).toMatchObject({ text: "As ever.", speed: 1 });
});

test("another key in the same file is taken, and told", async () => {
  using server = new ScriptedSpeechServer();
  const path = join(stateFolder, "key");
  writeFileSync(path, "sk-old\n");
  const argv = ["--engine=openai-speech", `--url=${server.url}`, `--key-file=${path}`];
  await using voice = await Voice.open(stateFolder, ...argv);
  await until(() => server.authorizations.includes("Bearer sk-old"), "the first key");
  expect(await voice.reload(...argv)).toEqual([]);
  expect(voice.engines).toHaveLength(1);
  writeFileSync(path, "sk-new\n");
  expect(await voice.reload(...argv)).toEqual(["text of key-file"]);
  await until(() => server.authorizations.at(-1) === "Bearer sk-new", "the other key");
  writeFileSync(path, " \n");
  expect(await voice.reload(...argv).catch(describeError)).toContain("is empty; write the key");
  expect(voice.engines).toHaveLength(2);
  expect(voice.engine.isClosed).toBe(false);
});

/** A state folder of its own, with the phrases that are on disk there. */
function phraseFolder(name: string): { readonly folder: string; readonly count: () => number } {
  const folder = join(stateFolder, name);
  mkdirSync(folder);
  const phrases = join(folder, "phrases");
  const count = (): number => (existsSync(phrases) ? readdirSync(phrases).length : 0);
  return { folder, count };
}

test("phrases are ready for the pace and the language that count now", async () => {
  const { folder, count } = phraseFolder("paces");
  await using voice = await Voice.open(folder, "--phrase=Welcome.");
  await until(() => count() === 1, "the phrase");
  await voice.reload("--phrase=Welcome.", "--speed=1.5");
  await until(() => count() === 2, "the phrase at its other pace");
  await voice.reload("--phrase=Welcome.", "--speed=1.5", "--language=de");
  await until(() => count() === 3, "the phrase in its other language");
  expect(voice.engine.utterances[0]?.request).toMatchObject({ speed: 1.5, language: "de" });
});

test("another room for phrases counts at once, for the same engine", async () => {
  const { folder, count } = phraseFolder("rooms");
  await using voice = await Voice.open(folder, "--phrase=Welcome.");
  await until(() => count() === 1, "the phrase");
  await voice.reload("--phrase=Welcome.", "--phrase-cache-mb=1");
  expect(voice.engines).toHaveLength(1);
  await voice.reload("--phrase=Welcome.", "--phrase-cache-mb=0");
  await until(() => count() === 0, "the end of the phrase");
  await voice.reload("--phrase=Welcome.", "--phrase-cache-mb=1");
  await until(() => count() === 1, "the phrase once more");
});

test("a call begins with its first text and ends with it, and a mere connection is no call", async () => {
  await using voice = await Voice.open(stateFolder);
  const lines = voice.listen();
  const kinds = (): string[] =>
    lines
      .map((line) => parseObject(line) ?? {})
      .filter(({ key }) => key !== undefined)
      .map(({ kind, key }) => `${String(key)} ${String(kind)}`);
  using llama = await Llama.connect(voice, "5304");
  await until(() => voice.openCalls === 1, "the connection");
  llama.bye();
  await until(() => voice.openCalls === 0, "its end");
  expect(kinds()).toEqual([]);
  using outbound = await Outbound.open(5304);
  llama.say("Hello.");
  await outbound.tells("began", "ended");
  llama.bye();
  await until(() => voice.openCalls === 0, "the end of the call");
  expect(kinds()[0]).toBe("5304-2 began");
  expect(kinds()[1]).toBe("5304-2 text");
  expect(kinds().at(-1)).toBe("5304-2 ended");
  expect(kinds().filter((kind) => /began|ended/.test(kind))).toHaveLength(2);
});
