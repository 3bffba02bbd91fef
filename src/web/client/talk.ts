/** The script of the page Talk: two buttons, two meters, and the call as it goes on. */
import type { Html } from "../html.ts";
import type { TalkEvent } from "../talk/talk-events.ts";
import type { PageDocument, PageElement, PageNode } from "./dom.ts";
import { morph } from "./morph.ts";
import { TalkCall } from "./talk-call.ts";
import { idleView, nextView, type PageHappening, type TalkView } from "./talk-states.ts";
import { talkLive } from "./talk-view.ts";

declare const document: PageDocument;
declare const DOMParser: new () => {
  parseFromString(text: string, type: "text/html"): PageDocument;
};
declare function addEventListener(kind: "pagehide", action: () => void): void;

/** Whoever reads further up is not moved. */
const endTolerance = 40;

let view: TalkView = idleView;
let call: TalkCall | undefined;

const callButton = document.getElementById("talk-call");
const hangUpButton = document.getElementById("talk-hang-up");

function happened(happening: TalkEvent | PageHappening): void {
  const before = view;
  view = nextView(before, happening);
  show(talkLive(view));
  if ((before.phase === "idle") !== (view.phase === "idle")) swapButtons(view.phase === "idle");
}

function show(wanted: Html): void {
  const place = document.getElementById("talk-live");
  const made = new DOMParser()
    .parseFromString(wanted.text, "text/html")
    .getElementById("talk-live");
  if (place === null || made === null) return;
  const list = document.getElementById("talk-transcript");
  const isAtEnd = list === null || readsTheEnd(list);
  morph(place, made, (node: PageNode) => document.importNode(node, true));
  if (list !== null && isAtEnd) list.scrollTop = list.scrollHeight;
}

function readsTheEnd({ scrollTop, clientHeight, scrollHeight }: PageElement): boolean {
  return scrollTop + clientHeight >= scrollHeight - endTolerance;
}

/** Whoever used the keyboard stays at the button that can be used now. */
function swapButtons(isIdle: boolean): void {
  const [shown, hidden] = isIdle ? [callButton, hangUpButton] : [hangUpButton, callButton];
  const hasFocus = hidden !== null && document.activeElement === hidden;
  shown?.removeAttribute("hidden");
  if (hasFocus) shown?.focus?.();
  hidden?.setAttribute("hidden", "");
}

function showLevels(you: number, agent: number): void {
  document.getElementById("talk-level-you")?.setAttribute("value", you.toFixed(2));
  document.getElementById("talk-level-agent")?.setAttribute("value", agent.toFixed(2));
}

callButton?.addEventListener("click", () => {
  if (view.phase !== "idle") return;
  call = new TalkCall({ onHappening: happened, onLevels: showLevels });
  void call.start();
});
hangUpButton?.addEventListener("click", () => call?.hangUp());
addEventListener("pagehide", () => call?.hangUp("the page was left"));
