/** Where the time of each turn of a past call went: bars on one scale against the line of a good answer. */
import type { CallRecord } from "../../history/call-record.ts";
import { type Html, html } from "../html.ts";
import { type TurnTiming, turnTimingIn } from "../live/turn-stages.ts";
import { wholeMs } from "./times.ts";
import { turnBar } from "./turn-bar.ts";

/** More are in the export. */
const maxBars = 200;

export function callTimings({ said }: CallRecord): Html | undefined {
  const timings = said.flatMap((turn) => turnTimingIn({ ...turn }) ?? []);
  if (timings.length === 0) return undefined;
  const answers = timings.filter(({ isGreeting }) => !isGreeting);
  const slowestMs = Math.max(...timings.map(({ totalMs }) => totalMs));
  return html`<section aria-labelledby="timings-title">
    <h2 id="timings-title">How fast the answers were</h2>
    <div class="card">
      ${answers.length > 0 && html`<p>${summary(answers)}</p>`}
      <ol class="call-bars">
        ${timings
          .slice(0, maxBars)
          .map(
            (timing) =>
              html`<li>${turnBar(timing, { what: `Turn ${timing.turn}`, slowestMs })}</li>`,
          )}
      </ol>
      ${timings.length > maxBars && html`<p class="hint">Later turns are in the saved file.</p>`}
    </div>
  </section>`;
}

function summary(answers: readonly TurnTiming[]): string {
  const times = answers.map(({ totalMs }) => totalMs).toSorted((one, other) => one - other);
  const meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const [fastest = 0, slowest = 0] = [times[0], times.at(-1)];
  if (times.length === 1) return `One answer, heard after ${wholeMs(fastest)}.`;
  return `${times.length} answers, heard after ${wholeMs(meanMs)} on average, ${wholeMs(fastest)} at best and ${wholeMs(slowest)} at worst.`;
}
