/** All benches, in the order in which they run; the names that they report are in registry.ts. */
import { audioFrame } from "./audio-frame.ts";
import { abortLatency } from "./abort-latency.ts";
import { answerLatency } from "./answer-latency.ts";
import { bargeIn } from "./barge-in.ts";
import { busyLanes } from "./busy-lanes.ts";
import { chunkLatency } from "./chunk-latency.ts";
import { clauseLatency } from "./clause-latency.ts";
import type { Bench } from "./context.ts";
import { detectorCpu } from "./detector-cpu.ts";
import { echoCalls } from "./echo-calls.ts";
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
import { scriptedTurns } from "./scripted-turns.ts";
import { startMemory } from "./start-memory.ts";
import { telephoneCalls } from "./telephone-calls.ts";
import { voiceFirstSound } from "./voice-first-sound.ts";

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
  clauseLatency,
  answerLatency,
  bargeIn,
  echoCalls,
  scriptedTurns,
  voiceFirstSound,
];
