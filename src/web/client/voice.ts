/** The page Voice: a text to hear in the browser, and servers to choose. */
import type { PageDocument } from "./dom.ts";
import { parseFields } from "./fields.ts";
import {
  fillIn,
  filled,
  offerServers,
  onTry,
  postTry,
  secretValue,
  settingValue,
  showResult,
} from "./tries.ts";

declare const document: PageDocument;

const verdict = document.getElementById("try-verdict");
const audio = document.getElementById("try-audio");
let address = "";

onTry(verdict, async (signal) => {
  showResult(verdict, { seen: "Speaking…" });
  const response = await postTry("/api/v1/tries/voice", wish(), signal);
  const figures = response.headers.get("x-wildfire-trial");
  if (figures === null) {
    showResult(verdict, parseFields(await response.text()));
    return;
  }
  play(await response.blob());
  showResult(verdict, parseFields(decodeURIComponent(figures)));
});

function play(sound: Blob): void {
  if (audio === null) return;
  if (address !== "") URL.revokeObjectURL(address);
  address = URL.createObjectURL(sound);
  audio.setAttribute("src", address);
  audio.hidden = false;
  // A browser that does not play by itself shows its button all the same.
  void audio.play?.().catch(() => undefined);
}

function wish(): object {
  const speed = settingValue("kokoro.speed");
  return {
    text: document.getElementById("try-text")?.value ?? "",
    ...filled({
      engine: settingValue("kokoro.engine"),
      url: settingValue("kokoro.url"),
      model: settingValue("kokoro.speech-model"),
      voice: settingValue("kokoro.voice"),
      language: settingValue("kokoro.language"),
      key: secretValue("speech-key"),
    }),
    ...(speed === "" ? {} : { speed: Number(speed) }),
  };
}

const builtin = document.getElementById("servers")?.getAttribute("data-builtin") ?? "";
await offerServers({
  kind: "speech",
  word: "voice",
  setting: "kokoro.voice",
  builtin: builtin.split(" "),
  use({ url, names: [first] }) {
    fillIn("kokoro.engine", "openai-speech");
    fillIn("kokoro.url", url);
    if (first !== undefined) fillIn("kokoro.voice", first);
  },
});
