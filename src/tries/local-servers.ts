/** Finds chat servers and speech servers on this host, at the ports that they usually have. */
import type { Clock } from "../core/clock.ts";
import { fieldOf } from "../llama-bridge/chat/loose-json.ts";
import { readVoices } from "../voice/engines/speech-answer.ts";
import { getJson, type GotJson } from "./bounded-get.ts";
import { listModels, type ModelList } from "./model-list.ts";
import { TrialEnd } from "./trial.ts";

export interface FindServers {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where to look: the usual ports unless given. */
  readonly places?: readonly ServerPlace[] | undefined;
  /** 1 s unless given. */
  readonly limitMs?: number | undefined;
}

export interface ServerPlace {
  readonly port: number;
  /** What usually has this port, for people. */
  readonly kind: string;
}

export interface FoundChatServer {
  /** `llama-server`, `Ollama` … */
  readonly kind: string;
  readonly url: string;
  readonly models: readonly string[];
}

export interface FoundSpeechServer {
  /** `Kokoro-FastAPI` … */
  readonly kind: string;
  readonly url: string;
  /** Empty where it does not list them. */
  readonly voices: readonly string[];
}

const usualLimitMs = 1000;

const chatPlaces: readonly ServerPlace[] = [
  { port: 8080, kind: "llama-server" },
  { port: 11_434, kind: "Ollama" },
  { port: 8000, kind: "vLLM" },
  { port: 1234, kind: "LM Studio" },
];

const speechPlaces: readonly ServerPlace[] = [
  { port: 8880, kind: "Kokoro-FastAPI" },
  { port: 8000, kind: "speaches" },
  { port: 5005, kind: "Orpheus-FastAPI" },
  { port: 4123, kind: "Chatterbox" },
  { port: 8080, kind: "LocalAI" },
];

/** What servers write into `owned_by`, in lower case. */
const kindsByOwner: ReadonlyMap<string, string> = new Map([
  ["llamacpp", "llama-server"],
  ["library", "Ollama"],
  ["vllm", "vLLM"],
  ["organization_owner", "LM Studio"],
]);

/** Never rejects; all places are asked at once. */
export async function findChatServers(wanted: FindServers): Promise<readonly FoundChatServer[]> {
  const { places = chatPlaces } = wanted;
  return await atAll(places, wanted, async ({ port, kind }, signal) => {
    const url = addressOf(port);
    const list = await listModels(`${url}/v1`, undefined, signal);
    // A speech server lists its models in the same way.
    if (list === undefined || isForSpeech(list)) return undefined;
    return { kind: kindsByOwner.get(list.owner.toLowerCase()) ?? kind, url, models: list.models };
  });
}

/** Never rejects; all places are asked at once. */
export async function findSpeechServers(
  wanted: FindServers,
): Promise<readonly FoundSpeechServer[]> {
  const { places = speechPlaces } = wanted;
  return await atAll(places, wanted, async ({ port, kind }, signal) => {
    const url = addressOf(port);
    const [voices, document] = await Promise.all([
      getJson(`${url}/v1/audio/voices`, undefined, signal),
      getJson(`${url}/openapi.json`, undefined, signal),
    ]);
    const names = voicesOf(voices);
    if (names.length === 0 && !describesSpeech(document)) return undefined;
    return { kind, url, voices: names };
  });
}

async function atAll<Found>(
  places: readonly ServerPlace[],
  { clock, signal, limitMs = usualLimitMs }: FindServers,
  look: (place: ServerPlace, signal: AbortSignal) => Promise<Found | undefined>,
): Promise<readonly Found[]> {
  const end = new TrialEnd(clock, limitMs, signal);
  try {
    const found = await Promise.all(places.map((place) => look(place, end.signal)));
    return found.filter((one) => one !== undefined);
  } finally {
    end.release();
  }
}

/** Not `localhost`, which some systems take for ::1 first. */
function addressOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

const speechNames = /(^|[/_-])(tts|kokoro|whisper|orpheus|chatterbox|piper)/i;

function isForSpeech({ models }: ModelList): boolean {
  return models.length > 0 && models.every((name) => speechNames.test(name));
}

function voicesOf(got: GotJson): readonly string[] {
  if (got.kind !== "json" || got.status !== 200) return [];
  return readVoices(JSON.stringify(got.value)).filter((name) => !/\p{C}/u.test(name));
}

/** Most of these servers publish what they can do. */
function describesSpeech(got: GotJson): boolean {
  if (got.kind !== "json" || got.status !== 200) return false;
  return fieldOf(fieldOf(got.value, "paths"), "/v1/audio/speech") !== undefined;
}
