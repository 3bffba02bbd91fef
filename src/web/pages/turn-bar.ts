/** Where the time of the last turn went: a bar of its stages against the line of a good answer. */
import { type Html, html } from "../html.ts";
import type { TurnTiming } from "../live/turn-stages.ts";
import { wholeMs } from "./times.ts";

/** An answer that is heard by then feels like one of a person. */
const goodAnswerMs = 500;
/** What the bar shows at least, so that the bars of all calls can be compared. */
const leastScaleMs = 1000;
const widthUnits = 1000;
const heightUnits = 24;

export interface TurnBarOptions {
  /** Whose answer it is. */
  readonly what?: string;
  /** The slowest of the turns that are shown together, so that they can be compared. */
  readonly slowestMs?: number;
}

export function turnBar(
  timing: TurnTiming,
  { what = "Last answer", slowestMs = 0 }: TurnBarOptions = {},
): Html {
  const { totalMs, stages } = timing;
  const scaleMs = Math.max(leastScaleMs, totalMs * 1.05, slowestMs * 1.05);
  const units = (ms: number): number => Math.round((ms / scaleMs) * widthUnits * 10) / 10;
  let atMs = 0;
  const bars = stages.map(({ name, label, ms }) => {
    const x = units(atMs);
    atMs += ms;
    return html`<rect class="stage-${name}" x="${x}" y="4" width="${units(ms)}" height="16">
      <title>${label}: ${wholeMs(ms)}</title>
    </rect>`;
  });
  const line = units(goodAnswerMs);
  const isGood = totalMs <= goodAnswerMs;
  return html`<figure class="turn">
    <figcaption>
      ${timing.isGreeting ? "Greeting" : what} after
      <strong data-good="${String(isGood)}">${wholeMs(totalMs)}</strong>, the line is at
      ${wholeMs(goodAnswerMs)}
    </figcaption>
    <svg
      role="img"
      aria-label="${spoken(timing)}"
      viewBox="0 0 ${widthUnits} ${heightUnits}"
      preserveAspectRatio="none"
    >
      <rect class="track" x="0" y="4" width="${widthUnits}" height="16" />
      ${bars}
      <line class="good" x1="${line}" x2="${line}" y1="0" y2="${heightUnits}" />
    </svg>
    <ul class="legend">
      ${stages.map(
        ({ name, label, ms }) =>
          html`<li>
            <svg class="key" viewBox="0 0 10 10" aria-hidden="true">
              <rect class="stage-${name}" width="10" height="10" rx="2" /></svg
            >${label} <b>${wholeMs(ms)}</b>
          </li>`,
      )}
    </ul>
  </figure>`;
}

function spoken({ totalMs, stages, isGreeting }: TurnTiming): string {
  const parts = stages.map(({ label, ms }) => `${label.toLowerCase()} ${wholeMs(ms)}`);
  return `${isGreeting ? "Greeting" : "Answer"} heard after ${wholeMs(totalMs)}: ${parts.join(", ")}`;
}
