/** A whisper service in a process of its own. */
import { numberAt } from "./json-path.ts";
import { ServiceProcess, start, type Started } from "./service-process.ts";

export interface WhisperOptions {
  /** Emptied by the caller; holds the status socket and the unpacked library. */
  readonly stateFolder: string;
  /** A model file; undefined for the embedded demo model. */
  readonly model: string | undefined;
  readonly llamaPort: number;
}

export class WhisperProcess extends ServiceProcess {
  readonly registrationPort: number;

  private constructor(started: Started) {
    super(started);
    this.registrationPort = numberAt(started.record, "port");
  }

  /** Resolves when the service is ready. */
  static async start({ stateFolder, model, llamaPort }: WhisperOptions): Promise<WhisperProcess> {
    const modelArgument = model === undefined ? [] : [`--model=${model}`];
    const argv = ["--port=0", `--llama-port=${llamaPort}`, ...modelArgument];
    return new WhisperProcess(await start({ service: "whisper", argv, stateFolder }));
  }
}
