/** The page Brain: a prompt to try, whose answer comes in as it would in a call, and servers to choose. */
import type { PageDocument } from "./dom.ts";
import { textOf } from "./fields.ts";
import {
  fillIn,
  filled,
  offerServers,
  onTry,
  postTry,
  readEvents,
  secretValue,
  settingValue,
  showResult,
} from "./tries.ts";

declare const document: PageDocument;

const verdict = document.getElementById("try-verdict");
const answer = document.getElementById("try-answer");
const clauses = document.getElementById("try-clauses");
const promptField = document.querySelector('[data-setting="llama.prompt"]');

onTry(verdict, async (signal) => {
  let text = "";
  const spoken: string[] = [];
  if (answer !== null) answer.textContent = "";
  if (clauses !== null) clauses.textContent = "";
  showResult(verdict, { seen: "Asking…" });
  const response = await postTry("/api/v1/tries/chat", wish(), signal);
  await readEvents(response, (name, fields) => {
    if (name === "text") text += textOf(fields, "text");
    if (name === "clause") spoken.push(textOf(fields, "text"));
    if (name === "result") showResult(verdict, fields);
    if (answer !== null) answer.textContent = text;
    if (clauses !== null) clauses.textContent = spoken.join("\n");
  });
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

await offerServers({
  kind: "chat",
  word: "model",
  setting: "llama.model",
  builtin: [],
  use({ url, names: [first] }) {
    fillIn("llama.backend", "openai");
    fillIn("llama.url", url);
    if (first !== undefined) fillIn("llama.model", first);
  },
});
