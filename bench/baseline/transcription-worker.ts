/**
 * Utterances as the whisper service decodes them: at a context that fits them, and once more at the
 * full context where the text is doubtful.
 *
 * Usage: transcription-worker.ts MODEL STATE_DIR SAMPLES…
 * MODEL is a name that materials.ts knows; SAMPLES are heard in turn.
 */
import { Transcription } from "../../src/whisper/transcription.ts";
import { loadModel } from "../loaded-model.ts";
import { inTurn } from "../sentences.ts";
import { serveTurns } from "./turns.ts";

const [model, stateFolder = "", ...paths] = Bun.argv.slice(2);
if (model !== "demo" && model !== "base") throw new Error("the model is neither demo nor base");

const { recogniser, settings } = await loadModel({ model, lanes: 1, stateFolder });
const utterances = await Promise.all(
  paths.map(async (path) => new Float32Array(await Bun.file(path).arrayBuffer())),
);

await serveTurns(async (count) => {
  const samples = inTurn(utterances, count);
  const transcription = new Transcription({
    recogniser,
    samples,
    settings,
    language: settings.language,
    prompt: settings.prompt,
    urgency: "final",
  });
  const { segments } = (await transcription.result).result;
  return segments.map(({ text }) => text).join("");
});
process.exit(0);
