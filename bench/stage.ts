/** A running whisper service with everything around it, for one bench. */
import { join } from "node:path";
import type { BenchContext } from "./context.ts";
import { Exchange } from "./exchange.ts";
import { modelPath, type ModelName } from "./materials.ts";
import { TextListener } from "./text-listener.ts";
import { WhisperProcess } from "./whisper-process.ts";

export interface Stage {
  readonly whisper: WhisperProcess;
  readonly exchange: Exchange;
  /** The LLaMA. */
  readonly texts: TextListener;
}

/** Starts whisper, lets `act` use it, and ends it whatever happens. */
export async function onStage<T>(
  context: BenchContext,
  model: ModelName,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const texts = new TextListener();
  try {
    const whisper = await WhisperProcess.start({
      stateFolder: join(context.temporaryFolder, "state"),
      model: model === "demo" ? undefined : await modelPath(model),
      llamaPort: texts.port,
    });
    return await actWith(whisper, texts, act);
  } finally {
    texts.close();
  }
}

async function actWith<T>(
  whisper: WhisperProcess,
  texts: TextListener,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const exchange = await Exchange.open(whisper.registrationPort);
  try {
    return await act({ whisper, exchange, texts });
  } finally {
    exchange.close();
    await whisper.kill();
  }
}

/** Rejects when `promise` takes longer. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} took over ${limitMs} ms`)),
    limitMs,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
