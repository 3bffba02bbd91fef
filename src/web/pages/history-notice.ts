/** What is wrong with the history, and what to do about it; nothing while all is well. */
import type { HistoryState } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import { clockTime, dayAndTime } from "./times.ts";

export function historyNotice(state: HistoryState, nowMs: number): Html | undefined {
  const { troubleSinceMs, aside } = state;
  if (troubleSinceMs === null && aside === null) return undefined;
  return html`<div class="card history-notice" role="alert" data-tone="bad">
    ${troubleSinceMs !== null && trouble(state, troubleSinceMs)}
    ${
      aside !== null &&
      html`<p>
        <strong>The history was broken and begins anew</strong> (${dayAndTime(aside.atMs, nowMs)}).
        What it held was put aside as <code>${aside.file}</code>;
        <code>sqlite3 FILE .recover</code> may get calls back out of it.
      </p>`
    }
  </div>`;
}

function trouble({ lastProblem, waiting, dropped }: HistoryState, sinceMs: number): Html {
  return html`<p>
    <strong
      >History is not being written since ${clockTime(sinceMs)}: ${reasonOf(lastProblem)}.</strong
    >
    Calls go on. ${waitingWords(waiting)}
    ${dropped > 0 && html`${String(dropped)} events are lost already.`} Look at the space and the
    rights of the disk that holds it.
  </p>`;
}

function waitingWords(waiting: number): string {
  if (waiting === 0) return "";
  return waiting === 1 ? "One event waits to be written." : `${waiting} events wait to be written.`;
}

/** In words that do not need SQLite's manual. */
function reasonOf(problem: string | null): string {
  if (problem === null) return "the disk refuses";
  if (/disk is full|ENOSPC|EDQUOT/i.test(problem)) return "the disk is full";
  if (/readonly|read-only|EROFS|EACCES|EPERM/i.test(problem)) return "it may not be written to";
  return problem;
}
