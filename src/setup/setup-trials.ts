/** The trials of setup: those that the doctor and the pages have, with what the configuration says beside the answers. */
import type { EffectiveConfig } from "../config/config-effective.ts";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { createLogger, type Logger } from "../core/log.ts";
import { textOf, valueOf } from "../doctor/configured.ts";
import { fault, type Finding, ok, warning } from "../doctor/finding.ts";
import { parseHostPort } from "../services/host-port.ts";
import { listenTcp } from "../tcp.ts";
import { chatBase, tryChat } from "../tries/chat-trial.ts";
import { tryHearing } from "../tries/hearing-trial.ts";
import { tryLine } from "../tries/line-trial.ts";
import { findChatServers, findSpeechServers } from "../tries/local-servers.ts";
import { listModels } from "../tries/model-list.ts";
import { tryVoice } from "../tries/voice-trial.ts";
import { OpenAiSpeech } from "../voice/engines/openai-speech.ts";
import type { FoundServer, ServerAddress, SetupTrials } from "./setup-desk.ts";
import { lineText } from "./setup-state.ts";

export interface TrialSources {
  /** What is configured beside what setup asks for, such as the certificates of the PBX. */
  readonly config: EffectiveConfig;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A person waits: longer is a fault, and said so. */
const lineLimitMs = 8000;
const chatLimitMs = 40_000;
const listLimitMs = 5000;
const hearingLimitMs = 120_000;

export function openTrials({ config, clock, randomBytes }: TrialSources): SetupTrials {
  // What goes wrong is in the findings.
  const log = createLogger({ level: "error", clock, sink: () => undefined });
  return {
    async findChatServers(signal) {
      const found = await findChatServers({ clock, signal });
      return found.map(({ kind, url, models }) => ({ url, software: kind, names: models }));
    },
    async findSpeechServers(signal) {
      const found = await findSpeechServers({ clock, signal });
      return found.map(({ kind, url, voices }): FoundServer => ({
        url,
        software: kind,
        names: voices,
      }));
    },
    chatModels: (server, signal) => chatModels(server, signal),
    speechVoices: (server) => speechVoices(server, { clock, log }),
    async line(line, signal) {
      const { password } = line;
      const tls = await tlsOf(config);
      const wanted = {
        line: lineText(line),
        password,
        tls,
        bind: textOf(config, "sip", "sip-bind"),
      };
      return await tryLine({ ...wanted, clock, log, randomBytes, signal, limitMs: lineLimitMs });
    },
    audiosocket: (listen) => Promise.resolve(tryListening(listen)),
    brain: ({ backend, url, model, key }, signal) =>
      tryChat({ backend, url, model, key, clock, log, signal, limitMs: chatLimitMs }),
    voice: ({ engine, url, model, voice, key }, signal) =>
      tryVoice({ engine, url, model, voice, key, text: sentence, clock, log, signal }),
    ears: ({ model }, signal) =>
      tryHearing({
        modelPath: model,
        language: textOf(config, "whisper", "language"),
        useGpu: valueOf(config, "whisper", "no-gpu") !== true,
        clock,
        signal,
        limitMs: hearingLimitMs,
      }),
  };
}

const sentence = "Hello, how can I help you?";

/** Never rejects: a server that does not say is asked by the trial that follows. */
async function chatModels(
  { url, key }: ServerAddress,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(listLimitMs)]);
    return (await listModels(chatBase(url), key, limited))?.models ?? [];
  } catch {
    return [];
  }
}

async function speechVoices(
  { url, key }: ServerAddress,
  around: { readonly clock: Clock; readonly log: Logger },
): Promise<readonly string[]> {
  let engine: OpenAiSpeech | undefined;
  try {
    engine = new OpenAiSpeech({ url, key, ...around });
    await engine.refreshVoices();
    return engine.voices;
  } catch {
    return [];
  } finally {
    await engine?.close();
  }
}

async function tlsOf(config: EffectiveConfig) {
  const path = textOf(config, "sip", "tls-ca");
  // A file that is not there is told by the service.
  const read = path === undefined ? undefined : Bun.file(path).text();
  const ca = await read?.catch(() => undefined);
  return { ca, verify: valueOf(config, "sip", "tls-insecure") !== true };
}

/** Whether the address can be had; it is free again when this returns. */
function tryListening(listen: string): Finding {
  try {
    const { host, port } = parseHostPort(listen, "AudioSocket");
    const refuse = { data: () => undefined, closed: () => undefined };
    const server = listenTcp({ hostname: host, port, maxPendingBytes: 0, accept: () => refuse });
    server.stop(true);
    return ok(`${listen} is free; in the dialplan: AudioSocket(\${UUID},${listen})`);
  } catch (error) {
    const said = describeError(error);
    if (said.includes("EADDRINUSE")) {
      const fix = "right if that is Wildfire, running already; else choose another port";
      return warning(`another program listens on ${listen}`, fix);
    }
    return fault(said, "choose an address of this machine, such as 127.0.0.1:9092");
  }
}
