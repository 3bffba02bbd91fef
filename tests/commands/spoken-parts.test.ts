import { describe, expect, test } from "bun:test";
import { spokenParts } from "../../src/commands/demo/spoken-parts.ts";

const rateHz = 16_000;
const pauseMs = 700;

/** Pieces of tone and of silence, each with its length in milliseconds. */
function recording(...pieces: readonly ["tone" | "silence", number][]): Float32Array {
  const samples = pieces.flatMap(([kind, ms]) =>
    Array.from({ length: (rateHz * ms) / 1000 }, (_, at) =>
      kind === "tone" ? 0.2 * Math.sin(at / 3) : 0,
    ),
  );
  return Float32Array.from(samples);
}

function lengthsMs(parts: readonly Float32Array[]): number[] {
  return parts.map((part) => Math.round((part.length * 1000) / rateHz));
}

describe("sentences of a recording", () => {
  test("are cut at pauses, with a margin on both sides", () => {
    const samples = recording(
      ["silence", 500],
      ["tone", 1000],
      ["silence", 1000],
      ["tone", 600],
      ["silence", 500],
    );
    expect(lengthsMs(spokenParts(samples, rateHz, pauseMs))).toEqual([1400, 1000]);
  });

  test("hold the short pauses within them", () => {
    const samples = recording(["tone", 400], ["silence", 600], ["tone", 400]);
    expect(lengthsMs(spokenParts(samples, rateHz, pauseMs))).toEqual([1400]);
  });

  test("end with the recording", () => {
    expect(lengthsMs(spokenParts(recording(["tone", 300]), rateHz, pauseMs))).toEqual([300]);
  });

  test("are none in silence, and none in nothing", () => {
    expect(spokenParts(recording(["silence", 2000]), rateHz, pauseMs)).toEqual([]);
    expect(spokenParts(new Float32Array(0), rateHz, pauseMs)).toEqual([]);
  });
});
