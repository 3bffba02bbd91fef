/** The page Brain: a prompt to try, and the settings of what answers. */
import { usualPrompt } from "../../llama-bridge/conversation/usual-prompt.ts";
import type { Appliance } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import type { SettingsView } from "../settings/settings-desk.ts";
import { canSteer, type Viewer } from "./layout.ts";
import {
  canChangeSettings,
  readableSettings,
  settingsForm,
  settingsProblems,
} from "./settings-form.ts";
import { serverList, tryButtons } from "./try-parts.ts";

const promptGroup = {
  title: "What it is told: who it is, how it answers",
  keys: ["prompt", "system"],
} as const;

const groups: readonly { readonly title: string; readonly keys: readonly string[] }[] = [
  { title: "Chat server", keys: ["backend", "url", "model", "key-file"] },
  { title: "What it says", keys: ["greeting", "apology", "language"] },
  {
    title: "Answers",
    keys: [
      "temperature",
      "max-tokens",
      "max-answer",
      "first-token-limit",
      "history-tokens",
      "stop",
      "seed",
    ],
  },
  { title: "Tools and transfers", keys: ["tools", "tool-style", "transfer", "transfer-any"] },
];

const example = "Hello, when are you open on Saturdays?";

export async function brainMain(appliance: Appliance, viewer: Viewer): Promise<Html> {
  const view = await readableSettings(appliance, viewer);
  const canEdit = canChangeSettings(viewer);
  const told = settingsForm({
    view,
    section: "llama",
    ...promptGroup,
    canEdit,
    intro: promptIntro(configuredLanguage(view), canEdit),
  });
  const forms = groups.map(({ title, keys }, index) =>
    settingsForm({
      view,
      section: "llama",
      keys,
      title,
      canEdit,
      ...(index === 0 ? { secrets: ["llama-key"], intro: serverList("model-names") } : {}),
    }),
  );
  return html`<h1>Brain</h1>
    <p class="summary">
      What answers the callers: a chat server, or an echo that says again what it hears.
    </p>
    ${settingsProblems(view)}
    <h2>The prompt</h2>
    ${told} ${canSteer(viewer) && promptCard()} ${view !== undefined && html`<h2>Settings</h2>`}
    ${view !== undefined && forms}`;
}

const places: readonly (readonly [string, string])[] = [
  ["{caller}", "who calls: a number or a name"],
  ["{line}", "the line that was called"],
  ["{date}", "the day of the call"],
  ["{time}", "the time of day when it began"],
  ["{language}", "the language of the calls"],
];

/** What may stand in the text, and what counts where there is none. */
function promptIntro(language: string, canEdit: boolean): Html {
  return html`<p class="hint">
      Each call begins with this text, which no caller hears. Words in braces are filled in:
    </p>
    <dl class="places">
      ${places.map(
        ([name, meaning]) =>
          html`<div>
            <dt><code>${name}</code></dt>
            <dd>${meaning}</dd>
          </div>`,
      )}
    </dl>
    <details>
      <summary>What counts while the field is empty</summary>
      <p id="usual-prompt" class="spoken">${usualPrompt(language)}</p>
      ${
        canEdit &&
        html`<p class="needs-script">
          <button id="use-usual" type="button">Start from this text</button>
        </p>`
      }
    </details>`;
}

function configuredLanguage(view: SettingsView | undefined): string {
  const settings = view?.sections.find(({ name }) => name === "llama")?.settings ?? [];
  const value = settings.find(({ key }) => key === "language")?.value;
  return typeof value === "string" ? value : "en";
}

function promptCard(): Html {
  return html`<section class="card" aria-labelledby="try-title">
    <h2 id="try-title">Try a prompt</h2>
    <div class="field wide">
      <label for="try-prompt">What a caller might say</label>
      <textarea id="try-prompt" rows="2" maxlength="4000">${example}</textarea>
      <p class="help">
        Asked with the system prompt above and with what stands in the fields below, saved or not.
      </p>
    </div>
    ${tryButtons("Ask")}
    <p id="try-verdict" class="verdict" role="status" aria-live="polite"></p>
    <div class="answers">
      <div>
        <h3>Answer</h3>
        <p id="try-answer" class="spoken"></p>
      </div>
      <div>
        <h3>Clause by clause, as it is spoken</h3>
        <p id="try-clauses" class="spoken"></p>
      </div>
    </div>
  </section>`;
}
