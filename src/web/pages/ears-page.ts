/** The page "Ears": how this machine hears, with which model, and the settings of that. */
import { numberIn, objectIn, textIn } from "../../services/event-fields.ts";
import type { Appliance } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import type { WebRequest } from "../route.ts";
import { canSteer, type Viewer } from "./layout.ts";
import { tryButtons } from "./try-parts.ts";
import { modelSection } from "./model-table.ts";
import {
  canChangeSettings,
  readableSettings,
  settingsForm,
  settingsProblems,
} from "./settings-form.ts";

/** Of [whisper], in the groups in which they are shown. */
const groups = [
  {
    title: "Language and turns",
    keys: ["language", "prompt", "end-silence", "back-channel", "min-speech", "translate"],
  },
  {
    title: "Speed",
    keys: ["lanes", "threads", "nice", "no-gpu", "min-context", "max-utterance"],
  },
] as const;

const connectionGroup = {
  title: "Model file and connections",
  keys: [
    "model",
    "bind",
    "port",
    "llama-host",
    "llama-port",
    "llama-signal-port",
    "voice-host",
    "voice-signal-port",
    "chunk-utterance",
    "idle-limit",
    "no-partials",
    "record",
  ],
} as const;

export async function earsMain(
  appliance: Appliance,
  _request: WebRequest,
  viewer: Viewer,
): Promise<Html> {
  const [view, settings] = await Promise.all([
    appliance.models.view(),
    readableSettings(appliance, viewer),
  ]);
  const form = { view: settings, section: "whisper", canEdit: canChangeSettings(viewer) };
  return html`<h1>Ears</h1>
    ${hearingSummary(appliance)} ${canSteer(viewer) && measurePiece()}
    ${modelSection(view, viewer.principal.role)}
    <section aria-labelledby="hearing-title">
      <h2 id="hearing-title">Settings</h2>
      ${settingsProblems(settings)}
      ${settings === undefined ? settingsForm({ ...form, ...groups[0] }) : groups.map((group) => settingsForm({ ...form, ...group }))}
      ${
        settings !== undefined &&
        html`<details class="part">
          <summary>${connectionGroup.title}</summary>
          ${settingsForm({ ...form, ...connectionGroup })}
        </details>`
      }
    </section>`;
}

function hearingSummary({ board }: Appliance): Html {
  const status = board.status("whisper");
  if (status === undefined) {
    return html`<p class="summary" data-tone="bad"><strong>The ears do not run.</strong></p>`;
  }
  const recogniser = objectIn(status, "recogniser");
  const lanes = numberIn(recogniser, "lanes");
  const model = textIn(objectIn(status, "model"), "name");
  const heard =
    lanes === undefined
      ? ""
      : `, ${lanes === 1 ? "one utterance" : `${lanes} utterances`} at a time`;
  return html`<p class="summary">
    <strong>Hears with ${model === "demo" ? "the built-in model" : model}</strong>${heard}.
  </p>`;
}

function measurePiece(): Html {
  return html`${tryButtons("Measure the speed")}
    <p class="hint needs-script">Hears three seconds of speech with the configured model.</p>
    <p id="try-result" class="verdict" role="status"></p>`;
}
