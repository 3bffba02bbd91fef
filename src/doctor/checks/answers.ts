/** Whether the chat server answers and the voice speaks: each is tried once, as a call would. */
import { WildfireError } from "../../core/errors.ts";
import { kokoroOptions } from "../../services/kokoro-options.ts";
import { llamaOptions } from "../../services/llama-options.ts";
import { chatKeyVariable, readKey, speechKeyVariable } from "../../services/secret-key.ts";
import { tryChat } from "../../tries/chat-trial.ts";
import { tryVoice } from "../../tries/voice-trial.ts";
import type { Check } from "../check-runner.ts";
import { sectionValues } from "../configured.ts";
import { fault, type Finding, ok, skipped } from "../finding.ts";
import type { Surroundings } from "../surroundings.ts";

export const llamaCheck: Check<Surroundings> = {
  name: "llama",
  title: "LLaMA",
  limitMs: 40_000,
  isHeavy: false,
  async run({ configured, clock, log }, signal) {
    if (!configured.run.includes("llama")) return [skipped("no llama service is configured")];
    const values = sectionValues(configured.effective, "llama", llamaOptions);
    const { backend, url, model } = values;
    if (backend !== "echo" && url === undefined)
      return [fault("[llama] has no url", 'write url = "http://127.0.0.1:8080"')];
    const env = { [chatKeyVariable]: configured.secrets.get("llama-key")?.value };
    return await unlessWrong("llama", async () => {
      const key = await readKey(values["key-file"], chatKeyVariable, env);
      const trial = await tryChat({
        backend: backend === "echo" ? "echo" : "openai",
        url,
        model,
        key,
        maxTokens: 1,
        clock,
        log,
        signal,
      });
      // One token need not be a word.
      if (trial.verdict === "no-words") return ok(`${trial.address} answers`);
      return trial;
    });
  },
};

export const voiceCheck: Check<Surroundings> = {
  name: "voice",
  title: "Voice",
  limitMs: 30_000,
  isHeavy: false,
  async run({ configured, clock, log }, signal) {
    if (!configured.run.includes("kokoro")) return [skipped("no voice service is configured")];
    const values = sectionValues(configured.effective, "kokoro", kokoroOptions);
    const { url, voice, speed, language } = values;
    const env = { [speechKeyVariable]: configured.secrets.get("speech-key")?.value };
    return await unlessWrong("kokoro", async () => {
      const isServer = values.engine === "openai-speech";
      const key = isServer ? await readKey(values["key-file"], speechKeyVariable, env) : undefined;
      return await tryVoice({
        engine: isServer ? "openai-speech" : "builtin",
        url,
        model: values["speech-model"],
        voice,
        speed,
        language,
        key,
        clock,
        log,
        signal,
      });
    });
  },
};

/** Files that are named and cannot be read are told before anything is tried. */
async function unlessWrong(
  section: string,
  trial: () => Promise<Finding>,
): Promise<readonly Finding[]> {
  try {
    const { level, seen, fix } = await trial();
    return [{ level, seen, ...(fix === undefined ? {} : { fix }) }];
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    return [fault(error.message, error.hint ?? `check [${section}] in the configuration`)];
  }
}
