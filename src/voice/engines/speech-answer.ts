/** What a speech server's answer means before its sound is looked at: content types, refusals, voices. */
import { quote, WildfireError } from "../../core/errors.ts";

const rawTypes: ReadonlySet<string> = new Set(["audio/pcm", "audio/x-pcm", "audio/raw"]);
const wavTypes: ReadonlySet<string> = new Set([
  "audio/wav",
  "audio/x-wav",
  "audio/wave",
  "audio/vnd.wave",
]);
/** Said by servers that know no better; the first bytes decide. */
const vagueTypes: ReadonlySet<string> = new Set(["", "application/octet-stream"]);

/**
 * The rate of raw samples that a content type names, or `usualHz`; throws a WildfireError for a type
 * that is neither samples nor WAV.
 */
export function requireSpeechType(contentType: string | null, usualHz: number): number {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const name = type.trim();
  if (!rawTypes.has(name) && !wavTypes.has(name) && !vagueTypes.has(name)) {
    const message = `the speech server answered with ${quote(name)} instead of samples`;
    throw new WildfireError("audio", message, {
      hint: 'it must know response_format "pcm" or "wav": check --url',
    });
  }
  for (const parameter of parameters) {
    const rate = /^\s*rate=(\d{4,6})\s*$/.exec(parameter)?.[1];
    if (rate !== undefined) return Number(rate);
  }
  return usualHz;
}

const hints: Readonly<Record<number, string>> = {
  400: "check --voice and --speech-model",
  401: "give the key of the speech server",
  403: "give the key of the speech server",
  404: "check --url: it must end before /v1/audio/speech",
  405: "check --url: it must end before /v1/audio/speech",
  413: "the text is too long for this server",
  422: "check --voice and --speech-model",
  429: "the speech server is asked too often: give it more resources or use another",
};

const detailLimit = 160;

export interface Refusal {
  readonly status: number;
  /** The start of the body. */
  readonly body: string;
  /** Must not be shown, should the server repeat it. */
  readonly secret: string | undefined;
}

/** One line with the server's own words, as far as they are about the request and not a copy of it. */
export function refusedSpeech({ status, body, secret }: Refusal): WildfireError {
  const words = reasonOf(body);
  const shown = secret === undefined ? words : words.replaceAll(secret, "…");
  const reason = shown === "" ? "" : `: ${quote(shown, detailLimit)}`;
  const isRedirect = status >= 300 && status < 400;
  const hint = isRedirect
    ? "give the address that it redirects to as --url"
    : (hints[status] ?? "look into the log of the speech server");
  return new WildfireError("socket", `the speech server answered ${status}${reason}`, { hint });
}

/** A body that is no JSON is not shown: it may repeat the text that was to be spoken. */
function reasonOf(body: string): string {
  return findReason(parseJson(body), 0);
}

function findReason(value: unknown, depth: number): string {
  if (depth > 3 || value === null || value === undefined) return "";
  if (typeof value === "string") return depth === 0 ? "" : value;
  if (Array.isArray(value)) return findReason(value[0], depth + 1);
  if (typeof value !== "object") return "";
  for (const key of ["error", "detail", "message", "msg"]) {
    const found = findReason(fieldOf(value, key), depth + 1);
    if (found !== "") return found;
  }
  return "";
}

const maxVoices = 1000;
const maxVoiceCharacters = 100;

/** The voices of `GET /v1/audio/voices`: names, or objects with an id or a name; nothing for other texts. */
export function readVoices(body: string): readonly string[] {
  const parsed = parseJson(body);
  const list = Array.isArray(parsed) ? parsed : fieldOf(parsed, "voices");
  if (!Array.isArray(list)) return [];
  const names = new Set<string>();
  for (const item of list.slice(0, maxVoices)) {
    const name: unknown =
      typeof item === "string" ? item : (fieldOf(item, "id") ?? fieldOf(item, "name"));
    if (typeof name === "string" && name !== "" && name.length <= maxVoiceCharacters)
      names.add(name);
  }
  return [...names];
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
