/** All benches, in the order in which they run; the names that they report are in registry.ts. */
import { audioFrame } from "./audio-frame.ts";
import { abortLatency } from "./abort-latency.ts";
import { busyLanes } from "./busy-lanes.ts";
import { chunkLatency } from "./chunk-latency.ts";
import type { Bench } from "./context.ts";
import { detectorCpu } from "./detector-cpu.ts";
import { eightCalls } from "./eight-calls.ts";
import { ffiRatio } from "./ffi-ratio.ts";
import { finalLatencyBase, finalLatencyDemo } from "./final-latency.ts";
import { hearingCpu } from "./hearing-cpu.ts";
import { hearingDetector } from "./hearing-detector.ts";
import { hearingWer } from "./hearing-wer.ts";
import { inventedTexts } from "./invented-texts.ts";
import { junkFlood } from "./junk-flood.ts";
import { longCalls } from "./long-calls.ts";
import { quietCalls } from "./quiet-calls.ts";
import { startMemory } from "./start-memory.ts";
import { telephoneCalls } from "./telephone-calls.ts";

export const benches: readonly Bench[] = [
  ffiRatio,
  busyLanes,
  junkFlood,
  startMemory,
  quietCalls,
  hearingCpu,
  hearingWer,
  chunkLatency,
  eightCalls,
  abortLatency,
  finalLatencyDemo,
  finalLatencyBase,
  hearingDetector,
  detectorCpu,
  inventedTexts,
  longCalls,
  audioFrame,
  telephoneCalls,
];
