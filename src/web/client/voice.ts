/** The page Voice: a text to hear in the browser, and servers to choose. */
import type { PageDocument } from "./dom.ts";
import { parseFields } from "./fields.ts";
import {
  fillIn,
  filled,
  findServers,
  offer,
  onTry,
  postTry,
  secretValue,
  settingValue,
  showError,
  showResult,
  showServers,
} from "./tries.ts";

declare const document: PageDocument;

const verdict = document.getElementById("try-verdict");
const audio = document.getElementById("try-audio");
const voiceField = document.querySelector('[data-setting="kokoro.voice"]');
let address = "";

onTry(document.getElementById("try-start"), document.getElementById("try-stop"), async (signal) => {
  showResult(verdict, { seen: "Speaking…" });
  try {
    const response = await postTry("/api/v1/tries/voice", wish(), signal);
    const figures = response.headers.get("x-wildfire-trial");
    if (figures === null) {
      showResult(verdict, parseFields(await response.text()));
      return;
    }
    play(await response.blob());
    showResult(verdict, parseFields(decodeURIComponent(figures)));
  } catch (error) {
    if (signal.aborted) showResult(verdict, { level: "skipped", seen: "Stopped." });
    else showError(verdict, error);
  }
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

const place = document.getElementById("servers");
if (place !== null) {
  const servers = await findServers("speech", "voices");
  const mayUse = voiceField !== null && !voiceField.hasAttribute("data-fixed");
  const builtin = (place.getAttribute("data-builtin") ?? "").split(" ");
  const names = [...builtin, ...servers.flatMap((server) => server.names)];
  offer(voiceField, "voice-names", [...new Set(names)]);
  showServers({
    place,
    servers,
    word: "voice",
    onUse: mayUse
      ? ({ url, names: voices }) => {
          fillIn("kokoro.engine", "openai-speech");
          fillIn("kokoro.url", url);
          if (voices[0] !== undefined) fillIn("kokoro.voice", voices[0]);
        }
      : undefined,
  });
  const none = document.getElementById("no-servers");
  if (none !== null) none.textContent = servers.length === 0 ? "none was found on this host." : "";
}
