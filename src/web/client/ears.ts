/** The script of the page Ears: has the speed of hearing measured, and shows the verdict. */
import type { PageDocument } from "./dom.ts";
import { onTry, postTry, readEvents, showResult } from "./tries.ts";

declare const document: PageDocument;

const verdict = document.getElementById("try-result");

onTry(verdict, async (signal) => {
  showResult(verdict, { seen: "It is measured …" });
  const response = await postTry("/api/v1/tries/hearing", {}, signal);
  await readEvents(response, (name, fields) => {
    if (name === "result") showResult(verdict, fields);
  });
});
