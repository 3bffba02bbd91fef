/** From the answers to what is written: only what differs from what stands there. Pure. */
import { ownPasswordNames } from "../call/sip/registration/line-password.ts";
import { lineName, parseLine } from "../call/sip/registration/sip-line.ts";
import type { ConfigChange, SecretChange } from "../config/config-edit.ts";
import type { ConfigValues } from "../config/config-write.ts";
import type { OptionValue } from "../config/options.ts";
import { lineSecretName } from "../config/secrets-file.ts";
import type { Present } from "./setup-present.ts";
import { lineText, type SetupState } from "./setup-state.ts";

export interface SetupPlan {
  readonly changes: readonly ConfigChange[];
  readonly secrets: readonly SecretChange[];
}

type Known = Pick<Present, "state" | "lines" | "run" | "secretLines">;

export function planSetup(present: Known, next: SetupState): SetupPlan {
  return {
    changes: [
      ...runChanges(present, next),
      ...callChanges(present, next),
      ...brainChanges(present.state, next),
      ...voiceChanges(present.state, next),
      ...changed("whisper", "model", present.state.ears.model, next.ears.model),
      ...changed("web", "bind", present.state.page.bind, next.page.bind),
      ...tlsChanges(present.state, next),
    ],
    secrets: [
      ...passwordChanges(present, next),
      ...changedSecret("llama-key", present.state.brain.key, next.brain.key),
      ...changedSecret("speech-key", present.state.voice.key, next.voice.key),
      ...changedSecret(
        "web-password-hash",
        present.state.page.passwordHash,
        next.page.passwordHash,
      ),
    ],
  };
}

/**
 * For a file that is not there yet. What equals its default is left out of such a file, and a way in that
 * is left out would not run: then the services are listed.
 */
export function valuesOfNewFile({ changes }: SetupPlan, { calls }: SetupState): ConfigValues {
  const values: Record<string, Record<string, OptionValue>> = {};
  for (const { section, key, value } of changes) {
    if (value !== undefined) values[section] = { ...values[section], [key]: value };
  }
  if (calls.audiosocket === undefined) return values;
  const ways = calls.line === undefined ? ["audiosocket"] : ["sip", "audiosocket"];
  return { ...values, services: { run: ["web", "kokoro", "llama", "whisper", ...ways] } };
}

/** A list of services that somebody wrote has to name the ways in that are wanted, and no others. */
function runChanges({ run, state }: Known, next: SetupState): readonly ConfigChange[] {
  if (run === undefined) return [];
  const ways = [
    ["sip", state.calls.line, next.calls.line],
    ["audiosocket", state.calls.audiosocket, next.calls.audiosocket],
  ] as const;
  const dropped = ways.filter(([, before, after]) => before !== undefined && after === undefined);
  const added = ways.filter(([name, , after]) => after !== undefined && !run.includes(name));
  if (dropped.length === 0 && added.length === 0) return [];
  const names = new Set<string>(dropped.map(([name]) => name));
  const kept = run.filter((name) => !names.has(name));
  const value = [...kept, ...added.map(([name]) => name)];
  return [{ section: "services", key: "run", value }];
}

function callChanges({ lines, state }: Known, { calls }: SetupState): readonly ConfigChange[] {
  const [, ...others] = lines;
  const wanted = calls.line === undefined ? [] : [lineText(calls.line), ...others];
  const isSame = Bun.deepEquals(wanted, [...lines]);
  const value = wanted.length === 0 ? undefined : wanted;
  return [
    ...(isSame ? [] : [{ section: "sip", key: "line", value }]),
    ...changed("audiosocket", "listen", state.calls.audiosocket, calls.audiosocket),
  ];
}

/** A file with a key would win over the new key. */
function brainChanges(
  { brain: before }: SetupState,
  { brain: after }: SetupState,
): readonly ConfigChange[] {
  return [
    ...changed("llama", "backend", before.backend, after.backend),
    ...changed("llama", "url", before.url, after.url),
    ...changed("llama", "model", before.model, after.model),
    ...(before.key === after.key ? [] : [{ section: "llama", key: "key-file", value: undefined }]),
  ];
}

function voiceChanges(
  { voice: before }: SetupState,
  { voice: after }: SetupState,
): readonly ConfigChange[] {
  return [
    ...changed("kokoro", "engine", before.engine, after.engine),
    ...changed("kokoro", "url", before.url, after.url),
    ...changed("kokoro", "speech-model", before.model, after.model),
    ...changed("kokoro", "voice", before.voice, after.voice),
    ...(before.key === after.key ? [] : [{ section: "kokoro", key: "key-file", value: undefined }]),
  ];
}

/** Setup turns https on, and never off. */
function tlsChanges({ page: before }: SetupState, { page: after }: SetupState): ConfigChange[] {
  if (before.isSecure || !after.isSecure) return [];
  return [{ section: "web", key: "tls", value: "generated" }];
}

/** The password stays under the name that it has; that of a line which is no more goes. */
function passwordChanges(
  { state, lines, secretLines }: Known,
  { calls }: SetupState,
): readonly SecretChange[] {
  const before = state.calls.line;
  const after = calls.line;
  const isThere = (name: string): boolean => secretLines.includes(lineSecretName(name));
  const names = after === undefined ? [] : ownPasswordNames(lineText(after));
  const removed = (lines[0] === undefined ? [] : ownPasswordNames(lines[0]))
    .filter((name) => isThere(name) && !names.includes(name))
    .map((line) => ({ line, value: undefined }));
  if (after?.password === undefined || Bun.deepEquals(before, after)) return removed;
  const line = names.find(isThere) ?? usualName(lineText(after));
  return [...removed, { line, value: after.password }];
}

function usualName(text: string): string {
  const parsed = parseLine(text);
  return parsed.ok ? lineName(parsed.line) : text;
}

function changed(
  section: string,
  key: string,
  before: OptionValue | undefined,
  after: OptionValue | undefined,
): readonly ConfigChange[] {
  return before === after ? [] : [{ section, key, value: after }];
}

function changedSecret(
  name: "llama-key" | "speech-key" | "web-password-hash",
  before: string | undefined,
  after: string | undefined,
): readonly SecretChange[] {
  return before === after ? [] : [{ name, value: after }];
}
