/** How the web service tries things: with what is configured at that moment, and whatever else is wished. */
import { WildfireError } from "../core/errors.ts";
import { createLogger, type Logger } from "../core/log.ts";
import { type Configured, lookAtConfig, sectionValues, textsOf } from "../doctor/configured.ts";
import { type Clause, ClauseCutter } from "../llama-bridge/speakable/clause-cutter.ts";
import { promptMoment } from "../llama-bridge/conversation/prompt-template.ts";
import { type ChatTrial, chatBase, tryChat } from "../tries/chat-trial.ts";
import { lineSettings } from "../tries/configured-line.ts";
import { type HearingTrial, tryHearing } from "../tries/hearing-trial.ts";
import { type LineTrial, tryLine } from "../tries/line-trial.ts";
import { findChatServers, findSpeechServers } from "../tries/local-servers.ts";
import { listModels } from "../tries/model-list.ts";
import { tryVoice, type VoiceTrial } from "../tries/voice-trial.ts";
import { RequestError } from "../web/answers.ts";
import type {
  ChatListener,
  ChatWish,
  FoundServers,
  HearingWish,
  LineWish,
  PlannedTrial,
  TryDesk,
  VoiceWish,
} from "../web/try-desk.ts";
import { hearingOptions } from "./hearing-options.ts";
import { kokoroOptions } from "./kokoro-options.ts";
import { llamaOptions, readCallSettings } from "./llama-options.ts";
import { chatKeyVariable, readKey, speechKeyVariable } from "./secret-key.ts";
import type { ServiceContext } from "./service.ts";

export interface WebTriesOptions {
  readonly configPath: string;
  readonly context: Pick<ServiceContext, "clock">;
  /** Calls that are up. */
  readonly callsUp: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

const serverListLimitMs = 1000;

export class WebTries implements TryDesk {
  readonly #options: WebTriesOptions;
  /** A trial says everything in its result. */
  readonly #log: Logger;

  constructor(options: WebTriesOptions) {
    this.#options = options;
    const { clock } = options.context;
    this.#log = createLogger({ level: "error", clock, sink: () => undefined });
  }

  async line(wish: LineWish, isAdmin: boolean): Promise<PlannedTrial<LineTrial>> {
    const configured = await this.#configured();
    const lines = textsOf(configured.effective, "sip", "line");
    const line = wish.line ?? lines[0];
    if (line === undefined) {
      throw new WildfireError("config", "no line is configured", { hint: "give one to try" });
    }
    const isKnown = lines.includes(line);
    requireAdmin(isAdmin || (isKnown && wish.password === undefined), "another line or password");
    const { password: known, bind, tls } = await lineSettings(configured, line, process.env);
    const password = wish.password ?? known;
    const { context, randomBytes } = this.#options;
    const how = { clock: context.clock, log: this.#log, randomBytes };
    return async (signal) => await tryLine({ line, password, bind, tls, signal, ...how });
  }

  async chat(
    wish: ChatWish,
    isAdmin: boolean,
    listener: ChatListener,
  ): Promise<PlannedTrial<ChatTrial>> {
    const configured = await this.#configured();
    const values = sectionValues(configured.effective, "llama", llamaOptions);
    const isSame = wish.url === undefined || isSameAddress(wish.url, values.url);
    requireAdmin(isAdmin || (isSame && wish.key === undefined), "another address or key");
    const key = wish.key ?? (isSame ? await chatKey(configured) : undefined);
    const { clock } = this.#options.context;
    const own = wish.system === undefined ? {} : { prompt: wish.system, system: undefined };
    const { prompt, language } = await readCallSettings({ ...values, ...own }, clock);
    const moment = promptMoment(clock.wallMs(), language);
    const system = prompt.render({ caller: "", line: "", language, ...moment });
    const asked = {
      backend: (wish.backend ?? values.backend) === "echo" ? "echo" : "openai",
      url: wish.url ?? values.url,
      model: wish.model ?? values.model,
      temperature: wish.temperature ?? values.temperature,
      maxTokens: values["max-tokens"],
    } as const;
    return async (signal) => {
      const cutter = new ClauseCutter({ language });
      const onText = (delta: string): void => {
        listener.text(delta);
        tellClauses(cutter.push(delta), listener);
      };
      const how = { clock, log: this.#log, signal, onText };
      const trial = await tryChat({ ...asked, key, system, prompt: wish.prompt, ...how });
      if (!signal.aborted) tellClauses(cutter.end(), listener);
      return trial;
    };
  }

  async voice(wish: VoiceWish, isAdmin: boolean): Promise<PlannedTrial<VoiceTrial>> {
    const configured = await this.#configured();
    const values = sectionValues(configured.effective, "kokoro", kokoroOptions);
    const isSame = wish.url === undefined || isSameAddress(wish.url, values.url);
    requireAdmin(isAdmin || (isSame && wish.key === undefined), "another address or key");
    const engine = wish.engine ?? values.engine;
    const isServer = engine === "openai-speech";
    const key = wish.key ?? (isSame && isServer ? await speechKey(configured) : undefined);
    const { clock } = this.#options.context;
    // The voices of one engine are not those of the other.
    const voice = wish.voice ?? (engine === values.engine ? values.voice : undefined);
    return async (signal) =>
      await tryVoice({
        engine: isServer ? "openai-speech" : "builtin",
        url: wish.url ?? values.url,
        model: wish.model ?? values["speech-model"],
        voice,
        speed: wish.speed ?? values.speed,
        language: wish.language ?? values.language,
        key,
        text: wish.text,
        clock,
        log: this.#log,
        signal,
      });
  }

  async hearing({ model }: HearingWish, isAdmin: boolean): Promise<PlannedTrial<HearingTrial>> {
    const configured = await this.#configured();
    const values = sectionValues(configured.effective, "whisper", hearingOptions);
    const isKnown = model === undefined || model === "demo" || model === values.model;
    requireAdmin(isAdmin || isKnown, "another model");
    const modelPath = model === "demo" ? undefined : (model ?? values.model);
    const { clock } = this.#options.context;
    return async (signal) =>
      await tryHearing({
        modelPath,
        // The demo model knows English only.
        language: modelPath === undefined ? "en" : values.language,
        threads: values.threads,
        useGpu: !values["no-gpu"],
        callsUp: this.#options.callsUp(),
        clock,
        signal,
      });
  }

  async servers(signal: AbortSignal): Promise<FoundServers> {
    const { clock } = this.#options.context;
    const [chat, speech, own] = await Promise.all([
      findChatServers({ clock, signal }),
      findSpeechServers({ clock, signal }),
      this.#configuredChat(signal),
    ]);
    const others = chat.filter(({ url }) => !isSameAddress(url, own?.url));
    return { chat: own === undefined ? others : [own, ...others], speech };
  }

  /** The configured one may be on another host, and want a key. */
  async #configuredChat(signal: AbortSignal): Promise<FoundServers["chat"][number] | undefined> {
    const configured = await this.#configured();
    const { url } = sectionValues(configured.effective, "llama", llamaOptions);
    if (url === undefined) return undefined;
    const late = new AbortController();
    const timer = this.#options.context.clock.after(serverListLimitMs, () => late.abort());
    try {
      const key = await chatKey(configured);
      const list = await listModels(chatBase(url), key, AbortSignal.any([signal, late.signal]));
      return list === undefined ? undefined : { kind: "configured", url, models: list.models };
    } catch (error) {
      // What is wrong with it, its trial says.
      if (error instanceof WildfireError) return undefined;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  async #configured(): Promise<Configured> {
    return await lookAtConfig(this.#options.configPath, process.env);
  }
}

function tellClauses(clauses: Iterable<Clause>, listener: ChatListener): void {
  for (const { text } of clauses) listener.clause(text);
}

function requireAdmin(isAllowed: boolean, what: string): void {
  if (isAllowed) return;
  throw new RequestError(403, `only administrators try ${what} than the configured one`, {
    hint: "save it first, or log in as an administrator",
  });
}

function isSameAddress(one: string, other: string | undefined): boolean {
  if (other === undefined) return false;
  try {
    return chatBase(one) === chatBase(other);
  } catch {
    return false;
  }
}

async function chatKey({ effective, secrets }: Configured): Promise<string | undefined> {
  const values = sectionValues(effective, "llama", llamaOptions);
  const env = { [chatKeyVariable]: secrets.get("llama-key")?.value };
  return await readKey(values["key-file"], chatKeyVariable, env);
}

async function speechKey({ effective, secrets }: Configured): Promise<string | undefined> {
  const values = sectionValues(effective, "kokoro", kokoroOptions);
  const env = { [speechKeyVariable]: secrets.get("speech-key")?.value };
  return await readKey(values["key-file"], speechKeyVariable, env);
}
