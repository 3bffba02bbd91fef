/** All benches, in the order in which they run; the names that they report are in registry.ts. */
import { busyLanes } from "./busy-lanes.ts";
import type { Bench } from "./context.ts";
import { ffiRatio } from "./ffi-ratio.ts";
import { junkFlood } from "./junk-flood.ts";
import { quietCalls } from "./quiet-calls.ts";
import { startMemory } from "./start-memory.ts";

export const benches: readonly Bench[] = [ffiRatio, busyLanes, junkFlood, startMemory, quietCalls];
