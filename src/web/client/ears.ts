/** The script of the page Ears: has the speed of hearing measured, and shows the verdict. */
import type { PageDocument } from "./dom.ts";
import { onTry, postTry, readEvents, showError, showResult } from "./tries.ts";

declare const document: PageDocument;

const place = document.getElementById("try-result");

async function measure(signal: AbortSignal): Promise<void> {
  showResult(place, { seen: "It is measured …" });
  try {
    const response = await postTry("/api/v1/tries/hearing", {}, signal);
    await readEvents(response, (name, fields) => {
      if (name === "result") showResult(place, fields);
    });
  } catch (error) {
    showError(place, error);
  }
}

onTry(document.getElementById("try-start"), document.getElementById("try-stop"), measure);
