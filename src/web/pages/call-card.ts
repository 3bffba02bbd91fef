/** One call: who it is, who speaks, what is said, how fast the last answer was, how good the line is. */
import { type Html, html } from "../html.ts";
import { exchangeCallName } from "../../history/exchange-call.ts";
import {
  hasPartOf,
  type LiveCall,
  type Speaker,
  speakerOf,
  type TranscriptLine,
} from "../live/live-call.ts";
import { clockTime, isoTime, percent, wholeMs } from "./times.ts";
import { turnBar } from "./turn-bar.ts";

const speakers: Readonly<Record<Speaker, string>> = {
  caller: "The caller speaks",
  agent: "The agent speaks",
  thinking: "The brain thinks",
  nobody: "Nobody speaks",
};

export function callCard(call: LiveCall): Html {
  const { id, endedMs, lastTurn } = call;
  const speaker = speakerOf(call);
  return html`<article
    id="call-${id}"
    class="call"
    data-speaker="${speaker}"
    data-ended="${String(endedMs !== undefined)}"
    aria-labelledby="call-${id}-title"
  >
    <header>
      <h3 id="call-${id}-title">${titleOf(call)}</h3>
      <p class="facts">${factsOf(call)}</p>
      <p class="speaker">
        <span class="dot" aria-hidden="true"></span
        >${endedMs === undefined ? speakers[speaker] : endOf(call)}
      </p>
    </header>
    ${endedMs === undefined && loudnessOf(call)}
    <ol class="transcript" data-scroll tabindex="0" aria-label="What is said" aria-live="polite">
      ${call.transcript.map((line) => transcriptLine(id, line))}
    </ol>
    <p class="partial" aria-hidden="true">${partialOf(call)}</p>
    ${lastTurn !== undefined && turnBar(lastTurn)} ${qualityOf(call)}
  </article>`;
}

/** For eyes only: who speaks is said in words above. */
function loudnessOf({ loudness }: LiveCall): Html | undefined {
  if (loudness === undefined) return undefined;
  const { callerDbfs, agentDbfs } = loudness;
  return html`<p class="loudness" aria-hidden="true">
    ${loudnessMeter("Caller", callerDbfs)} ${loudnessMeter("Agent", agentDbfs)}
  </p>`;
}

const quietestDbfs = -60;

function loudnessMeter(who: string, dbfs: number): Html {
  const value = Math.max(quietestDbfs, Math.min(0, dbfs));
  return html`<span class="meter"
    ><span>${who}</span><meter min="${quietestDbfs}" max="0" value="${value}"></meter
  ></span>`;
}

function titleOf(call: LiveCall): string {
  const { remote, callId } = call;
  return exchangeNameOf(call) ?? (remote === "" ? `Call ${callId}` : remote);
}

function exchangeNameOf(call: LiveCall): string | undefined {
  return hasPartOf(call, "audiosocket") ? exchangeCallName("audiosocket", call.remote) : undefined;
}

function factsOf(call: LiveCall): Html {
  const { direction, line, codec, remote, startedMs, answeredMs, endedMs } = call;
  const uuid = exchangeNameOf(call) === undefined ? "" : `UUID ${remote}`;
  const words = [direction, line === "" ? "" : `on ${line}`, codec, uuid].filter(
    (word) => word !== "",
  );
  const since = answeredMs ?? startedMs;
  const time = html`<time datetime="${isoTime(since)}">${clockTime(since)}</time>`;
  const length =
    endedMs === undefined &&
    html` · <span class="length" data-since="${since}">since ${clockTime(since)}</span>`;
  return html`${words.join(" · ")} · ${time}${length}`;
}

function endOf({ endReason }: LiveCall): string {
  return endReason === "" ? "Ended" : `Ended ${endReason}`;
}

function transcriptLine(call: string, { number, who, text, isInterrupted }: TranscriptLine): Html {
  return html`<li id="call-${call}-line-${number}" class="${who}">
    <b>${who === "caller" ? "Caller" : "Agent"}</b> <span>${text}</span>${
      isInterrupted && html` <i>interrupted</i>`
    }
  </li>`;
}

/** What is sure, then what may still change. */
function partialOf({ partial, isCallerSpeaking }: LiveCall): Html {
  if (partial === undefined) return html`${isCallerSpeaking ? "…" : ""}`;
  const { committed, tentative } = partial;
  return html`${committed} <span class="tentative">${tentative} …</span>`;
}

function qualityOf({ quality }: LiveCall): Html | undefined {
  if (quality === undefined) return undefined;
  const { jitterMs, lossFraction, meanOpinionScore } = quality;
  const rows: [string, string | undefined][] = [
    ["Jitter", jitterMs === undefined ? undefined : wholeMs(jitterMs)],
    ["Loss", lossFraction === undefined ? undefined : percent(lossFraction)],
    [
      "Quality",
      meanOpinionScore === undefined ? undefined : `${meanOpinionScore.toFixed(1)} of 4.5`,
    ],
  ];
  return html`<dl class="quality">
    ${rows.map(
      ([what, value]) =>
        value !== undefined &&
        html`<div>
          <dt>${what}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
