/** A recogniser over the demo model, and what tests ask of it. */
import { expect } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { createLogger } from "../../src/core/log.ts";
import { type RecogniserOptions, openRecogniser } from "../../src/whisper/native-recogniser.ts";
import type { DecodeRequest, DecodeResult, Recogniser } from "../../src/whisper/recogniser.ts";
import { demoAudioContext } from "./speech-under-test.ts";

/** One lane on one thread, which logs nothing, unless told otherwise. */
export function openDemo(
  options: Pick<RecogniserOptions, "library" | "model"> & Partial<RecogniserOptions>,
): Promise<Recogniser> {
  return openRecogniser({
    lanes: 1,
    threadsPerLane: 1,
    useGpu: false,
    clock: systemClock,
    logger: createLogger({ level: "error", clock: systemClock, sink: () => undefined }),
    ...options,
  });
}

export function requestOf(
  samples: Float32Array,
  changes: Partial<DecodeRequest> = {},
): DecodeRequest {
  const usual = { audioContext: demoAudioContext, language: "en", translate: false, prompt: "" };
  return { samples, ...usual, timestamps: true, urgency: "final", ...changes };
}

export const textOf = (result: DecodeResult): string =>
  result.segments
    .map((segment) => segment.text)
    .join("")
    .trim();

type Segment = DecodeResult["segments"][number];

/** What holds for any segment with text, whatever was said. */
export function expectWellFormed({ startMs, endMs, text, words }: Segment): void {
  expect(startMs).toBeGreaterThanOrEqual(0);
  expect(endMs).toBeGreaterThanOrEqual(startMs);
  expect(words.map((word) => word.text).join(" ")).toBe(text.trim());
  let earliestMs = startMs;
  for (const word of words) {
    expect(word.startMs).toBeGreaterThanOrEqual(earliestMs);
    expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
    expect(word.probability).toBeGreaterThan(0);
    expect(word.probability).toBeLessThanOrEqual(1);
    earliestMs = word.endMs;
  }
  expect(earliestMs).toBeLessThanOrEqual(endMs);
}

/** The ways of asking that put different tokens before the text. */
export const manners: Readonly<Record<string, Partial<DecodeRequest>>> = {
  "with time stamps": {},
  "without time stamps": { timestamps: false },
  "with a prompt": { prompt: "Wildfire, Asterisk, Kamailio." },
  "with a prompt and without time stamps": { timestamps: false, prompt: "Asterisk" },
};

/** What a promise was rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<WildfireError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WildfireError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
