/** What came of an action, at the bottom of the page: said for a while, so that it covers nothing for long. */
import type { PageDocument } from "./dom.ts";

declare const document: PageDocument;

export type Outcome = "done" | "partly" | "failed";

/** Time to read it; what went wrong is often read twice. */
const shownMs: Readonly<Record<Outcome, number>> = { done: 6000, partly: 20_000, failed: 20_000 };

export function tell(text: string, outcome: Outcome): void {
  const place = document.getElementById("notice");
  if (place === null) return;
  place.textContent = text;
  place.setAttribute("data-outcome", outcome);
  setTimeout(() => {
    // Something else may have been said meanwhile.
    if (place.textContent === text) place.textContent = "";
  }, shownMs[outcome]);
}
