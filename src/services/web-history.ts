/** The history as the web service keeps it: who writes it, who is asked, and how long it is kept. */
import { rmSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type ConfigFile, loadConfigFile } from "../config/load.ts";
import { type OptionValues, readOptions } from "../config/options.ts";
import { defaultConfigFile } from "../config/paths.ts";
import { historyOptions } from "../config/shared-sections.ts";
import { errnoOf } from "../core/errno.ts";
import { HistoryDesk } from "../history/history-desk.ts";
import { HistoryRecorder } from "../history/history-recorder.ts";
import { historyWorkerUrl } from "../worker-files.ts";
import type { ServiceContext } from "./service.ts";
import type { WebValues } from "./web-options.ts";

export interface WebHistory {
  readonly recorder: HistoryRecorder;
  readonly desk: HistoryDesk;
  close(): void;
}

const bytesPerMegabyte = 1 << 20;
/** A thousand years. */
const forEverDays = 365_000;

/** `isRunning`: of those services that are not, calls that are open are closed as lost. */
export async function openWebHistory(
  values: WebValues,
  context: ServiceContext,
  isRunning: (service: string, pid: number) => boolean,
): Promise<WebHistory> {
  const { clock, log, stateFolder } = context;
  const settings = readHistorySettings(await readConfig(values));
  const folder = values["history-dir"] ?? settings.folder ?? join(stateFolder, "history");
  const path = join(folder, "calls.sqlite");
  const days = settings["keep-days"] === 0 ? forEverDays : settings["keep-days"];
  const recorder = new HistoryRecorder({
    path,
    clock,
    log,
    isRunning,
    limits: { days, bytes: settings["max-mb"] * bytesPerMegabyte },
    removeAudio: (file) => removeRecording(file, context),
  });
  const desk = new HistoryDesk({ workerUrl: historyWorkerUrl, path, clock });
  return {
    recorder,
    desk,
    close() {
      recorder.close();
      desk.close();
    },
  };
}

/** The same file as for the options of the service. */
async function readConfig({ config }: WebValues): Promise<ConfigFile | undefined> {
  const path = config ?? process.env["WILDFIRE_CONFIG"] ?? "";
  if (path !== "") return await loadConfigFile(path);
  const isThere = await Bun.file(defaultConfigFile).exists();
  return isThere ? await loadConfigFile(defaultConfigFile) : undefined;
}

function readHistorySettings(file: ConfigFile | undefined): OptionValues<typeof historyOptions> {
  return readOptions(historyOptions, {
    argv: [],
    env: process.env,
    command: "history",
    file: file?.sections["history"] ?? {},
    fileName: `${file?.path ?? ""} [history]`,
  });
}

/** Only what a recorder names like that. */
function removeRecording(path: string, { log }: ServiceContext): void {
  if (!isAbsolute(path) || !path.endsWith(".wav")) return;
  try {
    rmSync(path, { force: true });
  } catch (error) {
    log.warn("a recording of a forgotten call was not removed", { path, reason: errnoOf(error) });
  }
}
