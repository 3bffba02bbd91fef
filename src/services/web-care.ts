/** What the pages Ears and Trouble work with: models, the common log and the doctor, opened and closed as one. */
import { childEnvironment, selfCommand } from "../commands/self.ts";
import { planLogs } from "../supervisor/configured-plan.ts";
import { type ServiceBoard, supervisorService } from "../web/live/service-board.ts";
import type { SettingsDesk } from "../web/settings/settings-desk.ts";
import { currentConfigPath, loadCurrentConfig } from "./config-file.ts";
import type { ServiceContext } from "./service.ts";
import { WebDoctor } from "./web-doctor.ts";
import { logFolderIn, WebLogs } from "./web-logs.ts";
import { WebModels } from "./web-models.ts";
import type { WebValues } from "./web-options.ts";

export interface WebCareOptions {
  readonly values: WebValues;
  readonly context: ServiceContext;
  readonly board: ServiceBoard;
  readonly settings: SettingsDesk;
  /** Where a supervisor of this configuration logs. */
  readonly logFolder: string;
}

export interface WebCare {
  readonly models: WebModels;
  readonly logs: WebLogs;
  readonly doctor: WebDoctor;
  /** Resolves when nothing is written and no child runs any more. */
  closeCare(): Promise<void>;
}

/** As the configuration has it. Throws a WildfireError for what is wrong with it. */
export async function configuredLogFolder(
  { config }: WebValues,
  { stateFolder }: ServiceContext,
): Promise<string> {
  const file = await loadCurrentConfig(config);
  return planLogs({ file, env: process.env, stateFolder }).folder;
}

/** Throws a WildfireError for what is wrong with the environment. */
export function openWebCare(options: WebCareOptions): WebCare {
  const { values, context, board, settings, logFolder } = options;
  const { stateFolder, clock, log } = context;
  const models = new WebModels({ context, settings });
  const logs = new WebLogs({
    folder: () => logFolderIn(board.status(supervisorService) ?? {}) ?? logFolder,
    clock,
  });
  const doctor = new WebDoctor({
    self: selfCommand(),
    env: childEnvironment(),
    stateFolder,
    configPath: currentConfigPath(values.config),
    clock,
    log,
  });
  return {
    models,
    logs,
    doctor,
    async closeCare() {
      logs.close();
      await Promise.all([models.close(), doctor.close()]);
    },
  };
}
