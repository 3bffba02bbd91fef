/** The call of the page Talk as HTML; on the server for an idle page, in the browser from then on. */
import { type Html, html } from "../html.ts";
import { turnBar } from "../pages/turn-bar.ts";
import type { TalkLine, TalkPhase, TalkProblem, TalkView } from "./talk-states.ts";

const phases: Readonly<Record<Exclude<TalkPhase, "idle">, string>> = {
  asking: "Waiting for the microphone: allow it in the browser's question",
  calling: "Calling …",
  up: "You are connected: speak",
};

const speakers: Readonly<Record<TalkView["speaker"], string>> = {
  caller: "You speak",
  agent: "The agent speaks",
  thinking: "The brain thinks",
  nobody: phases.up,
};

export function statusWords({ phase, ending, speaker, callId }: TalkView): string {
  if (phase === "up") return speakers[speaker];
  if (phase !== "idle") return phases[phase];
  if (ending === "") return "Not in a call";
  return callId === "" ? `No call: ${ending}` : `The call is over: ${ending}`;
}

/** One element of the id `talk-live`, which is renewed as a whole. */
export function talkLive(view: TalkView): Html {
  const { phase, problem, notes, lines, turn, speaker, seconds, callId } = view;
  const isOver = phase === "idle";
  return html`<div
    id="talk-live"
    class="call card"
    data-speaker="${isOver ? "nobody" : speaker}"
    data-phase="${phase}"
  >
    <p id="talk-status" class="speaker" role="status">
      <span class="dot" aria-hidden="true"></span>${statusWords(view)}
    </p>
    <p class="facts">${factsOf(callId, seconds)}</p>
    ${problem !== undefined && problemOf(problem)}
    ${
      notes.length > 0 &&
      html`<ul class="talk-notes" role="alert">
        ${notes.map((note) => html`<li>${note}</li>`)}
      </ul>`
    }
    <ol
      id="talk-transcript"
      class="transcript"
      data-scroll
      tabindex="0"
      aria-label="What is said"
      aria-live="polite"
    >
      ${lines.map(transcriptLine)}
    </ol>
    ${lines.length === 0 && html`<p class="nothing">What you and the agent say stands here.</p>`}
    <p class="partial" aria-hidden="true">${partialOf(view)}</p>
    ${turn !== undefined && turnBar(turn)}
  </div>`;
}

function factsOf(callId: string, seconds: number): string {
  if (callId === "") return "";
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return `Call ${callId} · ${time}`;
}

function problemOf({ what, hint }: TalkProblem): Html {
  return html`<p class="problem talk-problem" role="alert"><strong>${what}</strong> ${hint}</p>`;
}

function transcriptLine({ number, who, text, isInterrupted }: TalkLine): Html {
  return html`<li id="talk-line-${number}" class="${who}">
    <b>${who === "caller" ? "You" : "Agent"}</b> <span>${text}</span>${
      isInterrupted && html` <i>interrupted</i>`
    }
  </li>`;
}

/** What is sure, then what may still change. */
function partialOf({ partial, speaker, phase }: TalkView): Html {
  if (partial === undefined) return html`${phase === "up" && speaker === "caller" ? "…" : ""}`;
  const { committed, tentative } = partial;
  return html`${committed} <span class="tentative">${tentative} …</span>`;
}
