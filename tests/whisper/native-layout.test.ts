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
import { decodeLogLines, decodeText } from "../../src/whisper/native-results.ts";
import { describeStatus } from "../../src/whisper/native-status.ts";
import {
  VoiceEvents,
  createVoiceStatusBuffer,
  decodeVoiceStatus,
  encodeVoiceOptions,
} from "../../src/whisper/native-voice-layout.ts";
import { bytesOf } from "./native-bytes.ts";

const sizes: readonly number[] = Object.values(structSizes);
const sizeOf = (which: number): number => sizes[which] ?? 0;

const job = {
  id: 7,
  priority: -3,
  handicapMs: 500,
  sampleCount: 16_000,
  promptBytes: 12,
  audioContext: 512,
  language: "en",
  translate: false,
  timestamps: true,
  beamSize: 5,
};

const flagsOf = (translate: boolean, timestamps: boolean): number | undefined =>
  encodeJob({ ...job, translate, timestamps })[32];

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

  test("so do the options of a voice detector", () => {
    expect(encodeVoiceOptions({ streamLimit: 7, windowLimit: 9 })).toEqual(bytesOf(12, 7, 9));
  });

  test("a job stands in the order of the header, with whisper's defaults where nothing is asked", () => {
    const none = -1000;
    const asked = [76, 7, -3, 500, 16_000, 12, 512, none, 0, 5, none, none];
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
    expect(decodeText(bytes.subarray(68))).toBe("klingone");
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

  test("events of voice activity are read where they were written", () => {
    const events = new VoiceEvents(3);
    expect(events.bytes).toEqual(bytesOf(20, ...Array<number>(14).fill(0)));
    events.bytes.set(bytesOf(20, 3, 0, 7, 0.25, 20, 4, -12, 8, 0));
    const read = [0, 1, 2, 3].map((index) => [
      events.kind(index),
      events.status(index),
      events.stream(index),
      events.probability(index),
    ]);
    expect(read).toEqual([
      [3, 0, 7, 0.25],
      [4, -12, 8, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test("the status of a voice detector, whose counters have 64 bits", () => {
    expect(createVoiceStatusBuffer()).toEqual(bytesOf(32, 0, 0, 0, 0, 0, 0, 0));
    expect(decodeVoiceStatus(bytesOf(32, 2, 5, 3, 7, 1, 2500, 0))).toEqual({
      streams: 2,
      queued: 5,
      contexts: 3,
      windows: 2 ** 32 + 7,
      busyMs: 2.5,
    });
  });

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
    expect(describeStatus(-6)).toBe("too much is waiting (native status -6)");
    expect(describeStatus(-99)).toBe("unknown status (native status -99)");
  });
});
