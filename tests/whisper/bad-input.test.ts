/** Sound as telephone lines spoil it, through the real detector and the real model. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import type { FinalTranscript } from "../../src/whisper/utterance-line.ts";
import {
  CallUnderTest,
  type EarsUnderTest,
  hearCall,
  inPackets,
  openEarsUnderTest,
} from "./ears-under-test.ts";
import { type Recording, recordings } from "./speech-under-test.ts";

const longTestMs = 60_000;
const rateHz = 16_000;
const longestUtteranceSamples = 9 * rateHz;
/** Softer samples at the ends of a recording are not speech yet. */
const audible = 0.02;

let ears: EarsUnderTest;
const all = recordings();

beforeAll(async () => {
  ears = await openEarsUnderTest();
});

afterAll(async () => {
  await ears.close();
});

afterEach(() => {
  expect(ears.voice.status().streams).toBe(0);
  const { queued, running } = ears.recogniser.status();
  expect(queued + running).toBe(0);
});

function silence(ms: number): Float32Array {
  return new Float32Array((ms * rateHz) / 1000);
}

function inSilence(samples: Float32Array): Float32Array {
  return joinSamples([silence(600), samples, silence(700)]);
}

/** From the first audible sample to the last one. */
function spokenPart({ samples }: Recording): Float32Array {
  return samples.slice(samples.findIndex(isAudible), samples.findLastIndex(isAudible) + 1);
}

function texts(finals: readonly FinalTranscript[]): string[] {
  return finals.map(({ text, error }) => error ?? text);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z']+/g) ?? [];
}

function isAudible(sample: number): boolean {
  return Math.abs(sample) > audible;
}

/** The one utterance of a call. */
function only(finals: readonly FinalTranscript[]): FinalTranscript {
  expect(texts(finals)).toHaveLength(1);
  const [final] = finals;
  if (final === undefined) throw new Error("nothing was heard");
  expect(final.error).toBeUndefined();
  return final;
}

/** The last ones: two words a second, so that cutting leaves some whole. */
const longRecordings = all.slice(-2);

describe.each(all)("of $name the text is the same", (recording) => {
  test.each([
    ["as it is", (sample: number) => sample],
    ["four times too loud, so that it clips", (sample: number) => clip(4 * sample)],
    ["on a line with an offset of 0.2", (sample: number) => sample + 0.2],
  ])(
    "%s",
    async (_name, spoil) => {
      const finals = await hearCall(ears, inSilence(recording.samples).map(spoil));
      expect(texts(finals)).toEqual([recording.text]);
    },
    longTestMs,
  );
});

describe("200 ms of packets that are missing in mid-sentence", () => {
  test.each(longRecordings)(
    "leave one utterance of $name, with its beginning and its end",
    async ({ text, samples }) => {
      const whole = inSilence(samples);
      const from = Math.floor(whole.length / 2) - 1600;
      const rest = joinSamples([whole.slice(0, from), whole.slice(from + 3200)]);
      const heard = wordsOf(only(await hearCall(ears, rest)).text);
      const spoken = wordsOf(text);
      expect([heard.at(0), heard.at(-1)]).toEqual([spoken.at(0), spoken.at(-1)]);
    },
    longTestMs,
  );
});

describe("a stream that starts in mid-word", () => {
  test.each(all)(
    "is heard from its first sample to the last word of $name",
    async (recording) => {
      const cut = spokenPart(recording).slice(rateHz / 4);
      const final = only(await hearCall(ears, joinSamples([cut, silence(700)])));
      expect(final.utterance.startSample).toBe(0);
      expect(wordsOf(final.text).at(-1)).toBe(wordsOf(recording.text).at(-1));
    },
    longTestMs,
  );
});

test(
  "a caller who does not pause for 90 s is heard in utterances that join to the input",
  async () => {
    const parts: Float32Array[] = [];
    let length = 0;
    while (length < 90 * rateHz) {
      const part = spokenPart(inTurn(parts.length));
      parts.push(part);
      length += part.length;
    }
    const samples = joinSamples(parts);
    const finals = await hearCall(ears, samples);
    const utterances = finals.map(({ utterance }) => utterance);
    expect(utterances.map(({ startSample }) => startSample)).toEqual([
      0,
      ...utterances.slice(0, -1).map(({ endSample }) => endSample),
    ]);
    expect(utterances.at(-1)?.endSample).toBe(samples.length);
    const longest = Math.max(...utterances.map((utterance) => utterance.samples.length));
    expect(longest).toBeLessThanOrEqual(longestUtteranceSamples);
    expect(finals.filter(({ text }) => text === "")).toEqual([]);
  },
  longTestMs,
);

test(
  "bursts at ten times real time and more give the same utterances and texts",
  async () => {
    const samples = joinSamples(all.flatMap((recording) => [silence(800), recording.samples]));
    const steady = await hearCall(ears, samples);
    expect(texts(steady)).toEqual(all.map(({ text }) => text));
    for (const burstMs of [200, 60_000]) {
      const call = new CallUnderTest(ears);
      await call.hear(inPackets(samples, (burstMs * rateHz) / 1000));
      await call.end();
      expect(call.texts).toEqual(texts(steady));
      expect(call.finals.map(({ utterance }) => utterance.endSample)).toEqual(
        steady.map(({ utterance }) => utterance.endSample),
      );
    }
  },
  longTestMs,
);

test("a call of zero samples ends at once, with no text", async () => {
  const call = new CallUnderTest(ears);
  await call.hear([new Float32Array(0)]);
  await call.end();
  expect(call.finals).toEqual([]);
});

function clip(sample: number): number {
  return Math.max(-1, Math.min(1, sample));
}

function inTurn(index: number): Recording {
  const recording = all[index % all.length];
  if (recording === undefined) throw new Error("there are no recordings");
  return recording;
}
