import { beforeAll, describe, expect, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import type { EndpointingOptions } from "../../src/audio/endpointing-options.ts";
import { EnergyEndpointer } from "../../src/audio/endpointing.ts";
import { splitAtQuietest } from "../../src/audio/quietest.ts";
import type { CuttingEvent } from "../../src/audio/utterance-cutter.ts";
import { decodeWav } from "../../src/audio/wav.ts";
import { WildfireError } from "../../src/core/errors.ts";
import { noise, tone } from "./tones.ts";

const rateHz = 16_000;
const speechFolder = `${import.meta.dir}/../data/speech`;
const speechFiles = [
  "028_espeak-en-gb-m1.wav",
  "185_festival-cmu_us_slt_arctic_hts.wav",
  "268_festival-ked_diphone.wav",
  "416_flite-rms.wav",
];

type Utterance = Extract<CuttingEvent, { kind: "utterance" }>;

interface Span {
  readonly start: number;
  readonly end: number;
}

function silence(ms: number): Float32Array {
  return new Float32Array((ms * rateHz) / 1_000);
}

function buzz(ms: number, amplitude = 0.3): Float32Array {
  return tone({ hz: 300, rateHz, samples: (ms * rateHz) / 1_000, amplitude });
}

function blocksOf(samples: Float32Array, size: number): Float32Array[] {
  const blocks: Float32Array[] = [];
  for (let start = 0; start < samples.length; start += size) {
    blocks.push(samples.subarray(start, start + size));
  }
  return blocks;
}

interface RunOptions {
  readonly blockSize?: number;
  readonly endpointing?: Partial<EndpointingOptions>;
}

function run(samples: Float32Array, options: RunOptions = {}): CuttingEvent[] {
  const events: CuttingEvent[] = [];
  const endpointer = new EnergyEndpointer(options.endpointing);
  for (const block of blocksOf(samples, options.blockSize ?? 320)) {
    endpointer.push(block, (event) => events.push(event));
  }
  endpointer.flush((event) => events.push(event));
  expect(endpointer.positionSamples).toBe(samples.length);
  return events;
}

function utterancesOf(events: readonly CuttingEvent[]): Utterance[] {
  return events.filter((event) => event.kind === "utterance");
}

/** Sample positions of one utterance; ends may be one frame late, for the level filter rings on. */
function expectSpan(utterance: Utterance | undefined, startMs: number, endMs: number): void {
  expect(utterance?.startSample).toBe((startMs * rateHz) / 1_000);
  const lateMs = ((utterance?.endSample ?? 0) * 1_000) / rateHz - endMs;
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThanOrEqual(20);
}

/** Sound that rises and falls like speech, so that it is not taken for noise. */
function syllables(count: number): Float32Array {
  const syllable = joinSamples([buzz(200), buzz(60, 0.003)]);
  return joinSamples(Array.from({ length: count }, () => syllable));
}

function energy(samples: Float32Array, span: Span): number {
  let sum = 0;
  for (const sample of samples.subarray(span.start, span.end)) sum += sample * sample;
  return sum;
}

describe("real speech", () => {
  const recordings: Float32Array[] = [];

  beforeAll(async () => {
    for (const file of speechFiles) {
      const bytes = await Bun.file(`${speechFolder}/${file}`).bytes();
      recordings.push(decodeWav(bytes, file).samples);
    }
  });

  function joinWithPauses(pauseMs: number): { samples: Float32Array; spans: Span[] } {
    const parts: Float32Array[] = [silence(300)];
    const spans: Span[] = [];
    let at = parts[0]?.length ?? 0;
    for (const recording of recordings) {
      spans.push({ start: at, end: at + recording.length });
      const pause = silence(pauseMs);
      parts.push(recording, pause);
      at += recording.length + pause.length;
    }
    return { samples: joinSamples(parts), spans };
  }

  for (const pauseMs of [700, 1_500]) {
    for (const noiseDbfs of [-120, -60, -45]) {
      test(`pauses of ${pauseMs} ms over noise of ${noiseDbfs} dBFS: one utterance each, all of it`, () => {
        const { samples, spans } = joinWithPauses(pauseMs);
        const clean = samples.slice();
        const hiss = noise(samples.length, noiseDbfs);
        for (let index = 0; index < samples.length; index += 1) {
          samples[index] = (samples[index] ?? 0) + (hiss[index] ?? 0);
        }
        const utterances = utterancesOf(run(samples));
        expect(utterances).toHaveLength(spans.length);
        for (const [index, span] of spans.entries()) {
          const { startSample, endSample } = utterances[index] ?? { startSample: 0, endSample: 0 };
          const before = energy(clean, { start: span.start, end: startSample });
          const after = energy(clean, { start: endSample, end: span.end });
          expect((before + after) / energy(clean, span)).toBeLessThan(1e-3);
        }
      });
    }
  }

  test("any block size gives the same events and the samples of the stream", () => {
    const { samples } = joinWithPauses(700);
    const reference = run(samples);
    for (const blockSize of [1, 160, 320, 1_600, samples.length]) {
      expect(run(samples, { blockSize })).toEqual(reference);
    }
    for (const { startSample, endSample, samples: own } of utterancesOf(reference)) {
      expect(own).toEqual(samples.slice(startSample, endSample));
    }
  });

  test("a limit below their length cuts them, and nothing is lost or doubled", () => {
    const { samples } = joinWithPauses(700);
    const endpointing = { maxUtteranceMs: 1_800 };
    for (const blockSize of [1, 320, 1_600]) {
      const utterances = utterancesOf(run(samples, { blockSize, endpointing }));
      expect(utterances.some(({ reason }) => reason === "max-length")).toBe(true);
      for (const [index, utterance] of utterances.entries()) {
        expect(utterance.samples.length).toBeLessThanOrEqual(1.8 * rateHz);
        expect(utterance.samples).toEqual(
          samples.slice(utterance.startSample, utterance.endSample),
        );
        const next = utterances[index + 1];
        if (next === undefined) continue;
        if (utterance.reason === "max-length") {
          expect(next.startSample).toBe(utterance.endSample);
        } else {
          expect(next.startSample).toBeGreaterThanOrEqual(utterance.endSample);
        }
      }
    }
  });
});

describe("boundaries", () => {
  test("an utterance has its pre-roll and 200 ms of silence after it", () => {
    const events = run(joinSamples([silence(1_000), buzz(400), silence(1_000)]));
    expect(events.map(({ kind }) => kind)).toEqual(["speech-start", "utterance"]);
    expect(events[0]).toEqual({ kind: "speech-start", positionSamples: rateHz });
    const [utterance] = utterancesOf(events);
    expect(utterance?.reason).toBe("silence");
    expectSpan(utterance, 650, 1_600);
  });

  test("the start is reported as soon as 100 ms of speech have come", () => {
    const endpointer = new EnergyEndpointer();
    const events: CuttingEvent[] = [];
    endpointer.push(joinSamples([silence(200), buzz(80)]), (event) => events.push(event));
    expect(events).toHaveLength(0);
    expect(endpointer.isSpeaking).toBe(false);
    endpointer.push(buzz(20), (event) => events.push(event));
    expect(events).toEqual([{ kind: "speech-start", positionSamples: 0.2 * rateHz }]);
    expect(endpointer.isSpeaking).toBe(true);
  });

  test("an utterance ends after 500 ms of silence, not before", () => {
    const endpointer = new EnergyEndpointer();
    const events: CuttingEvent[] = [];
    endpointer.push(joinSamples([buzz(400), silence(480)]), (event) => events.push(event));
    expect(utterancesOf(events)).toHaveLength(0);
    endpointer.push(silence(40), (event) => events.push(event));
    expect(utterancesOf(events)).toHaveLength(1);
    expect(endpointer.isSpeaking).toBe(false);
  });

  test("a pause of 400 ms belongs to the utterance", () => {
    const events = run(joinSamples([buzz(300), silence(400), buzz(300), silence(900)]));
    expect(utterancesOf(events)).toHaveLength(1);
  });

  test("the pre-roll never reaches into the utterance before", () => {
    const events = run(joinSamples([buzz(300), silence(540), buzz(300), silence(900)]));
    const [first, second] = utterancesOf(events);
    expectSpan(first, 0, 500);
    expect(second?.startSample).toBe(first?.endSample);
  });

  test("no utterance ever begins before what was named as the earliest open sample", () => {
    const endpointer = new EnergyEndpointer({ maxUtteranceMs: 2_000 });
    const samples = joinSamples([silence(12_000), syllables(30), silence(600), buzz(300)]);
    let promised = 0;
    let utterances = 0;
    const listen = (event: CuttingEvent): void => {
      if (event.kind !== "utterance") return;
      utterances += 1;
      expect(event.startSample).toBeGreaterThanOrEqual(promised);
    };
    for (const block of blocksOf(samples, 100)) {
      endpointer.push(block, listen);
      expect(endpointer.earliestOpenSample).toBeGreaterThanOrEqual(promised);
      promised = endpointer.earliestOpenSample;
    }
    endpointer.flush(listen);
    expect(utterances).toBeGreaterThan(4);
    expect(promised).toBeGreaterThan(19 * rateHz);
  });

  test("clicks shorter than 60 ms, and sounds of less than 100 ms in all, are nothing", () => {
    expect(run(joinSamples([silence(500), buzz(30), silence(900)]))).toEqual([]);
    expect(run(joinSamples([silence(500), buzz(70), silence(900)]))).toEqual([]);
  });

  test("flush reports the open utterance and what follows is a new one", () => {
    const endpointer = new EnergyEndpointer();
    const events: CuttingEvent[] = [];
    const listen = (event: CuttingEvent): number => events.push(event);
    endpointer.push(joinSamples([silence(100), buzz(405)]), listen);
    endpointer.flush(listen);
    expect(utterancesOf(events)).toMatchObject([
      { startSample: 0, endSample: 0.505 * rateHz, reason: "flush" },
    ]);
    endpointer.push(joinSamples([buzz(300), silence(600)]), listen);
    const second = utterancesOf(events)[1];
    expect(second?.reason).toBe("silence");
    expectSpan(second, 505, 1_005);
  });

  test("flush without speech reports nothing", () => {
    expect(run(silence(2_000))).toEqual([]);
    expect(run(new Float32Array(0))).toEqual([]);
  });

  test("speech without a pause is cut in its quietest 20 ms within the last third", () => {
    const samples = syllables(46);
    // Within the quiet end of a syllable.
    const dip = 7.75 * rateHz;
    samples.fill(0, dip, dip + 640);
    const utterances = utterancesOf(run(samples));
    expect(utterances.map(({ reason }) => reason)).toEqual(["max-length", "flush"]);
    expect(utterances[0]?.endSample).toBeGreaterThanOrEqual(dip);
    expect(utterances[0]?.endSample).toBeLessThanOrEqual(dip + 640);
    expect(joinSamples(utterances.map((utterance) => utterance.samples))).toEqual(samples);
  });

  test("each speech-start is followed by at least one utterance", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const level = noise(40, -3, seed);
      const parts = Array.from(level, (value) =>
        value > 0 ? buzz(20 + value * 900) : silence(20 - value * 900),
      );
      const kinds = run(joinSamples(parts), { endpointing: { maxUtteranceMs: 2_000 } });
      for (const [index, event] of kinds.entries()) {
        if (event.kind === "speech-start") expect(kinds[index + 1]?.kind).toBe("utterance");
      }
    }
  });
});

describe("noise", () => {
  test.each([-50, -40, -30, -20])("constant noise of %i dBFS does not stay speech", (dbfs) => {
    const events = utterancesOf(run(noise(30 * rateHz, dbfs)));
    expect(events.length).toBeLessThanOrEqual(1);
    expect(events[0]?.endSample ?? 0).toBeLessThan(6 * rateHz);
  });

  test("noise that sets in after digital silence is learnt within six seconds", () => {
    const samples = joinSamples([silence(5_000), noise(20 * rateHz, -40)]);
    for (const { endSample } of utterancesOf(run(samples))) {
      expect(endSample).toBeLessThan(11 * rateHz);
    }
  });

  test("words are heard above a noise that has been learnt", () => {
    const samples = noise(12 * rateHz, -40);
    const word = buzz(500);
    for (const [index, sample] of word.entries()) {
      const at = 8 * rateHz + index;
      samples[at] = (samples[at] ?? 0) + sample;
    }
    const starts = run(samples).filter((event) => event.kind === "speech-start");
    expect(starts.at(-1)?.positionSamples).toBe(8 * rateHz);
  });

  test("a constant offset is silence", () => {
    expect(run(new Float32Array(10 * rateHz).fill(0.4))).toEqual([]);
    const offset = joinSamples([silence(1_000), buzz(400), silence(1_000)]).map((x) => x + 0.4);
    expectSpan(utterancesOf(run(offset))[0], 650, 1_600);
  });

  test("clipped speech is cut where it is cut unclipped", () => {
    const samples = joinSamples([silence(1_000), buzz(400, 20), silence(1_000)]);
    const clipped = samples.map((sample) => Math.max(-1, Math.min(1, sample)));
    expectSpan(utterancesOf(run(clipped))[0], 650, 1_600);
  });

  test("the floor is what the line sounds like, and falls at once", () => {
    const endpointer = new EnergyEndpointer();
    endpointer.push(noise(10 * rateHz, -40), () => {});
    expect(endpointer.noiseFloorDbfs).toBeGreaterThan(-43);
    expect(endpointer.noiseFloorDbfs).toBeLessThan(-39);
    endpointer.push(silence(40), () => {});
    expect(endpointer.noiseFloorDbfs).toBe(-59);
  });
});

test.each([
  ["a limit shorter than its parts", { maxUtteranceMs: 1_000 }],
  ["a limit that is no number", { maxUtteranceMs: Number.NaN }],
  ["frames without length", { frameMs: 0 }],
])("settings that leave no room are refused: %s", (_, options) => {
  expect(() => new EnergyEndpointer(options)).toThrow(WildfireError);
});

describe("splitAtQuietest", () => {
  test("what fits stays whole", () => {
    const samples = buzz(1_000);
    expect(splitAtQuietest(samples, samples.length)).toEqual([samples]);
    expect(splitAtQuietest(new Float32Array(0), 100)).toHaveLength(1);
  });

  test("pieces fit, are views, and join to the input", () => {
    const samples = noise(31 * rateHz, -20);
    for (const maxSamples of [3, 319, 320, 16_000, 9 * rateHz]) {
      const pieces = splitAtQuietest(samples.subarray(0, maxSamples * 20), maxSamples);
      for (const piece of pieces) {
        expect(piece.length).toBeLessThanOrEqual(maxSamples);
        expect(piece.length).toBeGreaterThan(0);
        expect(piece.buffer).toBe(samples.buffer);
      }
      expect(joinSamples(pieces)).toEqual(samples.slice(0, maxSamples * 20));
    }
  });

  test("the cut is in the gap, whatever the offset", () => {
    const samples = buzz(10_000).map((sample) => sample + 0.3);
    samples.fill(0.3, 8 * rateHz, 8.04 * rateHz);
    const [first] = splitAtQuietest(samples, 9 * rateHz);
    expect(first?.length).toBeGreaterThanOrEqual(8 * rateHz);
    expect(first?.length).toBeLessThanOrEqual(8.04 * rateHz);
  });
});
