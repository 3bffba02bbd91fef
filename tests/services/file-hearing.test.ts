import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { type FileHearingOptions, hearRecording } from "../../src/services/file-hearing.ts";
import type { DecodeSettings } from "../../src/whisper/transcription.ts";
import { tone } from "../audio/tones.ts";
import { ScriptedRecogniser } from "../fakes/scripted-recogniser.ts";
import { ScriptedVoice } from "../fakes/scripted-voice.ts";
import { until } from "../fakes/until.ts";

/** Sound between pauses of a second, several times. */
function speech(utterances: number, soundSamples = 8000): Float32Array {
  const sound = tone({ hz: 200, rateHz: 16_000, samples: soundSamples });
  const period = soundSamples + 16_000;
  const samples = new Float32Array(utterances * period + 16_000);
  for (let index = 0; index < utterances; index += 1) samples.set(sound, 16_000 + index * period);
  return samples;
}

interface Heard {
  readonly recogniser: ScriptedRecogniser;
  readonly voice: ScriptedVoice;
  readonly texts: string[];
  readonly progress: number[];
  readonly options: FileHearingOptions;
}

function ears(decode: Partial<DecodeSettings> = {}, whole = false): Heard {
  const recogniser = new ScriptedRecogniser();
  const voice = new ScriptedVoice();
  const texts: string[] = [];
  const progress: number[] = [];
  const settings = {
    decode: {
      language: "en",
      translate: false,
      timestamps: true,
      prompt: "",
      audioContext: { floor: 0, margin: 25 },
      ...decode,
    },
    endSilenceMs: 500,
    maxUtteranceMs: 9000,
    minSpeechMs: 96,
    partials: false,
  };
  const options: FileHearingOptions = {
    recogniser,
    voice,
    settings,
    clock: systemClock,
    whole,
    onFinal: ({ text }) => texts.push(text),
    onProgress: (samples) => progress.push(samples),
    onDetectorFailed: (error) => texts.push(error.message),
  };
  return { recogniser, voice, texts, progress, options };
}

describe("a recording is heard as a call", () => {
  test("utterance by utterance, in order, with progress", async () => {
    const { recogniser, voice, texts, progress, options } = ears();
    recogniser.auto = (_request, index) => `text ${index}`;
    await hearRecording(speech(12), options);
    expect(texts).toHaveLength(12);
    expect(texts).toEqual(texts.toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5))));
    expect(progress).toEqual([0, 80_000, 160_000, 240_000]);
    expect(voice.status().streams).toBe(0);
  });

  test("what does not end with a pause is heard too", async () => {
    const { recogniser, texts, options } = ears();
    recogniser.auto = () => "cut off";
    await hearRecording(speech(1).subarray(0, 20_000), options);
    expect(texts).toEqual(["cut off"]);
  });

  test("waits while too much waits: nothing is decoded far ahead of what was delivered", async () => {
    const { recogniser, texts, options } = ears();
    const done = hearRecording(speech(60), options);
    await until(() => recogniser.jobs.length >= 16, "the first jobs");
    const answered = new Set<unknown>();
    let most = 0;
    while (texts.length < 60) {
      await until(() => recogniser.jobs.length > answered.size || texts.length === 60, "a job");
      most = Math.max(most, recogniser.jobs.length - answered.size);
      const next = recogniser.jobs.find((job) => !answered.has(job));
      next?.answer(`text ${answered.size}`);
      answered.add(next);
    }
    await done;
    // 16 that wait, and what ten seconds of sound on their way to the detector may hold.
    expect(most).toBeLessThanOrEqual(16 + 7);
  });

  test("what an utterance teaches is known to the next, as in a call", async () => {
    const { recogniser, texts, options } = ears({ language: "auto" });
    const done = hearRecording(speech(3, 20_000), options);
    await until(() => recogniser.jobs.length === 1, "the first job");
    recogniser.jobs[0]?.answer("guten Tag", { language: "de" });
    await until(() => recogniser.jobs.length === 2, "the second job");
    recogniser.jobs[1]?.answer("ja", { language: "de" });
    await until(() => recogniser.jobs.length === 3, "the third job");
    recogniser.jobs[2]?.answer("nein", { language: "de" });
    await done;
    expect(texts).toEqual(["guten Tag", "ja", "nein"]);
    expect(recogniser.jobs.map(({ request }) => request.language)).toEqual(["auto", "de", "de"]);
  });

  test("a detector that breaks is told, and loudness finds the utterances", async () => {
    const { recogniser, voice, texts, options } = ears();
    recogniser.auto = () => "heard";
    voice.refusal = "no memory";
    await hearRecording(speech(2), options);
    expect(texts).toEqual(["no memory", "heard", "heard"]);
  });
});

describe("a recording as one utterance", () => {
  test("is decoded whole, pauses and all, without the detector", async () => {
    const { recogniser, voice, texts, options } = ears({}, true);
    recogniser.auto = () => "whole";
    const samples = speech(3);
    await hearRecording(samples, options);
    expect(texts).toEqual(["whole"]);
    expect(recogniser.jobs[0]?.request.samples).toEqual(samples);
    expect(recogniser.jobs[0]?.request.urgency).toBe("final");
    expect(voice.streams).toEqual([]);
  });

  test("is split where it is too long for one", async () => {
    const { recogniser, texts, options } = ears({}, true);
    recogniser.auto = (_request, index) => String(index);
    const samples = speech(10);
    await hearRecording(samples, options);
    expect(texts).toEqual(["0", "1"]);
    expect(recogniser.jobs.reduce((sum, job) => sum + job.sampleCount, 0)).toBe(samples.length);
  });
});
