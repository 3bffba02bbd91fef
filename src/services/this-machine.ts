/** What this machine can carry, for the verdicts on models. */
import { availableParallelism, totalmem } from "node:os";
import type { MachineFacts } from "../models-store/machine-verdict.ts";
import { selectedCpu } from "./recognition.ts";

export async function thisMachine(): Promise<MachineFacts> {
  const cpu = await selectedCpu().catch(() => undefined);
  const known = (["avx2", "sse42", "neon", "apple"] as const).find((name) => name === cpu);
  return { cores: availableParallelism(), memoryBytes: totalmem(), cpu: known };
}
