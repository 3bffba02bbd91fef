/** The voice that is inside the executable: flite, on threads of its own. */
import { embedded } from "#embedded";
import type { SpeechEngine } from "../voice/engines/engine.ts";
import { Flite } from "../voice/engines/flite.ts";
import { fliteWorkerUrl } from "../worker-files.ts";
import type { ServiceContext } from "./service.ts";

export function openBuiltinVoice({ clock }: ServiceContext): Promise<SpeechEngine> {
  const modulePath = embedded.speechModule;
  return Promise.resolve(new Flite({ modulePath, workerUrl: fliteWorkerUrl, clock }));
}
