/** The script of the page Trouble: verdicts and records as they come, older ones on demand. */
import type { PageDocument, PageElement, PageNode } from "./dom.ts";
import { parseFields, textOf } from "./fields.ts";
import { followLive } from "./live-source.ts";
import { morph } from "./morph.ts";

declare const document: PageDocument;
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
/** Of these: the oldest, of which there were too many. */
let dropped = 0;
let isPaused = false;
let trouble = "";

function begin(): void {
  followLive({
    url: `/live/trouble${log?.getAttribute("data-live-log") ?? ""}`,
    tell: say,
    on: {
      fragment(data) {
        const fields = parseFields(data);
        refresh(textOf(fields, "id"), textOf(fields, "html"));
      },
      ...(isFollowing ? recordEvents : {}),
    },
  });
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

const recordEvents: Readonly<Record<string, (data: string) => void>> = {
  rows: (data) => take(rowsIn(textOf(parseFields(data), "html"))),
  missed: () => say("More was logged than is shown here: reload the page to see it."),
  failed: (data) => say(textOf(parseFields(data), "reason")),
};

function refresh(id: string, html: string): void {
  const known = document.getElementById(id);
  const wanted = new DOMParser().parseFromString(html, "text/html").getElementById(id);
  if (known !== null && wanted !== null) morph(known, wanted, adopt);
}

function take(nodes: readonly PageNode[]): void {
  if (isPaused) {
    held.push(...nodes);
    dropped += Math.max(0, held.length - maxHeldRows);
    held = held.slice(-maxHeldRows);
    tellState();
  } else append(nodes);
}

function append(nodes: readonly PageNode[]): void {
  if (log === null || rows === null || nodes.length === 0) return;
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - endTolerance;
  for (const node of nodes) rows.insertBefore(node, null);
  const surplus = Array.from(rows.childNodes).slice(0, -maxRows);
  for (const node of surplus) rows.removeChild(node);
  if (surplus.some(isElement)) tellCut();
  document.getElementById("log-nothing")?.setAttribute("hidden", "");
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

/** Older ones would stand directly above what is left, as if nothing had been between. */
function tellCut(): void {
  const place = document.getElementById("log-older");
  if (place !== null) place.textContent = "Records between were left out: reload the page.";
}

function togglePause(): void {
  isPaused = !isPaused;
  const button = document.querySelector("button[data-pause]");
  button?.setAttribute("aria-pressed", String(isPaused));
  if (button !== null) button.textContent = isPaused ? "Go on" : "Pause";
  if (!isPaused) {
    append(held);
    if (dropped > 0) {
      say(`${dropped} records were left out while it was paused: reload the page to see them.`);
    }
    held = [];
    dropped = 0;
  }
  tellState();
}

/** The page before this one, above what is shown. */
async function showOlder(link: PageElement): Promise<void> {
  if (link.hasAttribute("aria-busy")) return;
  link.setAttribute("aria-busy", "true");
  try {
    const page = await pageAt(link.getAttribute("href") ?? "");
    // What was cut meanwhile is missing between that page and the rows.
    if (link.closest("#log-older") !== null) putOlder(page);
  } catch (error) {
    say(
      `Older records could not be had: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  link.removeAttribute("aria-busy");
}

async function pageAt(address: string): Promise<PageDocument> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (page.getElementById("log-rows") !== null) return page;
  throw new Error("reload the page, you may have to log in again");
}

function putOlder(page: PageDocument): void {
  if (log === null || rows === null) return;
  const [first = null] = rows.childNodes;
  const before = log.scrollHeight;
  for (const node of childrenOf(page.getElementById("log-rows"))) rows.insertBefore(node, first);
  const place = document.getElementById("log-older");
  const next = page.getElementById("log-older");
  if (place !== null && next !== null) morph(place, next, adopt);
  log.scrollTop += log.scrollHeight - before;
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
  if (held.length === 0) return "Paused.";
  const waiting = `Paused; ${held.length} new records wait`;
  return dropped === 0 ? `${waiting}.` : `${waiting}, ${dropped} older ones were left out.`;
}

function isElement(value: unknown): value is PageElement {
  return typeof value === "object" && value !== null && "closest" in value;
}

begin();
