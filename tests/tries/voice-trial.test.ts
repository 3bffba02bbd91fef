import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { decodeWav } from "../../src/audio/wav.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import {
  judgeSpoken,
  maxTrialCharacters,
  tryVoice,
  type VoiceTrial,
  type VoiceTry,
} from "../../src/tries/voice-trial.ts";
import { scripts, ScriptedSpeechServer } from "../fakes/scripted-speech-server.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(30_000);

const key = "sk-very-secret";
const log = createLogger({ level: "error", clock: systemClock, sink: () => undefined });

let server: ScriptedSpeechServer;

beforeEach(() => {
  server = new ScriptedSpeechServer();
});

afterEach(() => server.stop());

async function tried(more: Partial<VoiceTry> = {}): Promise<VoiceTrial> {
  return await tryVoice({
    engine: "openai-speech",
    url: server.url,
    voice: "af_bella",
    key,
    text: "Good morning.",
    clock: systemClock,
    log,
    signal: new AbortController().signal,
    ...more,
  });
}

test("a speech server speaks, and its sound can be listened to", async () => {
  const trial = await tried({ speed: 1 });
  expect(trial).toMatchObject({ level: "ok", verdict: "spoken", engine: "openai-speech" });
  expect(trial.soundMs).toBeCloseTo(13 * 20, 0);
  expect(trial.firstSoundMs).toBeGreaterThan(0);
  const wav = decodeWav(trial.wav ?? new Uint8Array(), "trial");
  expect(wav.sampleRateHz).toBe(24_000);
  expect(server.orders[0]).toMatchObject({ voice: "af_bella", input: "Good morning." });
  expect(server.authorizations[0]).toBe(`Bearer ${key}`);
  expect(JSON.stringify({ ...trial, wav: "" })).not.toContain(key);
});

test("the built-in voice speaks with nothing else there", async () => {
  const trial = await tried({ engine: "builtin", url: undefined, voice: undefined });
  expect(trial).toMatchObject({ level: "ok", verdict: "spoken", engine: "builtin" });
  expect(trial.soundMs).toBeGreaterThan(300);
  expect(trial.wav?.length).toBeGreaterThan(1000);
});

test("a speaker that the built-in voice does not have is named, with those that it has", async () => {
  const trial = await tried({ engine: "builtin", voice: "nobody" });
  expect(trial).toMatchObject({ level: "fault", verdict: "failed", wav: undefined });
  expect(trial.seen).toContain('no speaker "nobody"');
  expect(trial.fix).toContain("slt");
});

test("what a speech server refuses is said in its words, without the key", async () => {
  server.script = () =>
    Response.json({ detail: { error: "x", message: `voice unknown ${key}` } }, { status: 400 });
  const trial = await tried();
  expect(trial).toMatchObject({ level: "fault", verdict: "failed" });
  expect(trial.seen).toContain("openai-speech does not speak: the speech server answered 400");
  expect(JSON.stringify(trial)).not.toContain(key);
});

test("a speech server that is not there", async () => {
  await server.stop();
  const trial = await tried();
  expect(trial).toMatchObject({ level: "fault", verdict: "failed" });
  expect(trial.seen).toContain("cannot be reached");
});

test("one that goes silent is not waited for longer than the limit", async () => {
  server.script = scripts.stalling;
  const trial = await tried({ limitMs: 300 });
  expect(trial).toMatchObject({ level: "fault", verdict: "failed" });
  expect(trial.seen).toContain("did not finish in time");
});

test.each([
  [{ url: undefined }, "has no url"],
  [{ url: "nonsense" }, "is no address"],
  [{ text: "x".repeat(maxTrialCharacters + 1) }, "characters"],
])("settings that cannot be right: %j", async (more, words) => {
  const trial = await tried(more);
  expect(trial).toMatchObject({ level: "fault", verdict: "wrong-settings" });
  expect(trial.seen).toContain(words);
});

test("slow first sound is a warning, none a fault", () => {
  expect(judgeSpoken("builtin", { firstSoundMs: 3000, soundMs: 500 }).level).toBe("warning");
  expect(judgeSpoken("builtin", { firstSoundMs: undefined, soundMs: 0 })).toMatchObject({
    level: "fault",
    seen: "builtin gave no sound",
  });
});

test("whoever stops the trial ends the server's work", async () => {
  server.script = scripts.stalling;
  const stop = new AbortController();
  const trial = tried({ signal: stop.signal });
  await until(() => server.orders.length > 0, "the request");
  stop.abort();
  expect(await trial).toMatchObject({ level: "skipped", verdict: "stopped" });
  await until(() => server.abandoned > 0, "the end of the request");
});
