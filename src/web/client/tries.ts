/** What the scripts of pages with trials share: asking the server, reading what it tells, showing it. */
import type { PageDocument, PageElement } from "./dom.ts";
import { type Fields, parseFields, textOf } from "./fields.ts";

declare const document: PageDocument;

/** What a setting's field holds that may be changed by whoever looks at it; empty for all others. */
export function settingValue(name: string): string {
  const field = document.querySelector(`[data-setting="${name}"]`);
  return field === null || field.hasAttribute("data-fixed") ? "" : (field.value?.trim() ?? "");
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
  const session = parseFields(await (await fetch("/api/v1/session", { signal })).text());
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": textOf(session, "csrf") },
    body: JSON.stringify(body),
    signal,
  });
  if (response.ok) return response;
  const answer = parseFields(await response.text());
  const problem = textOf(answer, "error") || `the server answered ${response.status}`;
  throw new Error([problem, textOf(answer, "hint")].filter((text) => text !== "").join("; "));
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
      const [, name = "", data = ""] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
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

export function showError(place: PageElement | null, error: unknown): void {
  const seen = error instanceof Error ? error.message : String(error);
  showResult(place, { level: "fault", seen });
}

/** One trial at a time: the button that starts it, and the one that ends it. */
export function onTry(
  start: PageElement | null,
  stop: PageElement | null,
  run: (signal: AbortSignal) => Promise<void>,
): void {
  let running: AbortController | undefined;
  const show = (isRunning: boolean): void => {
    if (start !== null) start.disabled = isRunning;
    if (stop !== null) stop.hidden = !isRunning;
  };
  start?.addEventListener("click", () => {
    if (running !== undefined) return;
    running = new AbortController();
    show(true);
    void run(running.signal).finally(() => {
      running = undefined;
      show(false);
    });
  });
  stop?.addEventListener("click", () => running?.abort());
}

/** What is offered while one types into a field. */
export function offer(field: PageElement | null, id: string, names: readonly string[]): void {
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

export interface Offered {
  readonly kind: string;
  readonly url: string;
  /** Models or voices. */
  readonly names: readonly string[];
}

/** Servers on this host; none where they cannot be asked for. */
export async function findServers(
  kind: "chat" | "speech",
  names: string,
): Promise<readonly Offered[]> {
  const response = await fetch("/api/v1/tries/servers");
  const found = response.ok ? parseFields(await response.text())[kind] : [];
  const servers: readonly unknown[] = Array.isArray(found) ? found : [];
  return servers.map((server) => {
    const fields = parseFields(JSON.stringify(server));
    const list = fields[names];
    const texts = Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
    return { kind: textOf(fields, "kind"), url: textOf(fields, "url"), names: texts };
  });
}

export interface ServerListOptions {
  readonly place: PageElement | null;
  readonly servers: readonly Offered[];
  /** What `names` are, such as "model". */
  readonly word: string;
  /** Undefined for those who may not change the settings. */
  readonly onUse: ((server: Offered) => void) | undefined;
}

/** One line for each server, with a button that fills in the form. */
export function showServers({ place, servers, word, onUse }: ServerListOptions): void {
  place?.replaceChildren?.(
    ...servers.map((server) => {
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
    }),
  );
}

function nameOf({ kind, url }: Offered): string {
  return kind === "configured" ? `${url} (the configured one)` : `${kind} at ${url}`;
}
