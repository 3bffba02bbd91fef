/** Reading recordings, whatever lies under their names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { readRecording } from "../../src/evaluation/recording.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-recording-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test("a recording comes at 16 kHz, whatever its rate is", async () => {
  for (const rateHz of [8000, 16_000, 44_100]) {
    const path = write(`${rateHz}.wav`, encodeWav(new Float32Array(rateHz).fill(0.25), rateHz));
    const samples = await readRecording({ path, name: "x.wav" });
    expect(samples.length).toBe(16_000);
    expect(samples[8000]).toBeCloseTo(0.25, 3);
  }
});

describe("is refused with a line that quotes the name:", () => {
  const cases: Readonly<Record<string, readonly [() => string, string]>> = {
    "what does not exist": [() => join(folder, "none"), '"x.wav" does not exist'],
    "a folder": [
      () => {
        mkdirSync(join(folder, "sub"));
        return join(folder, "sub");
      },
      '"x.wav" is not a file',
    ],
    "a device without an end": [() => "/dev/zero", '"x.wav" is not a file'],
    "what is no WAV file": [() => write("text", "once upon a time"), '"x.wav" is not a WAV file'],
    "an empty file": [() => write("empty", ""), '"x.wav" is empty'],
    "more than memory should hold": [
      () => {
        const path = write("large", "RIFF");
        truncateSync(path, 300 * 1024 * 1024);
        return path;
      },
      '"x.wav" is larger than 256 MiB',
    ],
  };
  for (const [name, [make, says]] of Object.entries(cases)) {
    test(name, async () => {
      const path = make();
      expect(readRecording({ path, name: "x.wav" })).rejects.toThrow(says);
    });
  }
});
