/** The page Voice: a text to hear, and the settings of what speaks. */
import { fliteVoices } from "../../voice/engines/flite-synthesis.ts";
import { maxTrialCharacters } from "../../tries/voice-trial.ts";
import type { Appliance } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import { canSteer, type Viewer } from "./layout.ts";
import {
  canChangeSettings,
  readableSettings,
  settingsForm,
  settingsProblems,
} from "./settings-form.ts";
import { serverList, tryButtons } from "./try-parts.ts";

const speakerKeys = ["engine", "url", "speech-model", "key-file", "voice", "speed", "language"];
const phraseKeys = ["phrase", "phrase-cache-mb"];
const example = "Hello, this is Wildfire. How can I help you today?";

export async function voiceMain(appliance: Appliance, viewer: Viewer): Promise<Html> {
  const view = await readableSettings(appliance, viewer);
  const how = { view, section: "kokoro", canEdit: canChangeSettings(viewer) };
  const speaker = settingsForm({
    ...how,
    keys: speakerKeys,
    title: "Who speaks",
    secrets: ["speech-key"],
    intro: serverList("voice-names", fliteVoices),
  });
  return html`<h1>Voice</h1>
    <p class="summary">What callers hear: the built-in voice, or a speech server.</p>
    ${settingsProblems(view)} ${canSteer(viewer) && speakCard()}
    <h2>Settings</h2>
    ${speaker} ${view !== undefined && settingsForm({ ...how, keys: phraseKeys, title: "Phrases" })}`;
}

function speakCard(): Html {
  return html`<section class="card" aria-labelledby="try-title">
    <h2 id="try-title">Say this</h2>
    <div class="field wide">
      <label for="try-text">Text</label>
      <textarea id="try-text" rows="2" maxlength="${maxTrialCharacters}">${example}</textarea>
      <p class="help">Spoken with what stands in the fields below, saved or not.</p>
    </div>
    ${tryButtons("Say it")}
    <p id="try-verdict" class="verdict" role="status" aria-live="polite"></p>
    <audio id="try-audio" controls hidden></audio>
  </section>`;
}
