import { describe, expect, test } from "bun:test";
import {
  abiVersion,
  createEventBuffer,
  createStatusBuffer,
  decodeEngineStatus,
  decodeEvents,
  describeAbiMismatch,
  encodeEngineOptions,
  encodeJob,
  structSizes,
} from "../../src/whisper/native-layout.ts";
import { decodeLogLines, decodeResult, decodeText } from "../../src/whisper/native-results.ts";
import { describeStatus } from "../../src/whisper/native-status.ts";

const sizes: readonly number[] = Object.values(structSizes);
const sizeOf = (which: number): number => sizes[which] ?? 0;

/** Concatenates little-endian words and texts. */
function bytesOf(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const chunks = parts.map((part) => {
    if (typeof part === "string") return Buffer.from(part);
    if (typeof part !== "number") return part;
    const word = Buffer.alloc(4);
    if (Number.isInteger(part)) word.writeInt32LE(part);
    else word.writeFloatLE(part);
    return word;
  });
  return new Uint8Array(Buffer.concat(chunks));
}

const job = {
  id: 7,
  priority: -3,
  sampleCount: 16_000,
  audioContext: 512,
  language: "en",
  translate: false,
  timestamps: true,
  beamSize: 5,
};

const flagsOf = (translate: boolean, timestamps: boolean): number | undefined =>
  encodeJob({ ...job, translate, timestamps })[24];

describe("a library that was built apart from the executable", () => {
  test("is accepted when version and all struct sizes agree", () => {
    expect(describeAbiMismatch(abiVersion, sizeOf)).toBeUndefined();
  });

  test("is refused with both ABI versions", () => {
    expect(describeAbiMismatch(abiVersion + 6, sizeOf)).toBe(
      `it has ABI version ${abiVersion + 6}, this build needs ${abiVersion}`,
    );
  });

  for (const [which, [name, size]] of Object.entries(structSizes).entries()) {
    test(`is refused with the size of ${name} when that differs`, () => {
      const mismatch = describeAbiMismatch(abiVersion, (asked) =>
        asked === which ? size + 4 : sizeOf(asked),
      );
      expect(mismatch).toBe(`its struct ${name} has ${size + 4} bytes, this build needs ${size}`);
    });
  }
});

describe("what goes into the library", () => {
  test("engine options stand in the order of the header", () => {
    const bytes = encodeEngineOptions({
      lanes: 2,
      threadsPerLane: 3,
      flashAttention: true,
      useGpu: false,
      jobLimit: 9,
      niceness: 5,
    });
    expect(bytes).toEqual(bytesOf(28, 2, 3, 1, 0, 9, 5));
  });

  test("a job stands in the order of the header, with whisper's defaults where nothing is asked", () => {
    const none = -1000;
    const asked = [68, 7, -3, 16_000, 512, none, 0, 5, none, none];
    const floats = new Uint8Array(Float32Array.of(none, none, none, none, none).buffer);
    const language = "en\0\0\0\0\0\0";
    expect(encodeJob(job)).toEqual(bytesOf(...asked, floats, language));
  });

  test("translation and missing time stamps are flags", () => {
    expect(flagsOf(false, true)).toBe(0);
    expect(flagsOf(true, true)).toBe(1);
    expect(flagsOf(false, false)).toBe(2);
    expect(flagsOf(true, false)).toBe(3);
  });

  test("a language that does not fit has no terminator left, so that the library refuses it", () => {
    const bytes = encodeJob({ ...job, language: "klingonese" });
    expect(decodeText(bytes.subarray(60))).toBe("klingone");
  });
});

describe("what comes out of the library", () => {
  test("events are read in order, times in milliseconds", () => {
    const buffer = createEventBuffer(4);
    expect(buffer).toEqual(bytesOf(32, ...Array<number>(31).fill(0)));
    const bytes = bytesOf(32, 3, 7, -9, -6, 12, 1500, 2_000_000, 32, 4, 0, 0, 0, 0, 0, 0);
    expect(decodeEvents(bytes, 2)).toEqual([
      {
        kind: "job-done",
        jobId: 7,
        status: -9,
        detail: -6,
        resultBytes: 12,
        queuedMs: 1.5,
        decodeMs: 2000,
      },
      {
        kind: "closed",
        jobId: 0,
        status: 0,
        detail: 0,
        resultBytes: 0,
        queuedMs: 0,
        decodeMs: 0,
      },
    ]);
  });

  test("events of a kind that this build does not know are left out", () => {
    expect(decodeEvents(bytesOf(32, 99, 0, 0, 0, 0, 0, 0), 1)).toEqual([]);
  });

  test("the status of an engine", () => {
    expect(createStatusBuffer()).toEqual(bytesOf(28, 0, 0, 0, 0, 0, 0));
    expect(decodeEngineStatus(bytesOf(28, 2, 5, 1, 3, 1500, 1))).toEqual({
      lanes: 2,
      queued: 5,
      running: 1,
      unclaimed: 3,
      modelAudioContext: 1500,
      multilingual: true,
    });
  });

  test("a result's segments get their texts, and half a character becomes a mark", () => {
    const header = bytesOf(20, 2, 8, "de\0\0\0\0\0\0");
    const first = bytesOf(28, 0, 1200, 0.25, -0.5, 3, 4);
    const second = bytesOf(28, 1200, 2000, 0.25, -0.5, 1, 4);
    const texts = bytesOf(" hé", "é!", Uint8Array.of(0xc3));
    expect(texts.length).toBe(8);
    const result = decodeResult(bytesOf(header, first, second, texts));
    expect(result?.language).toBe("de");
    expect(result?.segments).toEqual([
      {
        startMs: 0,
        endMs: 1200,
        noSpeechProbability: 0.25,
        averageLogProbability: -0.5,
        tokenCount: 3,
        text: " hé",
      },
      {
        startMs: 1200,
        endMs: 2000,
        noSpeechProbability: 0.25,
        averageLogProbability: -0.5,
        tokenCount: 1,
        text: "é!\ufffd",
      },
    ]);
  });

  test("a result without segments is a result", () => {
    const bytes = bytesOf(20, 0, 0, "\0\0\0\0\0\0\0\0");
    expect(decodeResult(bytes)).toEqual({ language: "", segments: [] });
  });

  const damaged = {
    "no bytes": new Uint8Array(0),
    "a cut header": bytesOf(20, 0, 0),
    "fewer segments than announced": bytesOf(20, 3, 0, "en\0\0\0\0\0\0"),
    "less text than announced": bytesOf(20, 0, 4, "en\0\0\0\0\0\0", "abc"),
    "billions of segments": bytesOf(20, -1, 0, "en\0\0\0\0\0\0"),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    test(`${name} are no result`, () => {
      expect(decodeResult(bytes)).toBeUndefined();
    });
  }

  test("log lines have a level and a text", () => {
    const bytes = bytesOf(4, 3, "bad", 3, 2, "hm", 2, 0, 77, 1, "x");
    expect(decodeLogLines(bytes)).toEqual([
      { level: "error", text: "bad" },
      { level: "warn", text: "hm" },
      { level: "info", text: "" },
      { level: "info", text: "x" },
    ]);
  });

  test("a status is named and numbered, also one from a newer library", () => {
    expect(describeStatus(-6)).toBe("too many jobs are waiting (native status -6)");
    expect(describeStatus(-99)).toBe("unknown status (native status -99)");
  });
});
