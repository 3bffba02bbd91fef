/** What the scripts of pages with trials share: asking the server, reading what it tells, showing it. */
import type { PageDocument, PageElement } from "./dom.ts";
import { type Fields, parseFields, textOf } from "./fields.ts";
import { refusal, send } from "./server-request.ts";

declare const document: PageDocument;

/** What a setting's field holds that may be changed by whoever looks at it; empty for all others. */
export function settingValue(name: string): string {
  const field = document.querySelector(`[data-setting="${name}"]`);
  if (field === null || field.hasAttribute("data-fixed")) return "";
  const text = field.value?.trim() ?? "";
  const isEmptied = text === "" && field.getAttribute("data-was") !== "";
  // What is left out of a request counts as it is saved.
  return isEmptied ? (field.getAttribute("data-usual") ?? "") : text;
}

export function secretValue(name: string): string {
  const field = document.querySelector(`[data-secret="${name}"]`);
  return field?.value?.trim() ?? "";
}

/** Fields with something in them, for a request. */
export function filled(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

/** Throws what the server says is wrong. */
export async function postTry(path: string, body: object, signal: AbortSignal): Promise<Response> {
  const response = await send(path, { body, signal });
  if (response.ok) return response;
  throw new Error(refusal(parseFields(await response.text()), response.status));
}

/** Server-sent events of a response that ends. */
export async function readEvents(
  response: Response,
  on: (name: string, fields: Fields) => void,
): Promise<void> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    const blocks = (rest + decoder.decode(part.value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, name = "", data = ""] = /^event: (.*)\ndata: ([^]*)$/.exec(block) ?? [];
      on(name, parseFields(data));
    }
  }
}

/** `seen` and `fix` of a result, and how good it is. */
export function showResult(place: PageElement | null, fields: Fields): void {
  if (place === null) return;
  const fix = textOf(fields, "fix");
  const level = textOf(fields, "level");
  place.textContent = [textOf(fields, "seen"), fix].filter((text) => text !== "").join("; ");
  place.setAttribute("data-level", level);
}

function showError(place: PageElement | null, error: unknown): void {
  const seen = error instanceof Error ? error.message : String(error);
  showResult(place, { level: "fault", seen });
}

/** One trial at a time: a button starts it, another one ends it, and `verdict` says why it failed. */
export function onTry(
  verdict: PageElement | null,
  run: (signal: AbortSignal) => Promise<void>,
): void {
  const start = document.getElementById("try-start");
  const stop = document.getElementById("try-stop");
  let running: AbortController | undefined;
  const show = (isRunning: boolean): void => {
    if (start !== null) start.disabled = isRunning;
    if (stop !== null) stop.hidden = !isRunning;
  };
  start?.addEventListener("click", () => {
    if (running !== undefined) return;
    const trial = new AbortController();
    const { signal } = trial;
    running = trial;
    show(true);
    void run(signal)
      .catch((error: unknown) => {
        if (signal.aborted) showResult(verdict, { level: "skipped", seen: "Stopped." });
        else showError(verdict, error);
      })
      .finally(() => {
        running = undefined;
        show(false);
      });
  });
  stop?.addEventListener("click", () => running?.abort());
}

/** What is offered while one types into a field. */
function offer(field: PageElement | null, id: string, names: readonly string[]): void {
  const list = document.getElementById(id);
  if (field === null || list === null) return;
  list.replaceChildren?.(
    ...names.map((name) => {
      const option = document.createElement("option");
      option.setAttribute("value", name);
      return option;
    }),
  );
  field.setAttribute("list", id);
}

/** As if somebody had typed it. */
export function fillIn(name: string, value: string): void {
  const field = document.querySelector(`[data-setting="${name}"]`);
  if (field === null || field.hasAttribute("data-fixed")) return;
  field.value = value;
  field.dispatchEvent?.(new Event("input", { bubbles: true }));
}

interface Offered {
  readonly kind: string;
  readonly url: string;
  /** Models or voices. */
  readonly names: readonly string[];
}

/** Servers on this host; undefined where they cannot be asked for. */
async function findServers(
  kind: "chat" | "speech",
  names: string,
): Promise<readonly Offered[] | undefined> {
  const response = await fetch("/api/v1/tries/servers").catch(() => undefined);
  if (response?.ok !== true) return undefined;
  const found = parseFields(await response.text())[kind];
  const servers: readonly unknown[] = Array.isArray(found) ? found : [];
  return servers.map((server) => {
    const fields = parseFields(JSON.stringify(server));
    const list = fields[names];
    const texts = Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
    return { kind: textOf(fields, "kind"), url: textOf(fields, "url"), names: texts };
  });
}

export interface ServerChoice {
  readonly kind: "chat" | "speech";
  /** What a server has, and the setting that takes one of them. */
  readonly word: "model" | "voice";
  readonly setting: string;
  /** What that setting takes without any server. */
  readonly builtin: readonly string[];
  readonly use: (server: Offered) => void;
}

/** The servers of this host, each on a line, with a button that fills in the form for those who may. */
export async function offerServers(choice: ServerChoice): Promise<void> {
  const place = document.getElementById("servers");
  if (place === null) return;
  const { kind, word, setting, builtin, use } = choice;
  const found = await findServers(kind, `${word}s`);
  const servers = found ?? [];
  const field = document.querySelector(`[data-setting="${setting}"]`);
  const names = servers.flatMap((server) => server.names);
  offer(field, `${word}-names`, [...new Set([...builtin, ...names])]);
  const mayUse = field !== null && !field.hasAttribute("data-fixed");
  const entries = servers.map((server) => serverLine(server, word, mayUse ? use : undefined));
  place.replaceChildren?.(...entries);
  const none = document.getElementById("no-servers");
  const whyNone =
    found === undefined
      ? "they could not be looked for: reload the page."
      : "none was found on this host.";
  if (none !== null) none.textContent = servers.length === 0 ? whyNone : "";
}

function serverLine(
  server: Offered,
  word: string,
  onUse: ((server: Offered) => void) | undefined,
): PageElement {
  const count = server.names.length;
  const text = document.createElement("span");
  text.textContent = `${nameOf(server)}, ${count} ${word}${count === 1 ? "" : "s"}`;
  const entry = document.createElement("li");
  entry.replaceChildren?.(text);
  if (onUse === undefined) return entry;
  const button = document.createElement("button");
  button.setAttribute("type", "button");
  button.textContent = "Fill in";
  button.addEventListener("click", () => onUse(server));
  entry.replaceChildren?.(text, button);
  return entry;
}

function nameOf({ kind, url }: Offered): string {
  return kind === "configured" ? `${url} (the configured one)` : `${kind} at ${url}`;
}
