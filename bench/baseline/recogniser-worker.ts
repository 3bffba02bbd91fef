/**
 * Speech recognition as the whisper service does it, behind the same few lines of text as
 * baseline.c: for each number on standard input so many jobs one after another, then the processor
 * time since the last report, in microseconds, and a digest of the texts.
 *
 * Usage: recogniser-worker.ts LIBRARY MODEL SAMPLES AUDIO_CTX BEAM_SIZE
 */
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { openRecogniser } from "../../src/whisper/native-recogniser.ts";
import type { DecodeRequest, Recogniser } from "../../src/whisper/recogniser.ts";

const [library = "", model = "", samplesPath = "", audioContext, beamSize] = Bun.argv.slice(2);

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
};

process.stdout.write("ready\n");
let reportedUs = cpuUs();
for await (const line of console) {
  if (line === "") continue;
  let digest = 2_166_136_261;
  for (let left = Number(line); left > 0; left -= 1) {
    digest = addText(digest, await decode(recogniser, request));
  }
  const nowUs = cpuUs();
  process.stdout.write(`${nowUs - reportedUs} ${digest}\n`);
  reportedUs = nowUs;
}
process.exit(0);

async function decode(by: Recogniser, what: DecodeRequest): Promise<string> {
  const { segments } = await by.submit(what).result;
  return segments.map(({ text }) => text).join("");
}

/** All threads of this process, in user and kernel mode. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** FNV-1a with 32 bits, as in baseline.c. */
function addText(digest: number, text: string): number {
  let sum = digest;
  for (const byte of new TextEncoder().encode(text)) sum = Math.imul(sum ^ byte, 16_777_619) >>> 0;
  return sum;
}
