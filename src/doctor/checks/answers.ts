/** Whether the chat server answers and the voice speaks: each is asked once, as a call would. */
import { ChatClient } from "../../llama-bridge/chat/chat-client.ts";
import type { AnswerEnd } from "../../llama-bridge/chat/chat-messages.ts";
import { hideCredentials } from "../../config/hidden-credentials.ts";
import { describeError, WildfireError } from "../../core/errors.ts";
import { openBuiltinVoice } from "../../services/builtin-voice.ts";
import { kokoroOptions } from "../../services/kokoro-options.ts";
import { llamaOptions } from "../../services/llama-options.ts";
import { chatKeyVariable, readKey } from "../../services/secret-key.ts";
import type { SpeechEngine } from "../../voice/engines/engine.ts";
import { OpenAiSpeech } from "../../voice/engines/openai-speech.ts";
import type { Check } from "../check-runner.ts";
import { sectionValues } from "../configured.ts";
import { fault, type Finding, ok, skipped, warning } from "../finding.ts";
import type { Surroundings } from "../surroundings.ts";

export const llamaCheck: Check<Surroundings> = {
  name: "llama",
  title: "LLaMA",
  limitMs: 40_000,
  isHeavy: false,
  async run(surroundings, signal) {
    const { configured, clock, log } = surroundings;
    if (!configured.run.includes("llama")) return [skipped("no llama service is configured")];
    const values = sectionValues(configured.effective, "llama", llamaOptions);
    if (values.backend === "echo") return [ok("the echo backend: it says again what it hears")];
    if (values.url === undefined)
      return [fault("[llama] has no url", 'write url = "http://127.0.0.1:8080"')];
    const env = { [chatKeyVariable]: configured.secrets.get("llama-key")?.value };
    const key = await readKey(values["key-file"], chatKeyVariable, env);
    const { url, model } = values;
    const client = new ChatClient({ url, model, key, maxTokens: 1, clock, log });
    const messages = [{ role: "user", content: "Say yes." }] as const;
    const sink = { text: () => undefined, toolCall: () => undefined };
    const end = await client.ask({ messages, tools: [], sink, signal });
    return [judgeChat(client.address, end)];
  },
};

const slowTokenMs = 1500;

export function judgeChat(address: string, end: AnswerEnd): Finding {
  if (end.kind === "failed") return fault(end.failure.message, end.failure.hint);
  if (end.kind === "cancelled") {
    return fault(
      `${address} did not answer in time`,
      "is its model loaded? Is the host overloaded?",
    );
  }
  const { firstTokenMs = end.figures.totalMs } = end.figures;
  const seen = `${address} began to answer after ${Math.round(firstTokenMs)} ms`;
  if (firstTokenMs <= slowTokenMs) return ok(seen);
  return warning(seen, "callers wait that long: take a smaller model, or a faster machine for it");
}

export interface SpokenFacts {
  readonly engine: string;
  readonly firstSoundMs: number | undefined;
  readonly soundMs: number;
  /** Why it failed. */
  readonly problem: string | undefined;
}

export const voiceCheck: Check<Surroundings> = {
  name: "voice",
  title: "Voice",
  limitMs: 30_000,
  isHeavy: false,
  async run(surroundings, signal) {
    if (!surroundings.configured.run.includes("kokoro")) {
      return [skipped("no voice service is configured")];
    }
    try {
      const engine = await openEngine(surroundings);
      return [judgeVoice(await speakOnce(engine, surroundings, signal))];
    } catch (error) {
      if (!(error instanceof WildfireError)) throw error;
      return [fault(error.message, error.hint ?? "check [kokoro] in the configuration")];
    }
  },
};

const slowSoundMs = 1500;

export function judgeVoice({ engine, firstSoundMs, soundMs, problem }: SpokenFacts): Finding {
  const fix =
    engine === "openai-speech"
      ? "check [kokoro] url and the speech server; until then the built-in voice speaks"
      : "install this executable anew: its built-in voice does not work";
  if (problem !== undefined)
    return fault(`${engine} does not speak: ${hideCredentials(problem)}`, fix);
  if (firstSoundMs === undefined || soundMs <= 0) return fault(`${engine} gave no sound`, fix);
  const seen = `${engine}: first sound after ${Math.round(firstSoundMs)} ms, ${Math.round(soundMs)} ms in all`;
  if (firstSoundMs <= slowSoundMs) return ok(seen);
  return warning(seen, 'callers wait that long: a faster speech server, or engine = "builtin"');
}

async function openEngine(surroundings: Surroundings): Promise<SpeechEngine> {
  const { configured, clock, log, stateFolder } = surroundings;
  const values = sectionValues(configured.effective, "kokoro", kokoroOptions);
  if (values.engine === "builtin") {
    return await openBuiltinVoice({ clock, log, stateFolder, print: () => undefined });
  }
  if (values.url === undefined) {
    throw new WildfireError("config", "[kokoro] has no url", {
      hint: 'write url = "http://127.0.0.1:8880"',
    });
  }
  const env = { WILDFIRE_SPEECH_KEY: configured.secrets.get("speech-key")?.value };
  const key = await readKey(values["key-file"], "WILDFIRE_SPEECH_KEY", env);
  const { url, voice } = values;
  return new OpenAiSpeech({ url, model: values["speech-model"], voice, key, clock, log });
}

async function speakOnce(
  engine: SpeechEngine,
  { configured, clock }: Surroundings,
  signal: AbortSignal,
): Promise<SpokenFacts> {
  const { voice, speed, language } = sectionValues(configured.effective, "kokoro", kokoroOptions);
  const startedMs = clock.nowMs();
  let firstSoundMs: number | undefined;
  let soundMs = 0;
  let problem: string | undefined;
  const samples = (block: Float32Array, rateHz: number): void => {
    firstSoundMs ??= clock.nowMs() - startedMs;
    soundMs += (block.length * 1000) / rateHz;
  };
  try {
    await engine.speak({ text: "Hello.", voice, speed, language }, { samples }, signal);
  } catch (error) {
    problem = describeError(error);
  } finally {
    await engine.close();
  }
  return { engine: engine.name, firstSoundMs, soundMs, problem };
}
