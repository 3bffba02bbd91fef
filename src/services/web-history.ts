/** The history as the web service keeps it: who writes it, who is asked, and how long it is kept. */
import { join } from "node:path";
import { HistoryDesk } from "../history/history-desk.ts";
import { HistoryRecorder } from "../history/history-recorder.ts";
import type { History } from "../web/appliance.ts";
import { historyWorkerUrl } from "../worker-files.ts";
import { audioFolderOf, historyFolderOf, readHistorySettings } from "./history-settings.ts";
import { RecordingShelf } from "./recording-shelf.ts";
import type { ServiceContext } from "./service.ts";
import type { WebValues } from "./web-options.ts";

export interface WebHistory {
  readonly recorder: HistoryRecorder;
  /** For the routes. */
  readonly past: History;
  close(): void;
}

/** `isRunning`: of those services that are not, calls that are open are closed as lost. */
export async function openWebHistory(
  values: WebValues,
  context: ServiceContext,
  isRunning: (service: string, pid: number) => boolean,
): Promise<WebHistory> {
  const { clock, log, stateFolder } = context;
  const settings = await readHistorySettings(values.config);
  const folder = values["history-dir"] ?? historyFolderOf(settings, stateFolder);
  const path = join(folder, "calls.sqlite");
  const shelf = new RecordingShelf(audioFolderOf(settings, stateFolder), log);
  const recorder = new HistoryRecorder({
    path,
    clock,
    log,
    isRunning,
    limits: { days: settings.keepDays, bytes: settings.limitBytes },
    removeAudio: (file) => shelf.remove(file),
  });
  const desk = new HistoryDesk({ workerUrl: historyWorkerUrl, path, clock });
  return {
    recorder,
    past: pastOf({ recorder, desk, shelf, hasAudio: settings.hasAudio }),
    close() {
      recorder.close();
      desk.close();
    },
  };
}

interface PastParts {
  readonly recorder: HistoryRecorder;
  readonly desk: HistoryDesk;
  readonly shelf: RecordingShelf;
  readonly hasAudio: boolean;
}

function pastOf({ recorder, desk, shelf, hasAudio }: PastParts): History {
  return {
    page: async (query) => await desk.page(query),
    call: async (which) => await desk.call(which),
    export: async (which, format) => await desk.export(which, format),
    list: async (query) => await desk.list(query),
    lines: async () => await desk.lines(),
    remove: (which) => recorder.remove(which),
    recording: async (path) => await shelf.find(path),
    state() {
      const { waiting, dropped, lastProblem, troubleSinceMs, aside } = recorder.status();
      return { waiting, dropped, lastProblem, troubleSinceMs, aside, hasAudio };
    },
  };
}
