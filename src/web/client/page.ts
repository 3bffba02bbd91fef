/** The script of all pages: keeps what is live up to date, counts times, and steers services. */
import type { PageDocument, PageElement, PageEventSource, PageNode } from "./dom.ts";
import { parseFields, textOf, textsOf } from "./fields.ts";
import { morph } from "./morph.ts";
import { steerOnClick } from "./steer.ts";

declare const document: PageDocument;
declare const EventSource: new (url: string) => PageEventSource;
declare const DOMParser: new () => {
  parseFromString(text: string, type: "text/html"): PageDocument;
};

const countEveryMs = 1000;
/** Whoever reads further up is not moved. */
const endTolerance = 40;
/** What is seen of the entries before the one of the page that is open. */
const besideOwnEntry = 72;

function follow(url: string): void {
  const source = new EventSource(url);
  source.addEventListener("open", () => tellConnection("live", "Live"));
  source.addEventListener("error", () => tellConnection("lost", "Connection lost, trying again …"));
  source.addEventListener("order", ({ data }) => {
    const fields = parseFields(data);
    arrange(textOf(fields, "region"), textsOf(fields, "ids"));
  });
  source.addEventListener("fragment", ({ data }) => {
    const fields = parseFields(data);
    refresh(textOf(fields, "id"), textOf(fields, "html"));
  });
}

function tellConnection(state: string, text: string): void {
  const place = document.getElementById("connection");
  if (place === null || place.getAttribute("data-state") === state) return;
  place.setAttribute("data-state", state);
  place.textContent = text;
}

/** The children of the region are those, in that order; new ones are filled by their fragments. */
function arrange(region: string, ids: readonly string[]): void {
  const place = document.getElementById(region);
  if (place === null) return;
  for (const child of Array.from(place.childNodes)) {
    const isKept = "id" in child && typeof child.id === "string" && ids.includes(child.id);
    if (!isKept) place.removeChild(child);
  }
  for (const id of ids) {
    const child = document.getElementById(id);
    if (child !== null) place.insertBefore(child, null);
  }
  place.setAttribute("data-order", ids.join(" "));
}

function refresh(id: string, html: string): void {
  const wanted = new DOMParser().parseFromString(html, "text/html").getElementById(id);
  if (wanted === null) return;
  const adopt = (node: PageNode): PageNode => document.importNode(node, true);
  const known = document.getElementById(id);
  if (known === null) {
    for (const region of document.querySelectorAll("[data-order]")) put(region, id, adopt(wanted));
  } else {
    const isAtEnd = [...known.querySelectorAll("[data-scroll]")].map(readsTheEnd);
    morph(known, wanted, adopt);
    scrollToEnd(known, isAtEnd);
  }
  countTimes();
}

function put(region: PageElement, id: string, node: PageNode): void {
  const ids = (region.getAttribute("data-order") ?? "").split(" ");
  const at = ids.indexOf(id);
  if (at < 0) return;
  const after = ids.slice(at + 1).map((next) => document.getElementById(next));
  region.insertBefore(node, after.find((next) => next !== null) ?? null);
}

function readsTheEnd({ scrollTop, clientHeight, scrollHeight }: PageElement): boolean {
  return scrollTop + clientHeight >= scrollHeight - endTolerance;
}

function scrollToEnd(place: PageElement, isAtEnd: readonly boolean[]): void {
  for (const [index, list] of [...place.querySelectorAll("[data-scroll]")].entries()) {
    if (isAtEnd[index] !== false) list.scrollTop = list.scrollHeight;
  }
}

function countTimes(): void {
  for (const place of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(
      0,
      Math.floor((Date.now() - Number(place.getAttribute("data-since"))) / 1000),
    );
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (place.textContent !== text) place.textContent = text;
  }
}

/** Of the page that is open, where the pages go sideways; some browsers do it by the style alone. */
function showOwnEntry(): void {
  const own = document.querySelector(".top nav [aria-current]");
  const list = own?.closest("ul");
  if (own?.offsetLeft === undefined || list?.offsetLeft === undefined) return;
  list.scrollLeft = Math.max(0, own.offsetLeft - list.offsetLeft - besideOwnEntry);
}

const live = document.querySelector("[data-live]");
if (live !== null) follow(live.getAttribute("data-live") ?? "");
for (const list of document.querySelectorAll("[data-scroll]")) list.scrollTop = list.scrollHeight;
document.body.setAttribute("data-script", "on");
countTimes();
setInterval(countTimes, countEveryMs);
steerOnClick();
showOwnEntry();
