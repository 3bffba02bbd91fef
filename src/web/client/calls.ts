/** The script of one past call: times in the conversation lead to that place in its recording. */
import type { PageDocument, PageElement } from "./dom.ts";

declare const document: PageDocument;

interface PageAudio extends PageElement {
  currentTime: number;
  play(): Promise<void>;
}

/** A little before: who listens wants to hear the first word. */
const leadS = 0.4;

for (const button of document.querySelectorAll("button[data-seek]")) {
  button.addEventListener("click", () => seek(Number(button.getAttribute("data-seek"))));
}

function seek(atS: number): void {
  const audio = document.querySelector("audio");
  if (audio === null || !isAudio(audio) || !Number.isFinite(atS)) return;
  audio.currentTime = Math.max(0, atS - leadS);
  // A browser may refuse; then the place is shown all the same.
  audio.play().catch(() => undefined);
}

function isAudio(element: PageElement): element is PageAudio {
  return "currentTime" in element && "play" in element;
}
