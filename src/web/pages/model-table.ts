/** The models of the ears: those that are here, the download under way, and those that can be had. */
import {
  describeVerdict,
  formatGb,
  type MachineVerdict,
} from "../../models-store/machine-verdict.ts";
import { usualNames } from "../../models-store/model-listing.ts";
import type { PullState } from "../../models-store/model-pulls.ts";
import {
  builtInName,
  type HereModel,
  type ObtainableModel,
} from "../../models-store/model-shelf.ts";
import { type Html, html } from "../html.ts";
import type { ModelsView } from "../models-view.ts";
import { isAtLeast, type Role } from "../roles.ts";
import type { Fragment } from "./now-page.ts";

/** Pieces that change while one looks; each stands once on the page. */
export function modelFragments(view: ModelsView, role: Role): readonly Fragment[] {
  return [
    { id: "models-pull", html: pullPiece(view.pull, role) },
    { id: "models-here", html: herePiece(view, role) },
    { id: "models-usual", html: obtainablePiece(view, role, "usual") },
    { id: "models-others", html: obtainablePiece(view, role, "others") },
  ];
}

export function modelSection(view: ModelsView, role: Role): Html {
  const [pull, here, usual, others] = modelFragments(view, role).map((fragment) => fragment.html);
  const { machine, folder, freeBytes, source, isMirror } = view;
  const cores = machine.cores === 1 ? "1 core" : `${machine.cores} cores`;
  return html`<section aria-labelledby="models-title">
    <h2 id="models-title">Models</h2>
    ${pull} ${here}
    <h3 class="part">To be had</h3>
    ${usual}
    <details class="part">
      <summary>All other variants</summary>
      ${others}
    </details>
    <p class="hint part">
      Speed and memory are estimates for this machine: ${cores}, ${formatGb(machine.memoryBytes)} of
      memory. Models lie in
      <code>${folder}</code>${freeBytes !== undefined && `, where ${formatGb(freeBytes)} are free`}.
      They come from ${isMirror ? "the mirror" : ""} <code>${source}</code>.
    </p>
    <details class="part">
      <summary>This machine has no way into the internet</summary>
      <p class="hint">
        Set <code>WILDFIRE_MODEL_MIRROR</code> to the address of a folder with these files that this
        machine can reach, or <code>HTTPS_PROXY</code> to a proxy, and start the services again. Or
        copy a file such as <code>ggml-base.en.bin</code> from another machine into
        <code>${folder}</code>: it is listed here as soon as it is there. On a terminal:
        <code>wildfire models pull base.en --mirror URL</code>.
      </p>
    </details>
  </section>`;
}

function herePiece({ here }: ModelsView, role: Role): Html {
  return html`<div id="models-here" class="table-frame">
    <table class="stacked">
      <caption>
        On this machine
      </caption>
      ${tableHead}
      <tbody>
        ${here.map((model) => hereRow(model, role))}
      </tbody>
    </table>
  </div>`;
}

const tableHead = html`<thead>
  <tr>
    <th scope="col">Model</th>
    <th scope="col" class="number">Size</th>
    <th scope="col">What it is</th>
    <th scope="col">On this machine</th>
    <th scope="col"><span class="sr-only">What can be done</span></th>
  </tr>
</thead>`;

function hereRow(model: HereModel, role: Role): Html {
  const { name, path, isOurs, sizeBytes, problem } = model;
  const isBuiltIn = name === builtInName;
  return html`<tr>
    <th scope="row">
      ${isBuiltIn ? "Built in" : name} ${useBadges(model)}
      ${!isOurs && path !== undefined && html`<small>${path}</small>`}
    </th>
    <td data-label="Size" class="number">${isBuiltIn ? "13 MB" : formatGb(sizeBytes)}</td>
    <td data-label="What it is">${describe(model)}</td>
    <td data-label="On this machine">
      ${
        problem === ""
          ? verdictPiece(model.verdict, isBuiltIn ? "fluent; knows a few hundred words" : "")
          : html`<span class="problem">${problem}</span>`
      }
    </td>
    <td>${hereActions(model, role)}</td>
  </tr>`;
}

function useBadges({ isRunning, isChosen }: HereModel): Html | undefined {
  if (isRunning) return html`<span class="badge" data-tone="good">In use</span>`;
  if (!isChosen) return undefined;
  return html`<span class="badge" data-tone="busy">Chosen</span>`;
}

function describe({ name, type, quantisation, isMultilingual }: HereModel): string {
  if (name === builtInName) return "for trying: English of the telephone";
  if (type === "") return "no usable model";
  return `${type}, ${quantisation}, ${languages(isMultilingual)}`;
}

function hereActions(model: HereModel, role: Role): Html | undefined {
  const { name, isOurs, isRunning, isChosen, problem } = model;
  if (!isAtLeast(role, "admin")) return undefined;
  const canUse = problem === "" && !isChosen && (isOurs || name === builtInName);
  return html`<p class="actions">
    ${
      canUse &&
      button({
        label: "Use it",
        what: name,
        path: `${address(name)}/use`,
        question: `Hear with ${title(name)} from now on? The ears start again for that; calls that are up stay.`,
      })
    }
    ${
      isOurs &&
      button({
        label: "Remove",
        what: name,
        path: address(name),
        method: "DELETE",
        question: `Remove ${name} from the disk?`,
        refusal: refusalOf({ isRunning, isChosen }),
      })
    }
  </p>`;
}

/** Said beside the button, which then does nothing. */
function refusalOf({ isRunning, isChosen }: Pick<HereModel, "isRunning" | "isChosen">): string {
  if (isRunning) return "It is in use: choose another one first";
  return isChosen ? "The configuration names it: choose another one first" : "";
}

function obtainablePiece(
  { obtainable, pull }: ModelsView,
  role: Role,
  which: "usual" | "others",
): Html {
  const shown = obtainable.filter(({ name }) => usualNames.has(name) === (which === "usual"));
  const busy = pull.phase === "running" ? pull.model : undefined;
  const caption = which === "usual" ? "What most take" : "Other sizes and quantisations";
  return html`<div id="models-${which}" class="table-frame">
    <table class="stacked">
      <caption>
        ${caption}
      </caption>
      ${tableHead}
      <tbody>
        ${shown.map((model) => obtainableRow(model, role, busy))}
      </tbody>
    </table>
  </div>`;
}

function obtainableRow(model: ObtainableModel, role: Role, busy: string | undefined): Html {
  const { name, aboutBytes, quantisation, isMultilingual, verdict, partialBytes } = model;
  return html`<tr>
    <th scope="row">
      ${name}
      ${partialBytes > 0 && busy !== name && html`<small>${formatGb(partialBytes)} are here</small>`}
    </th>
    <td data-label="Size" class="number">${formatGb(aboutBytes)}</td>
    <td data-label="What it is">${quantisation}, ${languages(isMultilingual)}</td>
    <td data-label="On this machine">${verdictPiece(verdict, "")}</td>
    <td>${obtainableActions(model, role, busy)}</td>
  </tr>`;
}

function obtainableActions(
  { name, partialBytes }: ObtainableModel,
  role: Role,
  busy: string | undefined,
): Html | undefined {
  if (busy === name || !isAtLeast(role, "operator")) return undefined;
  const refusal = busy === undefined ? "" : `${busy} is being downloaded`;
  const label = partialBytes > 0 ? "Go on" : "Download";
  return html`<p class="actions">
    ${button({ label, what: name, path: `${address(name)}/pull`, refusal })}
    ${
      partialBytes > 0 &&
      isAtLeast(role, "admin") &&
      button({ label: "Discard", what: name, path: address(name), method: "DELETE", refusal })
    }
  </p>`;
}

function pullPiece(pull: PullState, role: Role): Html {
  const { phase, model, note, hint } = pull;
  if (phase === "none") return html`<div id="models-pull" class="pull" hidden></div>`;
  const isRunning = phase === "running";
  return html`<div id="models-pull" class="card pull" data-tone="${tones[phase]}">
    <p role="status"><strong>${model}</strong> ${phaseWords[phase]}${note !== "" && `: ${note}`}</p>
    ${!isRunning && hint !== "" && html`<p class="hint">${sentence(hint)}</p>`}
    ${isRunning && progressPiece(pull)}
    ${
      isRunning &&
      isAtLeast(role, "operator") &&
      html`<p class="actions">
        ${button({ label: "Cancel", what: model, path: `${address(model)}/cancel` })}
      </p>`
    }
  </div>`;
}

const tones = {
  none: "off",
  running: "busy",
  done: "good",
  failed: "bad",
  cancelled: "off",
} as const;
const phaseWords = {
  none: "",
  running: "is being downloaded",
  done: "is here",
  failed: "was not downloaded",
  cancelled: "was cancelled",
} as const;

function progressPiece({ model, doneBytes, totalBytes, bytesPerS, leftMs }: PullState): Html {
  const of = totalBytes === undefined ? "" : ` of ${formatGb(totalBytes)}`;
  const rate = bytesPerS === undefined ? "" : `, ${(bytesPerS / 1e6).toFixed(1)} MB/s`;
  const left = leftMs === undefined ? "" : `, ${roughTime(leftMs)} left`;
  const label = `Download of ${model}`;
  return html`${
      totalBytes === undefined
        ? html`<progress aria-label="${label}"></progress>`
        : html`<progress aria-label="${label}" max="${totalBytes}" value="${doneBytes}"></progress>`
    }
    <p class="hint figures">${formatGb(doneBytes)}${of}${rate}${left}</p>`;
}

export interface ButtonOptions {
  readonly label: string;
  /** What it does something with, for those who do not see where it stands. */
  readonly what: string;
  readonly path: string;
  readonly method?: "POST" | "DELETE";
  readonly question?: string;
  /** Why it cannot be pressed now. */
  readonly refusal?: string;
}

function button({ label, what, path, method, question, refusal }: ButtonOptions): Html {
  const isRefused = refusal !== undefined && refusal !== "";
  return html`<button
    type="button"
    id="${label.toLowerCase().replaceAll(" ", "-")}-${what}"
    data-steer="${path}"
    data-method="${method ?? "POST"}"
    data-question="${question ?? ""}"
    aria-label="${label} ${what}${isRefused && `: ${refusal}`}"
    ${isRefused && html`disabled title="${refusal}"`}
  >
    ${label}
  </button>`;
}

function verdictPiece(verdict: MachineVerdict | undefined, otherwise: string): Html {
  if (verdict === undefined)
    return html`<span data-tone="good" class="estimate">${otherwise}</span>`;
  return html`<span class="estimate" data-tone="${verdictTones[verdict.kind]}"
    >${describeVerdict(verdict)}</span
  >`;
}

const verdictTones = {
  fluent: "good",
  slow: "busy",
  "too-slow": "bad",
  "too-big": "bad",
  unknown: "off",
} as const;

function address(name: string): string {
  return `/api/v1/models/${encodeURIComponent(name)}`;
}

function title(name: string): string {
  return name === builtInName ? "the built-in model" : name;
}

function languages(isMultilingual: boolean): string {
  return isMultilingual ? "many languages" : "English";
}

function roughTime(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
