/** `--service kokoro`: speaks what the LLaMA answers, each call through its own way to outbound. */
import { join } from "node:path";
import type { OptionTable, OptionValues } from "../config/options.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { SignalPort } from "../links/signal-port.ts";
import { TextIntake } from "../links/text-intake.ts";
import { CachingEngine } from "../voice/caching-engine.ts";
import type { SpeechEngine } from "../voice/engines/engine.ts";
import { OpenAiSpeech } from "../voice/engines/openai-speech.ts";
import { FallbackEngine } from "../voice/fallback-engine.ts";
import { PhraseCache } from "../voice/phrase-cache.ts";
import { LevelMemory } from "../voice/speech-level.ts";
import { VoiceCalls } from "../voice/voice-calls.ts";
import { readySignalPort, replyTextPort, voiceSignalPort } from "../wire/ports.ts";
import { encodeRegistration } from "../wire/registration.ts";
import { resolveHost } from "./host-port.ts";
import {
  commonOptions,
  type RunningService,
  runsUntilStopped,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";

const options = {
  engine: {
    kind: "string",
    value: "NAME",
    choices: ["builtin", "openai-speech"],
    default: "builtin",
    help: "what speaks: builtin, or openai-speech, a server such as Kokoro-FastAPI",
  },
  url: { kind: "string", value: "URL", help: "address of the speech server" },
  "speech-model": {
    kind: "string",
    value: "NAME",
    default: "kokoro",
    help: "what the speech server calls its model",
  },
  "key-file": {
    kind: "string",
    value: "FILE",
    help: "file with the key of the speech server; or set WILDFIRE_SPEECH_KEY",
  },
  voice: { kind: "string", value: "NAME", help: "voice of the engine" },
  speed: {
    kind: "number",
    value: "X",
    min: 0.5,
    max: 2,
    default: 1,
    help: "pace of speech, 1 is natural",
  },
  language: { kind: "string", value: "TAG", help: "language of the texts, such as en or de" },
  phrase: { kind: "list", value: "TEXT", help: "phrase to have ready from the start; repeatable" },
  "phrase-cache-mb": {
    kind: "integer",
    value: "MB",
    min: 0,
    max: 100_000,
    default: 64,
    help: "room for phrases that come again; 0: none are kept",
  },
  port: {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: replyTextPort,
    help: "TCP port for the texts of the LLaMA",
  },
  "signal-port": {
    kind: "integer",
    value: "PORT",
    min: 0,
    max: 65_535,
    default: voiceSignalPort,
    help: "UDP port for SPEECH and SILENCE, and for older outbound services",
  },
  bind: { kind: "string", value: "ADDRESS", default: "127.0.0.1", help: "address to listen on" },
  "outbound-host": {
    kind: "string",
    value: "HOST",
    default: "127.0.0.1",
    help: "where outbound is told that there is sound",
  },
  ...commonOptions,
} as const satisfies OptionTable;

export type KokoroOptions = typeof options;
type KokoroValues = OptionValues<KokoroOptions>;

/** Opens the built-in voice, which speaks alone or when the speech server fails. */
export type OpenBuiltinVoice = (context: ServiceContext) => Promise<SpeechEngine>;

/** The key is in neither the command line, which others can read, nor the log. */
const keyVariable = "WILDFIRE_SPEECH_KEY";
const bytesPerMb = 1 << 20;

export function kokoroServiceWith(openBuiltin: OpenBuiltinVoice): ServiceDefinition<KokoroOptions> {
  return {
    name: "kokoro",
    summary: "Speaks the answers of all calls.",
    example: "wildfire --service kokoro --engine openai-speech --url http://127.0.0.1:8880",
    options,
    start: (values, context) => startKokoro(values, context, openBuiltin),
  };
}

async function startKokoro(
  values: KokoroValues,
  context: ServiceContext,
  openBuiltin: OpenBuiltinVoice,
): Promise<RunningService> {
  const outboundAddress = await resolveHost(values["outbound-host"], "--outbound-host");
  const engine = await openEngine(values, context, openBuiltin);
  try {
    return await openCalls({ values, context, engine, outboundAddress });
  } catch (error) {
    await engine.close();
    throw error;
  }
}

interface CallsOptions {
  readonly values: KokoroValues;
  readonly context: ServiceContext;
  readonly engine: FallbackEngine;
  readonly outboundAddress: string;
}

async function openCalls(given: CallsOptions): Promise<RunningService> {
  const { values, context, engine, outboundAddress } = given;
  const { clock, log } = context;
  const { bind, voice, speed, language } = values;
  const signals = await SignalPort.open({
    bind,
    port: values["signal-port"],
    onSignal: (signal) => calls.signal(signal),
    clock,
    log,
  });
  const calls = new VoiceCalls({
    engine,
    levels: new LevelMemory(),
    voice,
    speed,
    language,
    bind,
    announce: (callId) =>
      signals.send(
        encodeRegistration("register", callId),
        readySignalPort(callId),
        outboundAddress,
      ),
    clock,
    log,
  });
  const release = (): void => {
    calls.close();
    signals.close();
  };
  const intake = openIntake(given, calls, release);
  log.info("kokoro is ready", { engine: engine.name, address: `${bind}:${intake.port}` });
  return {
    status: () => ({
      address: `${bind}:${intake.port}`,
      signalPort: signals.port,
      engine: engine.status(),
      texts: intake.status(),
      signals: signals.status(),
      calls: calls.status(),
    }),
    async stop() {
      intake.close();
      release();
      await engine.close();
    },
    finished: runsUntilStopped,
  };
}

function openIntake(
  { values, context }: CallsOptions,
  listener: VoiceCalls,
  release: () => void,
): TextIntake {
  const { bind, port } = values;
  const { clock, log } = context;
  try {
    return new TextIntake({
      bind,
      port,
      peerName: "the LLaMA",
      maxPendingBytes: 0,
      listener,
      clock,
      log,
    });
  } catch (error) {
    release();
    throw error;
  }
}

async function openEngine(
  values: KokoroValues,
  context: ServiceContext,
  openBuiltin: OpenBuiltinVoice,
): Promise<FallbackEngine> {
  const { clock, log } = context;
  const server = await openServer(values, context);
  const builtin = await openBuiltin(context);
  if (server === undefined) await requireVoice(values.voice, builtin);
  const cache = await openCache(values, context);
  const remembering = (engine: SpeechEngine, identity: string, voice?: string): SpeechEngine => {
    if (cache === undefined) return engine;
    const caching = new CachingEngine({ engine, cache, identity });
    prepare(caching, { values, voice, log });
    return caching;
  };
  if (server === undefined) {
    const only = remembering(builtin, builtin.name, values.voice);
    return new FallbackEngine({ choices: [{ engine: only }], clock, log });
  }
  const identity = `${server.name} ${values.url} ${values["speech-model"]}`;
  const first = remembering(server, identity, values.voice);
  const second = remembering(builtin, builtin.name);
  return new FallbackEngine({ choices: [{ engine: first }, { engine: second }], clock, log });
}

async function requireVoice(voice: string | undefined, builtin: SpeechEngine): Promise<void> {
  const { voices } = builtin;
  if (voice === undefined || voices.length === 0 || voices.includes(voice)) return;
  await builtin.close();
  throw new WildfireError("usage", `--voice ${quote(voice)} is none of the built-in voice`, {
    hint: `choose one of: ${voices.join(", ")}`,
  });
}

async function openServer(
  values: KokoroValues,
  { clock, log }: ServiceContext,
): Promise<OpenAiSpeech | undefined> {
  if (values.engine !== "openai-speech") return undefined;
  if (values.url === undefined) {
    throw new WildfireError("usage", "--engine openai-speech needs --url", {
      hint: "give the address of the speech server, such as --url http://127.0.0.1:8880",
    });
  }
  const server = new OpenAiSpeech({
    url: values.url,
    model: values["speech-model"],
    voice: values.voice,
    key: await readKey(values["key-file"]),
    clock,
    log,
  });
  void server.refreshVoices();
  return server;
}

async function readKey(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return process.env[keyVariable] || undefined;
  try {
    return (await Bun.file(file).text()).trim();
  } catch (error) {
    const message = `--key-file ${quote(file, 100)} cannot be read: ${describeError(error)}`;
    throw new WildfireError("usage", message, { cause: error, hint: "check name and rights" });
  }
}

/** Without it everything is spoken all the same, only later. */
async function openCache(
  values: KokoroValues,
  { clock, log, stateFolder }: ServiceContext,
): Promise<PhraseCache | undefined> {
  const limitBytes = values["phrase-cache-mb"] * bytesPerMb;
  if (limitBytes === 0) return undefined;
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
