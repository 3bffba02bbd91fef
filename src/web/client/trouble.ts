/** The script of the page Trouble: verdicts and records as they come, older ones on demand. */
import type { PageDocument, PageElement, PageEventSource, PageNode } from "./dom.ts";
import { parseFields, textOf } from "./fields.ts";
import { morph } from "./morph.ts";

declare const document: PageDocument;
declare const EventSource: new (url: string) => PageEventSource;
declare const DOMParser: new () => {
  parseFromString(text: string, type: "text/html"): PageDocument;
};

/** More than anybody reads, and less than what makes a browser slow. */
const maxRows = 5000;
const maxHeldRows = 2000;
/** Whoever reads further up is not moved. */
const endTolerance = 40;

const log = document.getElementById("log");
const rows = document.getElementById("log-rows");
const isFollowing = document.querySelector("[data-following=yes]") !== null;
/** Came while it was paused. */
let held: PageNode[] = [];
let isPaused = false;
let trouble = "";

function begin(): void {
  const source = new EventSource(`/live/trouble${log?.getAttribute("data-live-log") ?? ""}`);
  source.addEventListener("open", () => say(""));
  source.addEventListener("error", () => say("Connection lost, trying again …"));
  source.addEventListener("fragment", ({ data }) => {
    const fields = parseFields(data);
    refresh(textOf(fields, "id"), textOf(fields, "html"));
  });
  if (isFollowing) {
    source.addEventListener("rows", ({ data }) => take(rowsIn(textOf(parseFields(data), "html"))));
    source.addEventListener("missed", () =>
      say("More was logged than is shown here: reload the page to see it."),
    );
    source.addEventListener("failed", ({ data }) => say(textOf(parseFields(data), "reason")));
  }
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (!isElement(target)) return;
    const older = target.closest("a[data-older]");
    if (older !== null) {
      event.preventDefault();
      void showOlder(older);
    }
    if (target.closest("button[data-pause]") !== null) togglePause();
  });
  tellState();
  if (log !== null) log.scrollTop = log.scrollHeight;
}

function refresh(id: string, html: string): void {
  const known = document.getElementById(id);
  const wanted = new DOMParser().parseFromString(html, "text/html").getElementById(id);
  if (known !== null && wanted !== null) morph(known, wanted, adopt);
}

function take(nodes: readonly PageNode[]): void {
  if (isPaused) {
    held.push(...nodes);
    if (held.length > maxHeldRows) held = held.slice(-maxHeldRows);
    tellState();
  } else append(nodes);
}

function append(nodes: readonly PageNode[]): void {
  if (log === null || rows === null || nodes.length === 0) return;
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - endTolerance;
  for (const node of nodes) rows.insertBefore(node, null);
  const surplus = rows.childNodes.length - maxRows;
  for (const node of Array.from(rows.childNodes).slice(0, Math.max(0, surplus)))
    rows.removeChild(node);
  document.getElementById("log-nothing")?.setAttribute("hidden", "");
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function togglePause(): void {
  isPaused = !isPaused;
  const button = document.querySelector("button[data-pause]");
  button?.setAttribute("aria-pressed", String(isPaused));
  if (button !== null) button.textContent = isPaused ? "Go on" : "Pause";
  if (!isPaused) {
    append(held);
    held = [];
  }
  tellState();
}

/** The page before this one, above what is shown. */
async function showOlder(link: PageElement): Promise<void> {
  const place = document.getElementById("log-older");
  if (log === null || rows === null || place === null) return;
  link.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(link.getAttribute("href") ?? "");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const [first = null] = rows.childNodes;
    const before = log.scrollHeight;
    for (const node of childrenOf(page.getElementById("log-rows"))) rows.insertBefore(node, first);
    const next = page.getElementById("log-older");
    if (next !== null) morph(place, next, adopt);
    log.scrollTop += log.scrollHeight - before;
  } catch (error) {
    say(
      `Older records could not be had: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  link.removeAttribute("aria-busy");
}

function rowsIn(html: string): readonly PageNode[] {
  return childrenOf(new DOMParser().parseFromString(html, "text/html").querySelector("ol"));
}

/** Elements only, as copies that belong to this page. */
function childrenOf(list: PageElement | null): readonly PageNode[] {
  const nodes = Array.from(list?.childNodes ?? []).filter(isElement);
  return nodes.map(adopt);
}

function adopt(node: PageNode): PageNode {
  return document.importNode(node, true);
}

function say(text: string): void {
  trouble = text;
  tellState();
}

function tellState(): void {
  const place = document.querySelector("[data-follow-state]");
  const usual = isFollowing ? followWords() : "Older records; new ones are not shown here.";
  const text = trouble === "" ? usual : trouble;
  if (place !== null && place.textContent !== text) place.textContent = text;
}

function followWords(): string {
  if (!isPaused) return "New records are shown as they come.";
  return held.length === 0 ? "Paused." : `Paused; ${held.length} new records wait.`;
}

function isElement(value: unknown): value is PageElement {
  return typeof value === "object" && value !== null && "closest" in value;
}

begin();
