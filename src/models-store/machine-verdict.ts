/** What a machine can carry: a rough estimate from the size of a model, the cores and the memory. Pure. */
import type { ModelSize } from "./known-models.ts";

export interface MachineFacts {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Which native library runs here; the plain SSE one decodes far more slowly. */
  readonly cpu: "avx2" | "sse42" | "neon" | "apple" | undefined;
}

export interface ModelFacts {
  /** As whisper.cpp names sizes; `custom` cannot be judged by its name. */
  readonly size: ModelSize | "custom";
  readonly sizeBytes: number;
}

export interface MachineVerdict {
  readonly kind: "fluent" | "slow" | "too-slow" | "too-big" | "unknown";
  /** Estimated time to decode three seconds of speech on one core. */
  readonly sentenceMs: number | undefined;
  /** Estimated memory with one lane for each core. */
  readonly memoryBytes: number;
}

/** Work for the same sound, base being 1; the encoder is most of it, and turbo has a large one. */
const work: Readonly<Record<ModelSize, number>> = {
  tiny: 0.5,
  base: 1,
  small: 3,
  medium: 9,
  "large-turbo": 14,
  large: 18,
};
/** Memory of a lane beside the weights, in bytes. */
const laneBytes: Readonly<Record<ModelSize, number>> = {
  tiny: 60e6,
  base: 90e6,
  small: 180e6,
  medium: 350e6,
  "large-turbo": 450e6,
  large: 550e6,
};
/** Three seconds of speech with base on one core of a server with AVX2. */
const baseSentenceMs = 500;
/** Without AVX2 the same work was measured to take nine times as long. */
const plainCpuFactor = 9;
const fluentMs = 900;
const bearableMs = 2500;
/** The PBX and the other services want some too. */
const memoryShare = 0.7;

export function judgeModel(model: ModelFacts, machine: MachineFacts): MachineVerdict {
  const { size, sizeBytes } = model;
  const lanes = Math.max(1, machine.cores);
  const memoryBytes = sizeBytes + lanes * laneBytes[size === "custom" ? "base" : size];
  if (memoryBytes > machine.memoryBytes * memoryShare) {
    return { kind: "too-big", sentenceMs: undefined, memoryBytes };
  }
  if (size === "custom") return { kind: "unknown", sentenceMs: undefined, memoryBytes };
  const factor = machine.cpu === "sse42" ? plainCpuFactor : 1;
  const sentenceMs = baseSentenceMs * work[size] * factor;
  return { kind: kindOf(sentenceMs), sentenceMs, memoryBytes };
}

/** `fluent, about 0.5 s a sentence`: an estimate, which the reader must be told apart. */
export function describeVerdict({ kind, sentenceMs, memoryBytes }: MachineVerdict): string {
  if (kind === "too-big") return `too big: needs about ${formatGb(memoryBytes)} of memory`;
  if (sentenceMs === undefined) return "cannot be estimated";
  const pace = `about ${(sentenceMs / 1000).toFixed(1)} s a sentence`;
  const words = { fluent: "fluent", slow: "slow", "too-slow": "too slow for calls", unknown: "" };
  return `${words[kind]}, ${pace}`;
}

export function formatGb(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

function kindOf(sentenceMs: number): "fluent" | "slow" | "too-slow" {
  if (sentenceMs <= fluentMs) return "fluent";
  return sentenceMs <= bearableMs ? "slow" : "too-slow";
}
