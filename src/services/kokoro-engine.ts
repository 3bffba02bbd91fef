/** What speaks for `--service kokoro`: a speech server or the built-in voice, with its memory for phrases. */
import { join } from "node:path";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { CachingEngine } from "../voice/caching-engine.ts";
import type { SpeechEngine } from "../voice/engines/engine.ts";
import { OpenAiSpeech } from "../voice/engines/openai-speech.ts";
import { type EngineChange, FallbackEngine } from "../voice/fallback-engine.ts";
import { PhraseCache } from "../voice/phrase-cache.ts";
import type { KokoroValues } from "./kokoro-options.ts";
import { readKey, speechKeyVariable } from "./secret-key.ts";
import type { ServiceContext } from "./service.ts";

/** Opens the built-in voice, which speaks alone or when the speech server fails. */
export type OpenBuiltinVoice = (context: ServiceContext) => Promise<SpeechEngine>;

const bytesPerMb = 1 << 20;

export interface EngineOptions {
  readonly values: KokoroValues;
  /** Of the speech server. */
  readonly key: string | undefined;
  /** Undefined: no phrases are kept. */
  readonly cache: PhraseCache | undefined;
  readonly context: ServiceContext;
  readonly openBuiltin: OpenBuiltinVoice;
  readonly onChange: (change: EngineChange) => void;
}

/** Those of its own; pace and language go with each text. */
const engineOptions = [
  "engine",
  "url",
  "speech-model",
  "key-file",
  "voice",
  "phrase",
] as const satisfies readonly (keyof KokoroValues)[];

/** True when these options take another engine than those. */
export function isOtherEngine(before: KokoroValues, after: KokoroValues): boolean {
  const isOther = (name: keyof KokoroValues): boolean => !Bun.deepEquals(before[name], after[name]);
  if (engineOptions.some(isOther) || keepsPhrases(before) !== keepsPhrases(after)) return true;
  // Phrases are made ready at one pace and in one language.
  return after.phrase.length > 0 && (isOther("speed") || isOther("language"));
}

export function keepsPhrases(values: KokoroValues): boolean {
  return values["phrase-cache-mb"] > 0;
}

/** Of the speech server; the built-in voice has none. Throws as `readKey`. */
export async function readSpeechKey(values: KokoroValues): Promise<string | undefined> {
  if (values.engine !== "openai-speech") return undefined;
  return await readKey(values["key-file"], speechKeyVariable);
}

/** Throws a WildfireError("usage") for options that do not fit together. */
export async function openVoiceEngine(given: EngineOptions): Promise<FallbackEngine> {
  const { values, context, openBuiltin, cache, onChange } = given;
  const { clock, log } = context;
  const server = openServer(given);
  const builtin = await openBuiltin(context);
  if (server === undefined) await requireVoice(values.voice, builtin);
  const remembering = (engine: SpeechEngine, identity: string, voice?: string): SpeechEngine => {
    if (cache === undefined) return engine;
    const caching = new CachingEngine({ engine, cache, identity });
    prepare(caching, { values, voice, log });
    return caching;
  };
  if (server === undefined) {
    const only = remembering(builtin, builtin.name, values.voice);
    return new FallbackEngine({ choices: [{ engine: only }], clock, log, onChange });
  }
  const identity = `${server.name} ${values.url} ${values["speech-model"]}`;
  const first = remembering(server, identity, values.voice);
  const second = remembering(builtin, builtin.name);
  const choices = [{ engine: first }, { engine: second }] as const;
  return new FallbackEngine({ choices, clock, log, onChange });
}

async function requireVoice(voice: string | undefined, builtin: SpeechEngine): Promise<void> {
  const { voices } = builtin;
  if (voice === undefined || voices.length === 0 || voices.includes(voice)) return;
  await builtin.close();
  throw new WildfireError("usage", `--voice ${quote(voice)} is none of the built-in voice`, {
    hint: `choose one of: ${voices.join(", ")}`,
  });
}

function openServer({ values, key, context }: EngineOptions): OpenAiSpeech | undefined {
  if (values.engine !== "openai-speech") return undefined;
  if (values.url === undefined) {
    throw new WildfireError("usage", "--engine openai-speech needs --url", {
      hint: "give the address of the speech server, such as --url http://127.0.0.1:8880",
    });
  }
  const { clock, log } = context;
  const server = new OpenAiSpeech({
    url: values.url,
    model: values["speech-model"],
    voice: values.voice,
    key,
    clock,
    log,
  });
  void server.refreshVoices();
  return server;
}

export function phraseCacheBytes(values: KokoroValues): number {
  return values["phrase-cache-mb"] * bytesPerMb;
}

/** Without it everything is spoken all the same, only later. */
export async function openPhraseCache(
  values: KokoroValues,
  { clock, log, stateFolder }: ServiceContext,
): Promise<PhraseCache | undefined> {
  if (!keepsPhrases(values)) return undefined;
  const limitBytes = phraseCacheBytes(values);
  try {
    return await PhraseCache.open({ folder: join(stateFolder, "phrases"), limitBytes, clock, log });
  } catch (error) {
    log.warn("no phrases are kept", { reason: describeError(error) });
    return undefined;
  }
}

interface Preparation {
  readonly values: KokoroValues;
  readonly voice: string | undefined;
  readonly log: Logger;
}

/** In the background: a service whose speech server is slow or away starts all the same. */
function prepare(engine: CachingEngine, { values, voice, log }: Preparation): void {
  const { phrase, speed, language } = values;
  const requests = phrase.map((text) => ({ text, voice, speed, language }));
  engine.prepare(requests, new AbortController().signal).catch((error: unknown) => {
    log.info("phrases are not ready", { engine: engine.name, reason: describeError(error) });
  });
}
