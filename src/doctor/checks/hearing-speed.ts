/** How fast this processor recognises three seconds of speech with the configured model. */
import { embedded } from "#embedded";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { readRecording } from "../../evaluation/recording.ts";
import { hearRecording } from "../../services/file-hearing.ts";
import { earSettings, hearingOptions, loadOptions } from "../../services/hearing-options.ts";
import { loadRecogniser } from "../../services/recognition.ts";
import type { Check } from "../check-runner.ts";
import { sectionValues, textOf } from "../configured.ts";
import { fault, type Finding, ok, skipped, warning } from "../finding.ts";
import { readMemory } from "../machine-memory.ts";
import type { Surroundings } from "../surroundings.ts";

export interface SpeedFacts {
  readonly model: string;
  readonly audioMs: number;
  /** The better of two. */
  readonly decodeMs: number;
  readonly cores: number;
  /** Calls that are up now, and slow the measurement down. */
  readonly callsUp: number;
}

const speechMs = 3000;
const sampleRateHz = 16_000;
/** The answer comes that much later than it could. */
const fluentMs = 900;
/** Recognition that lags behind speech never catches up. */
const hopelessShare = 1;

export const hearingSpeedCheck: Check<Surroundings> = {
  name: "speed",
  title: "Recognition speed",
  limitMs: 90_000,
  isHeavy: true,
  async run(surroundings, signal) {
    const modelPath = textOf(surroundings.configured.effective, "whisper", "model");
    const refusal = modelPath === undefined ? undefined : await tooLarge(modelPath);
    if (refusal !== undefined) return refusal;
    // What root unpacked into the services' own folder, they would not trust.
    const folder = await mkdtemp(join(tmpdir(), "wildfire-speed-"));
    try {
      return [judgeSpeed(await measure({ ...surroundings, stateFolder: folder }, signal))];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export function judgeSpeed({ model, audioMs, decodeMs, cores, callsUp }: SpeedFacts): Finding {
  const factor = decodeMs / Math.max(1, audioMs);
  const shown = (audioMs / 1000).toFixed(1);
  const seen =
    `${shown} s of speech took ${Math.round(decodeMs)} ms on one of ${cores} cores ` +
    `(real-time factor ${factor.toFixed(2)}) with ${model}`;
  const fix = "take a smaller or quantised model: wildfire models list";
  if (factor >= hopelessShare && callsUp === 0) return fault(seen, fix);
  if (decodeMs <= fluentMs) return ok(seen);
  return warning(callsUp === 0 ? seen : `${seen}, beside ${callsUp} calls`, fix);
}

/** A model is read a second time beside the one that serves calls, which must not cost them memory. */
async function tooLarge(path: string): Promise<readonly Finding[] | undefined> {
  const size = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  const available = (await readMemory())?.availableBytes ?? Number.POSITIVE_INFINITY;
  if (size * 2 <= available) return undefined;
  return [skipped(`not measured: reading ${path} again might take memory that calls need`)];
}

async function measure(surroundings: Surroundings, signal: AbortSignal): Promise<SpeedFacts> {
  const { configured, clock, log, stateFolder, statuses } = surroundings;
  const values = sectionValues(configured.effective, "whisper", hearingOptions);
  const context = { clock, log, stateFolder, print: () => undefined };
  const options = { ...loadOptions(values, context), lanes: 1, niceness: 0 };
  const model = await loadRecogniser(options);
  try {
    const call = await readRecording({ path: embedded.demoCallWav, name: "demonstration call" });
    const samples = call.slice(0, (speechMs * sampleRateHz) / 1000);
    const settings = { ...earSettings(values, model), partials: false };
    let decodeMs = Number.POSITIVE_INFINITY;
    // The first one warms up the caches.
    for (let turn = 0; turn < 2 && !signal.aborted; turn += 1) {
      await hearRecording(samples, {
        recogniser: model.recogniser,
        voice: model.voice,
        settings,
        clock,
        whole: true,
        onFinal: (final) => (decodeMs = Math.min(decodeMs, final.decodeMs)),
        onProgress: () => undefined,
        onDetectorFailed: () => undefined,
      });
    }
    const sip = statuses.find(({ service }) => service === "sip")?.status?.["current"];
    const callsUp = Array.isArray(sip) ? sip.length : 0;
    return {
      model: model.name,
      audioMs: speechMs,
      decodeMs,
      cores: availableParallelism(),
      callsUp,
    };
  } finally {
    await model.recogniser.close();
    await model.voice.close();
  }
}
