/** The voice service under another configuration, and what it tells of the calls that it speaks to. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { parseObject } from "../../src/services/event-follower.ts";
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
