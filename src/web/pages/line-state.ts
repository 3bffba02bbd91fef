/** How one line is doing, as a piece of the page that is kept up to date. */
import { type Html, html } from "../html.ts";
import { lineAdvice, type LineState } from "../live/line-view.ts";
import { dayAndTime } from "./times.ts";

export interface LineStateOptions {
  readonly id: string;
  readonly state: LineState;
  readonly nowMs: number;
}

export function lineState({ id, state, nowMs }: LineStateOptions): Html {
  const { tone, word, detail, sinceMs } = state;
  const isRegistered = tone === "good" && sinceMs !== undefined;
  const since = isRegistered ? `since ${dayAndTime(sinceMs, nowMs).toLowerCase()}` : "";
  const advice = lineAdvice(state);
  return html`<div id="${id}" data-tone="${tone}">
    <p>
      <span class="state"><span class="dot" aria-hidden="true"></span>${word}</span>
      <span class="hint">${since}</span>
    </p>
    <p class="${tone === "bad" ? "problem" : "detail"}">${detail}</p>
    ${advice !== undefined && html`<p class="detail">${advice}</p>`} ${tries(state)}
  </div>`;
}

/** Rounded, so that the page does not change with each second. */
function tries({ attempts, nextInMs }: LineState): Html | undefined {
  if (nextInMs === undefined || attempts === 0) return undefined;
  const count = attempts === 1 ? "one try" : `${attempts} tries`;
  const minutes = Math.round(nextInMs / 60_000);
  const next = minutes < 1 ? "within a minute" : `in about ${minutes} min`;
  return html`<p class="detail">${count} so far, the next one ${next}</p>`;
}
