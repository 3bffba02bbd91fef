/** What the configuration says of the history: who keeps calls and who keeps their sound must agree. */
import { join } from "node:path";
import type { ConfigFile } from "../config/load.ts";
import { type OptionValues, readOptions } from "../config/options.ts";
import { historyOptions } from "../config/shared-sections.ts";
import { CallRecorder } from "./call-recorder.ts";
import { loadCurrentConfig } from "./config-file.ts";
import type { ServiceContext } from "./service.ts";

export interface HistorySettings {
  /** Undefined: in the state folder. */
  readonly folder: string | undefined;
  readonly keepDays: number;
  /** Of calls and recordings together. */
  readonly limitBytes: number;
  readonly hasAudio: boolean;
}

const bytesPerMegabyte = 1 << 20;
const dayMs = 24 * 3600 * 1000;
/** A thousand years. */
const forEverDays = 365_000;

/** Of the same file as the options of the service, whose `--config` is given. */
export async function readHistorySettings(config: string | undefined): Promise<HistorySettings> {
  const values = readValues(await loadCurrentConfig(config));
  return {
    folder: values.folder,
    keepDays: values["keep-days"] === 0 ? forEverDays : values["keep-days"],
    limitBytes: values["max-mb"] * bytesPerMegabyte,
    hasAudio: values.audio,
  };
}

export function historyFolderOf({ folder }: HistorySettings, stateFolder: string): string {
  return folder ?? join(stateFolder, "history");
}

export function audioFolderOf(settings: HistorySettings, stateFolder: string): string {
  return join(historyFolderOf(settings, stateFolder), "audio");
}

/** Undefined where the sound of calls is not kept, or cannot be. */
export async function openCallRecorder(
  config: string | undefined,
  { clock, log, stateFolder }: ServiceContext,
): Promise<CallRecorder | undefined> {
  const settings = await readHistorySettings(config);
  if (!settings.hasAudio) return undefined;
  const { limitBytes, keepDays } = settings;
  const folder = audioFolderOf(settings, stateFolder);
  return await CallRecorder.open({ folder, limitBytes, keepMs: keepDays * dayMs, clock, log });
}

function readValues(file: ConfigFile | undefined): OptionValues<typeof historyOptions> {
  return readOptions(historyOptions, {
    argv: [],
    env: process.env,
    command: "history",
    file: file?.sections["history"] ?? {},
    fileName: `${file?.path ?? ""} [history]`,
  });
}
