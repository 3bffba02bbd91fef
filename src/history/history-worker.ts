/** The worker thread that reads the history: an entry point of the build, started by `history-desk.ts`. */
import { describeError } from "../core/errors.ts";
import type { FromHistoryWorker, ToHistoryWorker } from "./history-messages.ts";
import { HistoryAnswerer } from "./history-answerer.ts";

declare const self: Worker;

let answerer: HistoryAnswerer | undefined;

self.addEventListener("message", ({ data }: MessageEvent<ToHistoryWorker>) => {
  if (data.kind === "open") {
    answerer = new HistoryAnswerer(data.path);
    return;
  }
  const message: FromHistoryWorker = { id: data.id, answer: answerTo(data) };
  self.postMessage(message, []);
});

function answerTo({ question }: ToHistoryWorker & { kind: "ask" }): FromHistoryWorker["answer"] {
  try {
    return answerer?.answer(question) ?? { kind: "failed", message: "the history is not open" };
  } catch (error) {
    return { kind: "failed", message: describeError(error) };
  }
}
