/** What speaks in `--service kokoro`, and how: may become another while calls are up. */
import { ChangingEngine } from "../voice/changing-engine.ts";
import type { FallbackEngine } from "../voice/fallback-engine.ts";
import type { PhraseCache } from "../voice/phrase-cache.ts";
import type { SpeechManner } from "../voice/speech-queue.ts";
import {
  type EngineOptions,
  isOtherEngine,
  keepsPhrases,
  openPhraseCache,
  openVoiceEngine,
  phraseCacheBytes,
  readSpeechKey,
} from "./kokoro-engine.ts";
import type { KokoroValues } from "./kokoro-options.ts";

/** What stays the same. */
export type VoiceSurroundings = Pick<EngineOptions, "context" | "openBuiltin" | "onChange">;

type Present = Pick<EngineOptions, "values" | "key" | "cache">;

export class KokoroVoice {
  readonly engine: ChangingEngine<FallbackEngine>;
  readonly #surroundings: VoiceSurroundings;
  #values: KokoroValues;
  #key: string | undefined;
  /** One for all engines, one after the other: a folder has one writer. */
  #cache: PhraseCache | undefined;

  private constructor(
    surroundings: VoiceSurroundings,
    { values, key, cache }: Present,
    engine: FallbackEngine,
  ) {
    this.#surroundings = surroundings;
    this.#values = values;
    this.#key = key;
    this.#cache = cache;
    this.engine = new ChangingEngine(engine);
  }

  /** Throws a WildfireError("usage") for options that do not fit together. */
  static async open(values: KokoroValues, surroundings: VoiceSurroundings): Promise<KokoroVoice> {
    const key = await readSpeechKey(values);
    const cache = await openPhraseCache(values, surroundings.context);
    const present = { values, key, cache };
    const engine = await openVoiceEngine({ ...surroundings, ...present });
    return new KokoroVoice(surroundings, present, engine);
  }

  get manner(): SpeechManner {
    return this.#values;
  }

  /**
   * From the next clause on. Returns what is another besides the options; throws a WildfireError and
   * stays as it was when that cannot be.
   */
  async renew(values: KokoroValues): Promise<readonly string[]> {
    const key = await readSpeechKey(values);
    const isOther = isOtherEngine(this.#values, values);
    const isOtherKey = key !== this.#key;
    if (isOther || isOtherKey) await this.#replace(values, key);
    void this.#cache?.limitTo(phraseCacheBytes(values));
    this.#key = key;
    this.#values = values;
    const isText = isOtherKey && !isOther && values["key-file"] !== undefined;
    return isText ? ["text of key-file"] : [];
  }

  async #replace(values: KokoroValues, key: string | undefined): Promise<void> {
    const opened = this.#cache ?? (await openPhraseCache(values, this.#surroundings.context));
    this.#cache = opened;
    const cache = keepsPhrases(values) ? opened : undefined;
    this.engine.replace(await openVoiceEngine({ ...this.#surroundings, values, key, cache }));
  }
}
