import { beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { findSileroFault } from "../../src/whisper/native-silero-file.ts";
import { openVoiceActivity } from "../../src/whisper/native-voice-activity.ts";
import { SeededRandom } from "../fuzz/seeded-random.ts";
import { libraryUnderTest, sileroModelUnderTest } from "./library-under-test.ts";

let model: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  model = await sileroModelUnderTest();
});

/** Where the numbers behind type and version start, and the first tensor. */
const architectureAt = 4 + 4 + 10 + 12;
const tensorsAt = architectureAt + 19 * 4;

/** The model with other 32-bit numbers at some places. */
function changed(words: Readonly<Record<number, number>>): Uint8Array {
  const bytes = model.slice();
  const view = new DataView(bytes.buffer);
  for (const [at, value] of Object.entries(words)) view.setInt32(Number(at), value, true);
  return bytes;
}

describe("the voice activity model", () => {
  test("that whisper.cpp publishes has no fault, whatever its version", () => {
    expect(findSileroFault(model)).toBeUndefined();
    expect(findSileroFault(changed({ 18: 5, 22: 1, 26: 2 }))).toBeUndefined();
  });

  const cases: Readonly<Record<string, { words: Record<number, number>; says: string }>> = {
    "another magic": { words: { 0: 0x46554747 }, says: "is no ggml file" },
    "a type of a gigabyte": { words: { 4: 1 << 30 }, says: "is of another type than silero-16k" },
    "a type of less than nothing": { words: { 4: -1 }, says: "is of another type" },
    "another type": { words: { 8: 0 }, says: "is of another type" },
    "another window": { words: { [architectureAt]: 256 }, says: "n_window is 256 instead of 512" },
    "no layers": { words: { [architectureAt + 8]: 0 }, says: "n_encoder_layers is 0 instead of 4" },
    "layers without end": {
      words: { [architectureAt + 8]: 0x7fff_ffff },
      says: "n_encoder_layers is 2147483647",
    },
    "other channels": {
      words: { [architectureAt + 16]: -5 },
      says: "encoder_out_channels[0] is -5",
    },
    "another kernel": { words: { [architectureAt + 20]: 4 }, says: "kernel_sizes[0] is 4" },
    "another LSTM": { words: { [tensorsAt - 12]: 127 }, says: "lstm_hidden_size is 127" },
    "five dimensions": { words: { [tensorsAt]: 5 }, says: `no tensor starts at byte ${tensorsAt}` },
    "dimensions below none": { words: { [tensorsAt]: -1 }, says: "no tensor starts at byte" },
    "a name without end": { words: { [tensorsAt + 4]: 1 << 20 }, says: "no tensor starts at byte" },
    "a name below none": { words: { [tensorsAt + 4]: -1 }, says: "no tensor starts at byte" },
    "an unknown type": { words: { [tensorsAt + 8]: 77 }, says: "in another shape or type" },
    "another shape": { words: { [tensorsAt + 12]: 1 << 20 }, says: "in another shape or type" },
    "another name": { words: { [tensorsAt + 30]: 0x41414141 }, says: "twice, or a foreign one" },
  };
  for (const [name, { words, says }] of Object.entries(cases)) {
    test(`is refused with ${name}`, () => {
      expect(findSileroFault(changed(words))).toContain(says);
    });
  }

  test("is refused when it ends early, wherever that is, or late", () => {
    for (let length = 0; length < 400; length += 1) {
      expect(findSileroFault(model.subarray(0, length))).toBeString();
    }
    for (const length of [1000, model.length >> 1, model.length - 4, model.length - 1]) {
      expect(findSileroFault(model.subarray(0, length))).toContain("truncated");
    }
    const longer = Buffer.concat([model, Uint8Array.of(0)]);
    expect(findSileroFault(longer)).toContain(`no tensor starts at byte ${model.length}`);
  });

  test("is refused with a tensor twice", () => {
    const twice = Buffer.concat([model, model.subarray(tensorsAt)]);
    expect(findSileroFault(twice)).toContain("twice");
  });

  test("can be loaded whenever it has no fault, however its bytes were changed", async () => {
    const library = await libraryUnderTest();
    const logger = createLogger({ level: "error", clock: systemClock, sink: () => undefined });
    const random = new SeededRandom(4);
    let loaded = 0;
    for (let round = 0; round < 200; round += 1) {
      const at = random.between(0, round % 2 === 0 ? tensorsAt + 60 : model.length - 4);
      const damaged = changed({ [at]: random.between(-(2 ** 31), 2 ** 31 - 1) });
      if (findSileroFault(damaged) !== undefined) continue;
      const opening = openVoiceActivity({ library, model: damaged, clock: systemClock, logger });
      // Weights that are no numbers are found when the model is tried.
      const activity = await opening.catch(() => undefined);
      if (activity !== undefined) loaded += 1;
      await activity?.close();
    }
    expect(loaded).toBeGreaterThan(10);
  }, 60_000);
});
