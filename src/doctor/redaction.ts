/** Takes out of what goes into a support archive whatever says who called whom and what was said: pure. */
import { hideCredentials, soundsSecret } from "../config/hidden-credentials.ts";
import type { ServiceRecord } from "../supervisor/service-record.ts";

const hidden = "(hidden)";
/** Long enough to be somebody's number, and no time, port or process. */
const telephoneNumber = /\+?\d(?:[\d() .-]{5,}\d)/g;
const isoTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Names of members that hold words, people or numbers. */
const privateNames =
  /^(?:text|words|heard|prompt|system|greeting|apology|phrase|transfer|remote|caller|from|to|number|digits?|displayName|committed|tentative|transcripts?|user|content)$/i;
const secretNames = /key$/i;
const maxDepth = 12;

/** A copy of plain data without private members, secrets and telephone numbers. */
export function redact(value: unknown, depth = 0): unknown {
  return copyOf(value, depth, false);
}

/** Of what is private its numbers stay: counters of texts stand under the same names as texts. */
function copyOf(value: unknown, depth: number, isPrivate: boolean): unknown {
  if (depth > maxDepth) return hidden;
  if (typeof value === "string")
    return isPrivate && !isHarmless(value) ? hidden : redactText(value);
  if (Array.isArray(value)) return value.map((entry) => copyOf(entry, depth + 1, isPrivate));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, unknown] => {
      const isMore = privateNames.test(name) || soundsSecret(name) || secretNames.test(name);
      return [redactText(name), copyOf(member, depth + 1, isPrivate || isMore)];
    }),
  );
}

/** The key of a call is its number in the order of calls; a machine's address is nobody's. */
function isHarmless(text: string): boolean {
  return (
    /^\d{1,5}(?:\/\d{1,5})?$/.test(text) || /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/.test(text)
  );
}

export function redactText(text: string): string {
  if (isoTime.test(text)) return text;
  return hideCredentials(text).replaceAll(telephoneNumber, (found) =>
    isAddress(found) || found.replaceAll(/\D/g, "").length < 6 ? found : "(number)",
  );
}

/** Addresses of machines are what most faults are about. */
function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || /^\d{1,5}-\d{1,5}$/.test(text);
}

/** Fields of log records whose text says something of machines, and nothing of people. */
const harmlessFields: ReadonlySet<string> = new Set([
  "address",
  "advice",
  "backend",
  "codec",
  "commit",
  "cpu",
  "engine",
  "errno",
  "hint",
  "kind",
  "llama",
  "model",
  "outcome",
  "path",
  "peer",
  "pattern",
  "reason",
  "registrar",
  "restarted",
  "services",
  "signal",
  "started",
  "state",
  "stopped",
  "transport",
  "version",
]);

/** Numbers and known words stay: with --log-private any other field may hold what a caller said. */
export function redactRecord({ wallMs, level, service, message, fields }: ServiceRecord): string {
  const kept = Object.entries(fields).filter(
    ([name, value]) =>
      harmlessFields.has(name) || typeof value === "number" || typeof value === "boolean",
  );
  const isPanic = fields["stream"] === "stderr" && typeof fields["text"] === "string";
  const time = new Date(wallMs).toISOString();
  const shown = isPanic
    ? { output: redact(fields["text"]) }
    : Object.fromEntries(kept.map(([name, value]) => [name, redact(value)]));
  return JSON.stringify({ time, level, service, message: redactText(message), ...shown });
}
