/** The answers of setup as options of the command line, for scripts. */
import { resolve } from "node:path";
import { passwordFor } from "../call/sip/registration/line-password.ts";
import { parseLine } from "../call/sip/registration/sip-line.ts";
import type { OptionTable, OptionValues } from "../config/options.ts";
import { secretVariables } from "../config/secrets-file.ts";
import { nearestName } from "../config/nearest-name.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { isLoopback } from "../web/request-origin.ts";
import {
  extensionProblem,
  listenProblem,
  pbxProblem,
  secretProblem,
} from "./questions/calls-question.ts";
import { pagePasswordProblem } from "./questions/page-question.ts";
import { isSameOrigin, urlProblem } from "./questions/server-question.ts";
import { type LineState, lineText, type SetupState } from "./setup-state.ts";

export const setupOptions = {
  pbx: { kind: "string", value: "HOST", help: "address of the PBX: HOST[:PORT][;transport=tls]" },
  extension: { kind: "string", value: "N", help: "the extension that Wildfire is" },
  "password-file": { kind: "string", value: "FILE", help: "its password, alone in a file" },
  "password-stdin": { kind: "boolean", help: "its password, from standard input" },
  audiosocket: {
    kind: "string",
    value: "HOST:PORT",
    help: "take calls from Asterisk's AudioSocket",
  },
  llama: { kind: "string", value: "URL", help: "chat server that answers" },
  "llama-model": { kind: "string", value: "NAME", help: "its model" },
  "llama-key-file": { kind: "string", value: "FILE", help: "its key, alone in a file" },
  echo: { kind: "boolean", help: "no chat server: an echo answers" },
  voice: { kind: "string", value: "NAME", help: "the voice" },
  "speech-url": { kind: "string", value: "URL", help: "speech server that speaks" },
  "speech-model": { kind: "string", value: "NAME", help: "its model" },
  "speech-key-file": { kind: "string", value: "FILE", help: "its key, alone in a file" },
  "builtin-voice": { kind: "boolean", help: "no speech server: the built-in voice" },
  model: {
    kind: "string",
    value: "NAME|FILE",
    help: "whisper model: a file; a name such as base.en, downloaded if need be; or demo",
  },
  "models-dir": { kind: "string", value: "DIR", help: "folder of the models" },
  mirror: { kind: "string", value: "URL", help: "where to get them" },
  "web-password-file": { kind: "string", value: "FILE", help: "password of the web page" },
  "no-web-password": { kind: "boolean", help: "no password: the page is for this machine only" },
  "web-bind": {
    kind: "string",
    value: "ADDRESS",
    help: "address of the page; 0.0.0.0: for others too, by https, which needs a password",
  },
  config: { kind: "string", value: "FILE", help: "the file to write" },
  yes: { kind: "boolean", short: "y", help: "ask nothing: take what is given, and what is there" },
  "no-try": { kind: "boolean", help: "with --yes: try nothing" },
  force: { kind: "boolean", help: "with --yes: write it even if a trial fails" },
  json: { kind: "boolean", help: "with --yes: one JSON object" },
  "state-dir": { kind: "string", value: "DIR", help: "state folder of the services" },
  help: { kind: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

export type SetupValues = OptionValues<typeof setupOptions>;

export type SetupTopic = keyof SetupState;

/** What files and standard input hold for the options that name them. */
export interface GivenSecrets {
  readonly password: string | undefined;
  readonly llamaKey: string | undefined;
  readonly speechKey: string | undefined;
  readonly pagePasswordHash: string | undefined;
}

export interface GivenAnswers {
  readonly values: SetupValues;
  readonly secrets: GivenSecrets;
  /** Passwords of lines may stand in it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly builtinVoices: readonly string[];
}

const topicOptions: Readonly<Record<SetupTopic, readonly (keyof SetupValues)[]>> = {
  calls: ["pbx", "extension", "password-file", "password-stdin", "audiosocket"],
  brain: ["llama", "llama-model", "llama-key-file", "echo"],
  voice: ["voice", "speech-url", "speech-model", "speech-key-file", "builtin-voice"],
  ears: ["model"],
  page: ["web-password-file", "no-web-password", "web-bind"],
};

/** What the command line speaks of. */
export function givenTopics(values: SetupValues): ReadonlySet<SetupTopic> {
  const topics = (["calls", "brain", "voice", "ears", "page"] as const).filter((topic) =>
    topicOptions[topic].some((name) => values[name] !== undefined && values[name] !== false),
  );
  return new Set(topics);
}

/**
 * The state with what was given; the model that hears is not in it, since it may have to be downloaded.
 * Pure. Throws a WildfireError("usage") that names the option.
 */
export function applyGiven(state: SetupState, given: GivenAnswers): SetupState {
  const topics = givenTopics(given.values);
  return {
    ...state,
    calls: topics.has("calls") ? givenCalls(state.calls, given) : state.calls,
    brain: topics.has("brain") ? givenBrain(state.brain, given) : state.brain,
    voice: topics.has("voice") ? givenVoice(state.voice, given) : state.voice,
    page: topics.has("page") ? givenPage(state.page, given) : state.page,
  };
}

function givenCalls(present: SetupState["calls"], given: GivenAnswers): SetupState["calls"] {
  const { audiosocket = present.audiosocket } = given.values;
  if (audiosocket !== undefined) refuseIf("--audiosocket", audiosocket, listenProblem(audiosocket));
  const isAboutLine = topicOptions.calls
    .slice(0, -1)
    .some((name) => given.values[name] !== undefined && given.values[name] !== false);
  return { line: isAboutLine ? givenLine(present.line, given) : present.line, audiosocket };
}

function givenLine(present: LineState | undefined, given: GivenAnswers): LineState {
  const { values, secrets, env } = given;
  const pbx = values.pbx ?? present?.pbx ?? missing("--pbx", "the address of the PBX");
  refuseIf("--pbx", pbx, pbxProblem(pbx));
  const user = values.extension ?? present?.user ?? missing("--extension", "such as 200");
  refuseIf("--extension", user, extensionProblem(user, pbx));
  const address = { user, pbx };
  const isSame = present !== undefined && lineText(present) === lineText(address);
  const kept = isSame ? present.password : undefined;
  const password = secrets.password ?? passwordInEnvironment(lineText(address), env) ?? kept;
  if (password !== undefined) return { ...address, password };
  throw new WildfireError("usage", `there is no password for ${lineText(address)}`, {
    hint: "give --password-file FILE, --password-stdin or WILDFIRE_LINE_PASSWORD",
  });
}

function passwordInEnvironment(text: string, env: GivenAnswers["env"]): string | undefined {
  const parsed = parseLine(text);
  const found = parsed.ok ? passwordFor(parsed.line, env) : undefined;
  return found?.ok === true ? found.password : undefined;
}

function givenBrain(
  present: SetupState["brain"],
  { values, secrets }: GivenAnswers,
): SetupState["brain"] {
  if (values.echo) {
    const other = firstGiven(values, ["llama", "llama-model", "llama-key-file"]);
    if (other !== undefined) throw contradiction("--echo", other);
    return { ...present, backend: "echo" };
  }
  const url = values.llama ?? present.url ?? missing("--llama", "the address of the chat server");
  refuseIf("--llama", url, urlProblem(url));
  const kept = isSameOrigin(present.url, url) ? present.key : undefined;
  const model = values["llama-model"] ?? present.model;
  return { backend: "openai", url, model, key: secrets.llamaKey ?? kept };
}

function givenVoice(present: SetupState["voice"], given: GivenAnswers): SetupState["voice"] {
  const { "builtin-voice": isBuiltin, "speech-url": url } = given.values;
  const ofServer = firstGiven(given.values, ["speech-url", "speech-model", "speech-key-file"]);
  if (isBuiltin && ofServer !== undefined) throw contradiction("--builtin-voice", ofServer);
  const staysBuiltin = present.engine === "builtin" && url === undefined;
  if (staysBuiltin && ofServer !== undefined) missing("--speech-url", `the server of ${ofServer}`);
  return isBuiltin || staysBuiltin
    ? givenBuiltinVoice(present, given)
    : givenSpeechServer(present, given);
}

/** As it is written: `--speech-model`. */
function firstGiven(
  values: SetupValues,
  names: readonly (keyof SetupValues)[],
): string | undefined {
  const name = names.find((option) => values[option] !== undefined);
  return name === undefined ? undefined : `--${name}`;
}

function givenBuiltinVoice(
  present: SetupState["voice"],
  { values, builtinVoices }: GivenAnswers,
): SetupState["voice"] {
  const voice = values.voice ?? (present.engine === "builtin" ? present.voice : undefined);
  if (voice !== undefined) requireBuiltin(voice, builtinVoices);
  return { ...present, engine: "builtin", voice };
}

function givenSpeechServer(
  present: SetupState["voice"],
  { values, secrets }: GivenAnswers,
): SetupState["voice"] {
  const url = values["speech-url"] ?? present.url ?? missing("--speech-url", "its address");
  refuseIf("--speech-url", url, urlProblem(url));
  // Key and voice are those of one server.
  const kept = isSameOrigin(present.url, url) ? present : undefined;
  const keptVoice = kept?.engine === "openai-speech" ? kept.voice : undefined;
  return {
    engine: "openai-speech",
    url,
    model: values["speech-model"] ?? present.model,
    voice: values.voice ?? keptVoice,
    key: secrets.speechKey ?? kept?.key,
  };
}

function requireBuiltin(voice: string, voices: readonly string[]): void {
  if (voices.includes(voice)) return;
  const nearest = nearestName(voice, voices);
  throw new WildfireError("usage", `--voice ${quote(voice)} is none of the built-in voice`, {
    hint: nearest === undefined ? `there are: ${voices.join(", ")}` : `did you mean ${nearest}?`,
  });
}

function givenPage(
  present: SetupState["page"],
  { values, secrets, env }: GivenAnswers,
): SetupState["page"] {
  if (values["no-web-password"]) {
    if (values["web-password-file"] !== undefined) {
      throw contradiction("--no-web-password", "--web-password-file");
    }
    const bind = values["web-bind"] ?? "127.0.0.1";
    return requirePassword({ ...present, passwordHash: undefined, bind });
  }
  const passwordHash = secrets.pagePasswordHash ?? present.passwordHash;
  const bind = values["web-bind"] ?? present.bind;
  // What others may open is encrypted from the beginning; somebody's `tls = "off"` stays otherwise.
  const isSecure = present.isSecure || (!isLoopback(bind) && isLoopback(present.bind));
  const page = { ...present, passwordHash, bind, isSecure };
  // A page that is open already has its password from elsewhere: without one it would not start.
  const isElsewhere = (env[secretVariables["web-password-hash"]] ?? "") !== "";
  return isElsewhere || !isLoopback(present.bind) ? page : requirePassword(page);
}

function requirePassword(page: SetupState["page"]): SetupState["page"] {
  if (page.passwordHash !== undefined || isLoopback(page.bind)) return page;
  throw new WildfireError("usage", `--web-bind ${quote(page.bind)} shows the page to others`, {
    hint: "give it a password with --web-password-file FILE",
  });
}

/** The text alone, without the line break that editors put behind it. Throws a WildfireError("usage"). */
export function onlyLine(text: string, option: string): string {
  const line = text.replace(/^\uFEFF/, "").replace(/\r?\n$/, "");
  const shown = { hint: "write it there alone, on one line" };
  if (line.trim() === "") throw new WildfireError("usage", `${option}: there is nothing`, shown);
  const lines = line.split("\n").length;
  if (lines > 1) throw new WildfireError("usage", `${option}: there are ${lines} lines`, shown);
  const problem = secretProblem(line);
  if (problem === undefined) return line;
  throw new WildfireError("usage", `${option}: ${problem}`, shown);
}

/** Throws a WildfireError("usage") for a password of the page that is none. */
export function pagePassword(text: string, option: string): string {
  const password = onlyLine(text, option);
  const problem = pagePasswordProblem(password);
  if (problem === undefined) return password;
  throw new WildfireError("usage", `${option}: ${problem}`, { hint: "choose a longer one" });
}

export type GivenModel =
  | { readonly kind: "demo" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "name"; readonly name: string };

/** What `--model` means: a path has a slash, or the end of a model's file. */
export function readModel(text: string, folder: string): GivenModel {
  if (text === "demo") return { kind: "demo" };
  const isFile = text.includes("/") || text.endsWith(".bin");
  return isFile ? { kind: "file", path: resolve(folder, text) } : { kind: "name", name: text };
}

function refuseIf(option: string, value: string, problem: string | undefined): void {
  if (problem === undefined) return;
  const shown = quote(value);
  // Some problems quote the value already.
  const what = problem.includes(shown) ? problem : `${shown}: ${problem}`;
  throw new WildfireError("usage", `${option} ${what}`.replace(/\.$/, ""));
}

function missing(option: string, what: string): never {
  throw new WildfireError("usage", `${option} is missing`, { hint: `give it: ${what}` });
}

function contradiction(one: string, other: string): WildfireError {
  return new WildfireError("usage", `${one} and ${other} contradict each other`, {
    hint: "give one of them",
  });
}
