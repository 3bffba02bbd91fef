/** The file that says which HTTP addresses the model may ask: TOML, a table `[[http]]` for each tool. */
import { parseToml, type TomlTable } from "../config/toml-parse.ts";
import type { Clock } from "../core/clock.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { httpTool, type HttpToolOptions } from "../llama-bridge/conversation/http-tool.ts";
import type { Tool } from "../llama-bridge/conversation/tool.ts";
import { CheckedTable } from "./checked-table.ts";
import { parameterSchema } from "./tool-parameters.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const maxFileBytes = 256 << 10;
const maxTools = 32;
const maxDescriptionChars = 1000;
const maxUrlChars = 2000;
const maxHeaders = 32;
const timeoutRange = { min: 100, max: 60_000 };

const keys = [
  "name",
  "description",
  "url",
  "method",
  "timeout-ms",
  "headers",
  "parameters",
] as const;
const methods = ["GET", "POST", "PUT", "PATCH"] as const;
/** What the OpenAI convention allows in the name of a function. */
const nameForm = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** What each call has anyhow. */
const builtInNames: ReadonlySet<string> = new Set(["hang_up", "transfer", "send_digits"]);
/** The whole value, or its last word: "Bearer env:ORDERS_KEY". */
const secretForm = /^(?:(.* ))?env:(.*)$/s;
const variableForm = /^[A-Za-z_]\w{0,63}$/;

/** In the order of the file; throws a WildfireError("config") of one line that names the file and the tool. */
export async function loadToolFile(
  path: string,
  clock: Clock,
  env: Environment = process.env,
): Promise<Tool[]> {
  const shownPath = quote(path, 200);
  const text = await readToolText(path, shownPath);
  const file = new CheckedTable(readTable(text, shownPath), `tool file ${shownPath}`, ["http"]);
  const entries = file.value("http") ?? [];
  if (!Array.isArray(entries)) {
    throw file.problem("has an http that is no list", "write [[http]] above each tool");
  }
  if (entries.length > maxTools) {
    throw file.problem(`has ${entries.length} tools`, `${maxTools} are the most`);
  }
  const taken = new Set(builtInNames);
  return entries.map((entry: unknown, index) => {
    const where = `tool file ${shownPath}: ${shownName(entry) ?? `tool number ${index + 1}`}`;
    const table = new CheckedTable(entry, where, keys);
    const options = toolOptions(table, env);
    if (taken.has(options.name)) {
      const hint = `rename it: ${[...builtInNames].join(", ")} are built in, others are in use`;
      throw table.problem("has a name that is taken", hint);
    }
    taken.add(options.name);
    return makeTool(table, options, clock);
  });
}

async function readToolText(path: string, shownPath: string): Promise<string> {
  try {
    const file = Bun.file(path);
    const { size } = await file.stat();
    if (size <= maxFileBytes) return await file.text();
    throw new WildfireError("config", `tool file ${shownPath} has ${size} bytes`, {
      hint: `${maxFileBytes} are the most`,
    });
  } catch (error) {
    if (error instanceof WildfireError) throw error;
    const message = `tool file ${shownPath} cannot be read: ${describeError(error)}`;
    throw new WildfireError("config", message, { cause: error, hint: "check name and rights" });
  }
}

/** The parser's own error quotes what it cannot read, which may be a secret. */
function readTable(text: string, shownPath: string): TomlTable {
  const result = parseToml(text);
  if (result.ok) return result.table;
  const { line, reason } = result.fault;
  const message = `tool file ${shownPath} is not valid TOML: line ${line}: ${reason}`;
  throw new WildfireError("config", message);
}

/** For messages, before it is known whether the name can be one. */
function shownName(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null || !("name" in entry)) return undefined;
  return typeof entry.name === "string" ? `tool ${quote(entry.name)}` : undefined;
}

function toolOptions(table: CheckedTable, env: Environment): HttpToolOptions {
  const name = table.text("name", Infinity);
  if (!nameForm.test(name)) {
    const hint = "use up to 64 letters, digits, _ and -, beginning with a letter";
    throw table.badValue("name", "one that a model can use", hint);
  }
  return {
    name,
    description: table.text("description", maxDescriptionChars),
    url: table.text("url", maxUrlChars),
    method: table.has("method") ? table.choice("method", methods) : "GET",
    timeoutMs: table.integer("timeout-ms", timeoutRange),
    headers: headersOf(table.table("headers"), env),
    parameters: parameterSchema(table.table("parameters")),
  };
}

function headersOf(table: CheckedTable, env: Environment): Readonly<Record<string, string>> {
  const names = table.keys;
  if (names.length > maxHeaders) {
    throw table.problem(`has ${names.length} entries`, `${maxHeaders} are the most`);
  }
  return Object.fromEntries(names.map((name) => [name, headerOf(table, name, env)]));
}

/** Messages name the header and never show its value, which may be a secret. */
function headerOf(table: CheckedTable, name: string, env: Environment): string {
  const shown = quote(name);
  const value = table.value(name);
  if (typeof value !== "string") throw table.problem(`has a value for ${shown} that is no text`);
  const header = withSecret(value.trim(), env, (what, hint) =>
    table.problem(`has an entry ${shown} that ${what}`, hint),
  );
  try {
    new Headers().set(name, header);
    return header;
  } catch {
    const hint = "look for line breaks, and for characters that no header can have";
    throw table.problem(`has an entry ${shown} that cannot be a header`, hint);
  }
}

/** What stands behind `env:` is shown only where it can be a name, since it might be the secret itself. */
function withSecret(
  value: string,
  env: Environment,
  problem: (what: string, hint: string) => WildfireError,
): string {
  const [, before = "", variable] = secretForm.exec(value) ?? [];
  if (variable === undefined) return value;
  if (!variableForm.test(variable)) {
    throw problem("takes its value from no variable", "write env: and the name of one");
  }
  const secret = env[variable]?.trim() ?? "";
  if (secret !== "") return `${before}${secret}`;
  throw problem(`needs the variable ${variable}`, "set it in the environment of the llama service");
}

function makeTool(table: CheckedTable, options: HttpToolOptions, clock: Clock): Tool {
  try {
    return httpTool(options, clock);
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    throw table.problem(`cannot be made: ${error.message}`, error.hint);
  }
}
