import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DecodeRequest, Recogniser } from "../../src/whisper/recogniser.ts";
import { libraryUnderTest } from "./library-under-test.ts";
import { multilingualDemo } from "./multilingual-demo.ts";
import { expectWellFormed, manners, openDemo, requestOf, textOf } from "./recogniser-under-test.ts";
import { demoModel, recordings, shortestRecording } from "./speech-under-test.ts";

let library: string;

beforeAll(async () => {
  library = await libraryUnderTest();
});

const model = { bytes: demoModel(), name: "demo" };
const shortest = shortestRecording();
const longTestMs = 120_000;

const open = (beamSize = 1): Promise<Recogniser> => openDemo({ library, model, beamSize });

describe("a prompt", () => {
  test(
    "changes what is heard, and nothing about the form of the result",
    async () => {
      const recogniser = await open();
      const texts = new Set<string>();
      for (const { samples } of recordings()) {
        for (const manner of Object.values(manners)) {
          const { segments } = await recogniser.submit(requestOf(samples, manner)).result;
          segments.forEach(expectWellFormed);
          texts.add(segments.map((segment) => segment.text).join(""));
        }
      }
      expect(texts.size).toBeGreaterThan(recordings().length);
      await recogniser.close();
    },
    longTestMs,
  );

  test(
    "that is too long counts with its last 64 tokens",
    async () => {
      const recogniser = await open();
      const names = ["zero", "one", "two", "three", "four", "five", "six"];
      const words = Array.from({ length: 500 }, (_, i) => names[(i * i + 3 * i) % names.length]);
      const samples = recordings().at(-1)?.samples ?? new Float32Array(0);
      const hear = async (...prompt: readonly unknown[]): Promise<unknown> => {
        const request = requestOf(samples, { prompt: prompt.join(" "), timestamps: false });
        return (await recogniser.submit(request).result).segments;
      };
      const heard = await hear(...words.slice(-64));
      expect(await hear(...words)).toEqual(heard);
      expect(await hear("Asterisk", ...words.slice(-64))).toEqual(heard);
      expect(await hear(...words.slice(-60))).not.toEqual(heard);
      await recogniser.close();
    },
    longTestMs,
  );

  const oddities = {
    "of a megabyte without a space": "a".repeat(1 << 20),
    "of a megabyte of spaces": " ".repeat(1 << 20),
    "of characters that no token has": "\u{10ffff}".repeat(300),
    "with half characters": `\ud800${"\udc00".repeat(400)}`,
    "with zeros inside": "one\0two\0",
    "that names special tokens": "<|endoftext|> [_SOT_] [_EOT_] [_TT_100]",
  };
  for (const [name, prompt] of Object.entries(oddities)) {
    test(
      `${name} does no harm`,
      async () => {
        const recogniser = await open();
        const { segments } = await recogniser.submit(requestOf(shortest.samples, { prompt }))
          .result;
        segments.forEach(expectWellFormed);
        const next = recogniser.submit(requestOf(shortest.samples));
        expect(textOf(await next.result)).toBe(shortest.text);
        await recogniser.close();
      },
      longTestMs,
    );
  }
});

describe("the no-speech probability", () => {
  let recogniser: Recogniser;
  beforeAll(async () => {
    recogniser = await open(5);
  });
  afterAll(() => recogniser.close());

  const heardIn = async (samples: Float32Array, changes: Partial<DecodeRequest>) =>
    (await recogniser.submit(requestOf(samples, changes)).result).noSpeechProbability;
  const sounds = {
    silence: new Float32Array(16_000 * 2),
    speech: shortest.samples,
    "half of it noise": shortest.samples.map((sample, i) => sample + Math.sin(i * i) / 20),
  };
  for (const [sound, samples] of Object.entries(sounds)) {
    for (const urgency of ["final", "partial"] as const) {
      test(
        `of ${sound} is the same in all manners of asking (${urgency})`,
        async () => {
          // With time stamps and nothing else it is what whisper.cpp itself has found.
          const usual = await heardIn(samples, { urgency });
          expect(usual).toBeNumber();
          for (const [name, manner] of Object.entries(manners)) {
            // A sound of another kind before it, whose numbers must not be taken for these.
            await heardIn(sound === "silence" ? shortest.samples : sounds.silence, manner);
            const found = await heardIn(samples, { urgency, ...manner });
            expect([name, Math.abs((found ?? -1) - (usual ?? 1)) < 1e-3]).toEqual([name, true]);
          }
        },
        longTestMs,
      );
    }
  }

  test(
    "of a multilingual model, whose prompt is always longer, is that of its English twin",
    async () => {
      const bytes = multilingualDemo();
      const multilingual = await openDemo({ library, model: { bytes, name: "multilingual" } });
      for (const samples of [shortest.samples, sounds.silence, shortest.samples]) {
        const expected = (await heardIn(samples, {})) ?? -1;
        for (const language of ["en", "de", "auto"]) {
          const job = multilingual.submit(requestOf(samples, { language }));
          const { language: used, noSpeechProbability } = await job.result;
          expect(noSpeechProbability).toBeCloseTo(expected, 3);
          if (language !== "auto") expect(used).toBe(language);
        }
      }
      await multilingual.close();
    },
    longTestMs,
  );

  test(
    "is high in silence and low in speech",
    async () => {
      expect(await heardIn(sounds.silence, {})).toBeCloseTo(0.87, 2);
      expect(await heardIn(sounds.silence, { timestamps: false })).toBeCloseTo(0.87, 2);
      expect(await heardIn(sounds.speech, { timestamps: false })).toBeLessThan(0.01);
    },
    longTestMs,
  );

  test(
    "is unknown where the encoder cannot see all the sound at once, or sees none",
    async () => {
      const long = new Float32Array(256 * 320 + 1);
      long.set(shortest.samples);
      for (const manner of Object.values(manners)) {
        expect(await heardIn(long, { ...manner, audioContext: 256 })).toBeUndefined();
        expect(await heardIn(long.subarray(1), { ...manner, audioContext: 256 })).toBeNumber();
      }
      expect(await heardIn(new Float32Array(1000), {})).toBeUndefined();
    },
    longTestMs,
  );
});
