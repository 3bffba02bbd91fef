/** The page of one past call: facts, sound, conversation, times of the answers, and all that services told. */
import type { AudioRecord, CallRecord } from "../../history/call-record.ts";
import { exchangeCallName } from "../../history/exchange-call.ts";
import { searchTerms } from "../../history/search-expression.ts";
import type { Appliance, History } from "../appliance.ts";
import { RequestError } from "../answers.ts";
import { type Html, html } from "../html.ts";
import { isAtLeast } from "../roles.ts";
import type { WebRequest } from "../route.ts";
import { readWhich, readWords } from "../routes/history-query.ts";
import { callEvents } from "./call-events.ts";
import { callTimings } from "./call-timings.ts";
import { callTranscript } from "./call-transcript.ts";
import { answerTime, endOf, partyOf, qualityBadge, talked } from "./call-words.ts";
import { historyNotice } from "./history-notice.ts";
import { clockTime, dayAndTime, isoTime, lengthOf, percent, wholeMs } from "./times.ts";

/** A recording and whether its file is there. */
interface Sound {
  readonly audio: AudioRecord;
  readonly number: number;
  readonly isThere: boolean;
}

/** Throws a RequestError(404) for a call that nobody knows. */
export async function callMain(
  { history, clock }: Appliance,
  { params: { call: name = "" }, url, principal }: WebRequest,
): Promise<{ readonly title: string; readonly main: Html }> {
  const call = await history.call(readWhich(name));
  if (call === undefined) {
    throw new RequestError(404, "there is no such call", {
      hint: "it may have been removed, or be older than calls are kept",
    });
  }
  const sounds = await soundsOf(history, call);
  const terms = searchTerms(readWords(url.searchParams).text ?? "");
  const mayRemove = principal !== undefined && isAtLeast(principal.role, "admin");
  const audioStartMs = sounds.find(({ isThere }) => isThere)?.audio.startedMs ?? undefined;
  const title = titleOf(call);
  const main = html`<nav aria-label="Way back"><a href="/calls">← Calls</a></nav>
    <h1>${title}</h1>
    ${historyNotice(history.state(), clock.wallMs())} ${call.endedMs === null && stillOn()}
    ${factsOf(call, clock.wallMs())} ${player(call, sounds)}
    <section aria-labelledby="said-title">
      <h2 id="said-title">What was said</h2>
      <div class="card">${callTranscript({ call, terms, audioStartMs })}</div>
    </section>
    ${callTimings(call)} ${callEvents(call)}
    <section aria-labelledby="save-title">
      <h2 id="save-title">Save or remove</h2>
      <div class="toolbar">${exportLinks(call)} ${mayRemove && removal(call)}</div>
    </section>`;
  return { title, main };
}

async function soundsOf(history: History, { audio, endedMs }: CallRecord): Promise<Sound[]> {
  // While it grows its length is not known.
  if (endedMs === null) return [];
  return await Promise.all(
    audio.map(async (one, index) => ({
      audio: one,
      number: index + 1,
      isThere: (await history.recording(one.path)) !== undefined,
    })),
  );
}

function titleOf(call: CallRecord): string {
  if (uuidOf(call) !== "") return partyOf(call);
  const words = call.direction === "outgoing" ? "Call to" : "Call from";
  return `${words} ${partyOf(call)}`;
}

/** By which the exchange knows the call; empty for calls that came another way. */
function uuidOf({ service, remote }: CallRecord): string {
  return exchangeCallName(service, remote) === undefined ? "" : remote;
}

function stillOn(): Html {
  return html`<p class="card" role="status">
    <strong>This call is still on.</strong> <a href="/">Watch it on the page Now</a>; what is known
    so far is below.
  </p>`;
}

function factsOf(call: CallRecord, nowMs: number): Html {
  const { line, startedMs, answeredMs, codec, language, jitterMs, lossFraction } = call;
  const rows: readonly (readonly [string, Html | string | undefined])[] = [
    ["Began", html`<time datetime="${isoTime(startedMs)}">${beginOf(startedMs, nowMs)}</time>`],
    ["Line", line],
    ["UUID", uuidOf(call)],
    ["Rang for", answeredMs === null ? "" : lengthOf(answeredMs - startedMs)],
    ["Length", talked(call)],
    ["End", endWords(call)],
    ["Turns", call.turns === 0 ? "" : String(call.turns)],
    ["Mean answer", answerTime(call)],
    ["Language", language],
    ["Codec", codec],
    ["Quality", qualityBadge(call)],
    ["Jitter", jitterMs === null ? "" : wholeMs(jitterMs)],
    ["Loss", lossFraction === null ? "" : percent(lossFraction)],
  ];
  return html`<section class="card" aria-label="Facts">
    <dl class="call-facts">
      ${rows.map(
        ([what, value]) =>
          value !== undefined &&
          value !== "" &&
          html`<div>
            <dt>${what}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

function beginOf(ms: number, nowMs: number): string {
  return `${dayAndTime(ms, nowMs)}:${clockTime(ms).slice(6)}`;
}

/** With the words of the protocol, for whoever diagnoses. */
function endWords(call: CallRecord): string {
  const { endReason, endedBy } = call;
  if (endReason === "") return endOf(call);
  if (endedBy === "service") return `Lost: ${endReason.replace(/^lost: /, "")}`;
  return `${endOf(call)} (${endReason})`;
}

function player({ id, endedMs }: CallRecord, sounds: readonly Sound[]): Html | undefined {
  if (sounds.length === 0) return undefined;
  return html`<section aria-labelledby="sound-title">
    <h2 id="sound-title">Sound</h2>
    ${sounds.map((sound) => html`<div class="card call-sound">${soundOf(id, sound, endedMs)}</div>`)}
  </section>`;
}

function soundOf(id: number, { audio, number, isThere }: Sound, endedMs: number | null): Html {
  const { problem, durationMs, bytes } = audio;
  if (problem !== "" && durationMs === 0)
    return html`<p class="problem">Nothing was kept: ${soundProblem(problem)}.</p>`;
  if (!isThere) return html`<p>The recording is gone from its disk.</p>`;
  return html`${audioElement(id, number, durationMs)}
  ${problem !== "" && html`<p class="problem">It ends before the call: ${soundProblem(problem)}.</p>`}
  ${
    problem === "" &&
    bytes === 0 &&
    endedMs !== null &&
    html`<p class="hint">It was not finished: its service may have been killed.</p>`
  }`;
}

function soundProblem(problem: string): string {
  return problem === "ENOSPC" || problem === "EDQUOT" ? "the disk was full" : problem;
}

/** Nothing is fetched before somebody listens, which the audit log tells. */
function audioElement(id: number, number: number, durationMs: number | null): Html {
  const address = `/api/v1/history/${id}/audio/${number}`;
  const length = durationMs === null || durationMs === 0 ? "" : `${lengthOf(durationMs)} long. `;
  return html`<audio
      controls
      preload="none"
      src="${address}"
      aria-label="Recording ${number}"
    ></audio>
    <p class="hint">
      ${length}The caller is on the left, the agent on the right.
      <a href="${address}" download="call-${id}-${number}.wav">Save the recording (WAV)</a>
    </p>`;
}

const formats = [
  { format: "text", label: "Text" },
  { format: "csv", label: "Table (CSV)" },
  { format: "json", label: "All that is known (JSON)" },
] as const;

function exportLinks({ id }: CallRecord): Html {
  return html`${formats.map(
    ({ format, label }) =>
      html`<a href="/api/v1/history/${id}/export?format=${format}" download>${label}</a>`,
  )}`;
}

function removal({ id }: CallRecord): Html {
  return html`<button
    type="button"
    class="danger needs-script"
    data-steer="/api/v1/history/${id}"
    data-method="DELETE"
    data-next="/calls"
    data-question="Remove this call with its words and its sound? It cannot be brought back."
  >
    Remove this call
  </button>`;
}
