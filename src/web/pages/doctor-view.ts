/** The doctor on a page: a button, and the verdicts as they come, each fault with what to do about it. */
import type { FindingLevel } from "../../doctor/finding.ts";
import type { DoctorState, SeenCheck } from "../doctor-view.ts";
import { type Html, html } from "../html.ts";
import type { Fragment } from "./now-page.ts";
import { clockTime } from "./times.ts";

export function doctorFragment(state: DoctorState, canRun: boolean): Fragment {
  return { id: "doctor", html: doctorCard(state, canRun) };
}

const words: Readonly<Record<FindingLevel, string>> = {
  ok: "Good",
  warning: "Warning",
  fault: "Fault",
  skipped: "Not looked at",
};

const tones = { ok: "good", warning: "busy", fault: "bad", skipped: "off" } as const;

function doctorCard(state: DoctorState, canRun: boolean): Html {
  const { checks } = state;
  return html`<section id="doctor" class="card doctor" aria-labelledby="doctor-title">
    <h2 id="doctor-title">Doctor</h2>
    <p role="status">${doctorSentence(state)}</p>
    ${canRun && buttons(state)}
    ${
      checks.length > 0 &&
      html`<ol class="checks">
        ${checks.map((check) => checkPiece(check, state))}
      </ol>`
    }
  </section>`;
}

function doctorSentence({ phase, conclusion, startedMs, endedMs, checks }: DoctorState): string {
  switch (phase) {
    case "never":
      return "Walks the path of a call and says what is wrong, and what to do about it.";
    case "running": {
      const done = checks.filter(({ result }) => result !== undefined).length;
      return checks.length === 0 ? "It begins …" : `${done} of ${checks.length} steps looked at …`;
    }
    case "done": {
      const tookS = Math.round(((endedMs ?? 0) - (startedMs ?? 0)) / 1000);
      return `${conclusion} Looked at ${clockTime(startedMs ?? 0)}, in ${tookS} s.`;
    }
    case "stopped":
    case "failed":
      return conclusion;
  }
}

function buttons({ phase, hasArchive }: DoctorState): Html {
  if (phase === "running") {
    return html`<p class="actions">
      <button type="button" id="doctor-stop" data-steer="/api/v1/doctor/stop">Stop</button>
    </p>`;
  }
  return html`<div class="actions">
      <button type="button" id="doctor-run" class="strong" data-steer="/api/v1/doctor">
        Look at everything
      </button>
      <button
        type="button"
        id="doctor-call"
        data-steer="/api/v1/doctor?call=true"
        data-question="Look at everything and place a test call? It takes about half a minute, and the ears, brain and voice have one call more."
      >
        … and place a test call
      </button>
      ${hasArchive && html`<a class="archive" href="/api/v1/doctor/bundle" download>Download the support archive</a>`}
    </div>
    ${
      hasArchive &&
      html`<p class="hint">
        The archive holds these verdicts, the state of the services, the configuration and the last
        log records: no words of callers, no numbers, no passwords.
      </p>`
    }`;
}

function checkPiece({ name, title, result }: SeenCheck, { phase }: DoctorState): Html {
  if (result === undefined) {
    const state = phase === "running" ? "is looked at …" : "was not looked at";
    return html`<li id="check-${name}" data-tone="off">
      <span class="dot" aria-hidden="true"></span><b>${title}</b> <span class="hint">${state}</span>
    </li>`;
  }
  return html`<li id="check-${name}" data-tone="${tones[result.level]}">
    <span class="dot" aria-hidden="true"></span><b>${title}</b>
    <span class="judgement">${words[result.level]}</span>
    <ul>
      ${result.findings.map(
        ({ level, seen, fix }) =>
          html`<li data-tone="${tones[level]}">
            ${seen} ${fix !== undefined && html`<span class="fix">${fix}</span>`}
          </li>`,
      )}
    </ul>
  </li>`;
}
