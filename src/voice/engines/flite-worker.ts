/** The worker thread of the built-in voice: an entry point of the build, started by `flite-lane.ts`. */
import { describeError } from "../../core/errors.ts";
import type { FromFliteWorker, ToFliteWorker } from "./flite-messages.ts";
import { synthesise, synthesiseWith } from "./flite-synthesis.ts";
import { WasiProgram } from "./wasi-command.ts";

declare const self: Worker;

let opening: Promise<WebAssembly.Module> | undefined;
/** For the next piece. */
let program: WasiProgram | undefined;

self.addEventListener("message", ({ data }: MessageEvent<ToFliteWorker>) => {
  if (data.kind === "speak") {
    void speak(data);
    return;
  }
  opening = open(data);
  // Whoever wants to speak is told; until then the thread stays.
  opening.catch(() => undefined);
});

async function open({ modulePath, warmUp }: ToFliteWorker & { kind: "open" }) {
  const module = new WebAssembly.Module(await Bun.file(modulePath).bytes());
  synthesise(module, { text: "Good morning, how can I help you?", voice: warmUp, speed: 1 });
  program = new WasiProgram(module);
  return module;
}

/** A fault of the program ends its instance, and the next piece gets a new one anyway. */
async function speak({ id, text, voice, speed }: ToFliteWorker & { kind: "speak" }): Promise<void> {
  try {
    const module = await opening;
    if (module === undefined) throw new TypeError("the worker was asked before it was opened");
    const ready = program ?? new WasiProgram(module);
    program = undefined;
    const spoken = synthesiseWith(ready, { text, voice, speed });
    answer({ kind: "spoken", id, ...spoken }, [spoken.samples.buffer]);
    program = new WasiProgram(module);
  } catch (error) {
    answer({ kind: "failed", id, message: describeError(error) });
  }
}

function answer(message: FromFliteWorker, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}
