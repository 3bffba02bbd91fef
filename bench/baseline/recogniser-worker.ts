/**
 * Speech recognition through bun:ffi and nothing more, to be compared with baseline.c.
 *
 * Usage: recogniser-worker.ts LIBRARY MODEL AUDIO_CTX BEAM_SIZE SAMPLES
 */
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { openRecogniser } from "../../src/whisper/native-recogniser.ts";
import type { DecodeRequest } from "../../src/whisper/recogniser.ts";
import { serveTurns } from "./turns.ts";

const [library = "", model = "", audioContext, beamSize, samplesPath = ""] = Bun.argv.slice(2);

const recogniser = await openRecogniser({
  library,
  model: { path: model },
  lanes: 1,
  threadsPerLane: 1,
  useGpu: false,
  beamSize: Number(beamSize),
  clock: systemClock,
  logger: createLogger({ level: "error", clock: systemClock, sink: () => undefined }),
});
const request: DecodeRequest = {
  samples: new Float32Array(await Bun.file(samplesPath).arrayBuffer()),
  audioContext: Number(audioContext),
  language: "en",
  translate: false,
  timestamps: true,
  prompt: "",
  urgency: "final",
};

await serveTurns(async () => {
  const { segments } = await recogniser.submit(request).result;
  return segments.map(({ text }) => text).join("");
});
process.exit(0);
