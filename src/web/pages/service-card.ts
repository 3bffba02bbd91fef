/** One service in the picture of the pipeline: state, health, build, and what can be done with it. */
import { type Html, html } from "../html.ts";
import type { ServiceView } from "../live/service-view.ts";
import { clockTime } from "./times.ts";

export interface ServiceCardOptions {
  readonly view: ServiceView;
  readonly canSteer: boolean;
  /** Of this process; a service of another one may speak another language. */
  readonly commit: string;
}

interface StateWords {
  readonly text: string;
  readonly tone: "good" | "busy" | "bad" | "off";
}

const states: ReadonlyMap<string, StateWords> = new Map<string, StateWords>([
  ["ready", { text: "Ready", tone: "good" }],
  ["starting", { text: "Starting", tone: "busy" }],
  ["draining", { text: "Finishing its calls", tone: "busy" }],
  ["stopping", { text: "Stopping", tone: "busy" }],
  ["waiting", { text: "Failed, starting again", tone: "bad" }],
  ["given-up", { text: "Given up", tone: "bad" }],
  ["stopped", { text: "Stopped", tone: "off" }],
]);

interface Action {
  readonly name: "start" | "stop" | "restart";
  readonly label: string;
  readonly states: readonly string[];
}

const actions: readonly Action[] = [
  { name: "start", label: "Start", states: ["stopped", "given-up", "waiting"] },
  { name: "start", label: "Take calls again", states: ["draining"] },
  { name: "restart", label: "Restart", states: ["ready", "starting", "draining"] },
  { name: "stop", label: "Stop", states: ["ready", "starting", "waiting"] },
];

/** Parts of the picture, by service. */
const titles: ReadonlyMap<string, { readonly title: string; readonly icon: Html }> = new Map([
  [
    "sip",
    {
      title: "PBX",
      icon: icon(
        "M6 3h3l1.500 4-2 1.500a10 10 0 0 0 5 5l1.500-2 4 1.500v3a2 2 0 0 1-2 2A14 14 0 0 1 4 5a2 2 0 0 1 2-2z",
      ),
    },
  ],
  ["audiosocket", { title: "PBX", icon: icon("M4 7h16v10H4zM8 12h.01M12 12h.01M16 12h.01") }],
  [
    "whisper",
    {
      title: "Ears",
      icon: icon(
        "M8 20c3 0 3-3 5-5 2-1.600 4-3 4-6a5 5 0 0 0-10 0M10 10a2 2 0 1 1 4 0c0 1.500-1.500 2-2 3",
      ),
    },
  ],
  [
    "llama",
    {
      title: "Brain",
      icon: icon(
        "M12 5a3 3 0 0 0-5.500 1.500A3 3 0 0 0 5 12a3 3 0 0 0 2 5 3 3 0 0 0 5 1zm0 0a3 3 0 0 1 5.500 1.500A3 3 0 0 1 19 12a3 3 0 0 1-2 5 3 3 0 0 1-5 1z",
      ),
    },
  ],
  [
    "kokoro",
    {
      title: "Voice",
      icon: icon("M4 10v4h3l5 4V6L7 10zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11"),
    },
  ],
  ["web", { title: "This page", icon: icon("M3 5h18v14H3zM3 9h18M6 7h.01M9 7h.01") }],
]);

export function serviceCard({ view, canSteer, commit }: ServiceCardOptions): Html {
  const { name, detail, lastReason, isSupervised } = view;
  const { title, icon: picture } = titles.get(name) ?? { title: name, icon: icon("M5 5h14v14H5z") };
  const { text, tone } = wordsFor(view);
  return html`<li id="service-${name}" class="service" data-tone="${tone}">
    <h3>${picture}<span>${title}</span> <small>${name}</small></h3>
    <p class="state"><span class="dot" aria-hidden="true"></span>${text}</p>
    <p class="detail">${detail}</p>
    ${tone === "bad" && lastReason !== "" && html`<p class="problem">${lastReason}</p>`}
    <dl>${facts(view, commit)}</dl>
    ${canSteer && isSupervised && name !== "web" && buttons(view, title)}
  </li>`;
}

function wordsFor({ state, health }: ServiceView): StateWords {
  if (state === "ready" && health === "failing") return { text: "Does not answer", tone: "bad" };
  return states.get(state) ?? { text: state, tone: "busy" };
}

function facts(
  { version, commit, startedMs, memoryBytes, restarts }: ServiceView,
  own: string,
): Html[] {
  const isOther = commit !== "" && commit !== own;
  const rows: [string, Html | string | undefined][] = [
    ["Build", commit === "" ? undefined : buildOf(version, commit, isOther)],
    ["Since", startedMs === undefined ? undefined : clockTime(startedMs)],
    ["Memory", memoryBytes === undefined ? undefined : `${Math.round(memoryBytes / 1e6)} MB`],
    ["Restarts", restarts === 0 ? undefined : String(restarts)],
  ];
  return rows.flatMap(([what, value]) =>
    value === undefined
      ? []
      : [
          html`<div>
            <dt>${what}</dt>
            <dd>${value}</dd>
          </div>`,
        ],
  );
}

/** As much of a commit as people compare. */
const shownCommitCharacters = 7;

/** The mark of a build with changes of its own stays: two of them are not the same. */
function buildOf(version: string, commit: string, isOther: boolean): Html {
  const mark = commit.endsWith("+") ? "+" : "";
  const shown = `${commit.replace(/\+$/, "").slice(0, shownCommitCharacters)}${mark}`;
  return html`<span title="${version} ${commit}">${version} ${shown}</span>${
      isOther && " (another than this page)"
    }`;
}

/** They need the script; without it nothing is shown. */
function buttons({ name, state, calls }: ServiceView, title: string): Html {
  const busy = calls === 0 ? "" : ` It has ${calls === 1 ? "a call" : `${calls} calls`} now.`;
  const usable = actions.filter((action) => action.states.includes(state));
  return html`<p class="actions">
    ${usable.map(({ name: action, label }) => {
      const question = action === "start" ? "" : `${label} ${title} (${name})?${busy}`;
      return html`<button
        id="${action}-${name}"
        type="button"
        data-steer="/api/v1/services/${name}/${action}"
        data-question="${question}"
        aria-label="${label} ${title} (${name})"
      >
        ${label}
      </button>`;
    })}
  </p>`;
}

function icon(path: string): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    <path d="${path}" />
  </svg>`;
}
