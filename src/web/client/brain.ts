/** The page Brain: a prompt to try, whose answer comes in as it would in a call, and servers to choose. */
import type { PageDocument } from "./dom.ts";
import { textOf } from "./fields.ts";
import {
  fillIn,
  filled,
  findServers,
  offer,
  onTry,
  postTry,
  readEvents,
  secretValue,
  settingValue,
  showError,
  showResult,
  showServers,
} from "./tries.ts";

declare const document: PageDocument;

const verdict = document.getElementById("try-verdict");
const answer = document.getElementById("try-answer");
const clauses = document.getElementById("try-clauses");
const promptField = document.querySelector('[data-setting="llama.prompt"]');
const modelField = document.querySelector('[data-setting="llama.model"]');

onTry(document.getElementById("try-start"), document.getElementById("try-stop"), async (signal) => {
  let text = "";
  const spoken: string[] = [];
  if (answer !== null) answer.textContent = "";
  if (clauses !== null) clauses.textContent = "";
  showResult(verdict, { seen: "Asking…" });
  try {
    const response = await postTry("/api/v1/tries/chat", wish(), signal);
    await readEvents(response, (name, fields) => {
      if (name === "text") text += textOf(fields, "text");
      if (name === "clause") spoken.push(textOf(fields, "text"));
      if (name === "result") showResult(verdict, fields);
      if (answer !== null) answer.textContent = text;
      if (clauses !== null) clauses.textContent = spoken.join("\n");
    });
  } catch (error) {
    if (signal.aborted) showResult(verdict, { level: "skipped", seen: "Stopped." });
    else showError(verdict, error);
  }
});

function wish(): object {
  const temperature = settingValue("llama.temperature");
  return {
    prompt: document.getElementById("try-prompt")?.value ?? "",
    ...unsavedPrompt(),
    ...filled({
      backend: settingValue("llama.backend"),
      url: settingValue("llama.url"),
      model: settingValue("llama.model"),
      key: secretValue("llama-key"),
    }),
    ...(temperature === "" ? {} : { temperature: Number(temperature) }),
  };
}

/** As it is being written; the server knows the saved one. */
function unsavedPrompt(): object {
  const isWriting = promptField !== null && !promptField.hasAttribute("data-fixed");
  const text = promptField?.value ?? "";
  return isWriting && text !== promptField.getAttribute("data-was") ? { system: text } : {};
}

document.getElementById("use-usual")?.addEventListener("click", () => {
  fillIn("llama.prompt", document.getElementById("usual-prompt")?.textContent ?? "");
  promptField?.focus?.();
});

const place = document.getElementById("servers");
if (place !== null) {
  const servers = await findServers("chat", "models");
  const mayUse = modelField !== null && !modelField.hasAttribute("data-fixed");
  const names = servers.flatMap((server) => server.names);
  offer(modelField, "model-names", [...new Set(names)]);
  showServers({
    place,
    servers,
    word: "model",
    onUse: mayUse
      ? ({ url, names: models }) => {
          fillIn("llama.backend", "openai");
          fillIn("llama.url", url);
          if (models[0] !== undefined) fillIn("llama.model", models[0]);
        }
      : undefined,
  });
  const none = document.getElementById("no-servers");
  if (none !== null) none.textContent = servers.length === 0 ? "none was found on this host." : "";
}
