/**
 * Where the programs of worker threads lie. They are entry points of the build beside `main.ts`, and
 * keep their place below its folder; from this module, which is in that folder too, they are found by
 * the same relative path among the sources and inside the executable.
 */

export const fliteWorkerUrl = new URL("./voice/engines/flite-worker.ts", import.meta.url);

export const historyWorkerUrl = new URL("./history/history-worker.ts", import.meta.url);
