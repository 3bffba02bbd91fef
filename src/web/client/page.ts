/** The script of all pages: keeps what is live up to date, counts times, and steers services. */
import type { PageDocument, PageElement, PageNode } from "./dom.ts";
import { parseFields, textOf, textsOf } from "./fields.ts";
import { followLive } from "./live-source.ts";
import { arrange, morph } from "./morph.ts";
import { steerOnClick } from "./steer.ts";

declare const document: PageDocument;
declare const DOMParser: new () => {
  parseFromString(text: string, type: "text/html"): PageDocument;
};

const countEveryMs = 1000;
/** Whoever reads further up is not moved. */
const endTolerance = 40;
/** What is seen of the entries before the one of the page that is open. */
const besideOwnEntry = 72;

function follow(url: string): void {
  followLive({
    url,
    tell: tellConnection,
    on: {
      order(data) {
        const fields = parseFields(data);
        reorder(textOf(fields, "region"), textsOf(fields, "ids"));
      },
      fragment(data) {
        const fields = parseFields(data);
        refresh(textOf(fields, "id"), textOf(fields, "html"));
      },
    },
  });
}

function tellConnection(problem: string): void {
  const place = document.getElementById("connection");
  const text = problem === "" ? "Live" : problem;
  if (place === null || place.textContent === text) return;
  place.setAttribute("data-state", problem === "" ? "live" : "lost");
  place.textContent = text;
}

/** The children of the region are those, in that order; new ones are filled by their fragments. */
function reorder(region: string, ids: readonly string[]): void {
  const place = document.getElementById(region);
  if (place === null) return;
  const known = ids.flatMap((id) => document.getElementById(id) ?? []);
  arrange(place, known);
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
