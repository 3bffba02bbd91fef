/** The whisper models that setup offers: on disk, and downloaded from where they are published. */
import type { Clock } from "../core/clock.ts";
import { requireKnownModel } from "../models-store/known-models.ts";
import { listModels } from "../models-store/model-folder.ts";
import { pullModel } from "../models-store/pull-model.ts";
import { thisMachine } from "../services/this-machine.ts";
import type { SetupModels } from "./setup-desk.ts";

export interface SetupModelsOptions {
  readonly folder: string;
  /** Address of the folder on the server. */
  readonly source: string;
  readonly clock: Clock;
}

export function openModels({ folder, source, clock }: SetupModelsOptions): SetupModels {
  return {
    folder,
    machine: thisMachine,
    stored: () => listModels(folder),
    async pull({ name, signal, onProgress }) {
      const pulled = await pullModel({
        model: requireKnownModel(name),
        folder,
        place: source,
        sha256: undefined,
        clock,
        signal,
        onProgress,
        onNote: () => undefined,
      });
      return pulled.model.path;
    },
  };
}
