/** What goes into the executable is what the build says it is. */
import { expect, test } from "bun:test";
import { embedded } from "#embedded";
import { sha256Of } from "../../scripts/builder/fingerprint.ts";
import { fliteSha256 } from "../../scripts/builder/flite-module.ts";
import { sileroSha256 } from "../../scripts/builder/silero-model.ts";

test.each(embedded.nativeLibraries.map((library) => [library.cpu, library] as const))(
  "the library for %s has the recorded SHA-256",
  async (_, library) => {
    expect(await sha256Of(library.path)).toBe(library.sha256);
  },
);

test("the demo model is a compressed ggml model", async () => {
  const compressed = await Bun.file(embedded.demoModelGz).bytes();
  const model = Bun.gunzipSync(compressed);
  expect(Buffer.from(model.subarray(0, 4)).readUInt32LE()).toBe(0x67676d6c);
});

test("the demo call is 8 kHz 16-bit mono", async () => {
  const header = Buffer.from(await Bun.file(embedded.demoCallWav).bytes());
  expect(header.toString("latin1", 8, 16)).toBe("WAVEfmt ");
  const channels = header.readUInt16LE(22);
  const sampleRateHz = header.readUInt32LE(24);
  const bitsPerSample = header.readUInt16LE(34);
  expect({ channels, sampleRateHz, bitsPerSample }).toEqual({
    channels: 1,
    sampleRateHz: 8000,
    bitsPerSample: 16,
  });
});

test("the voice activity model is the one that whisper.cpp publishes", async () => {
  expect(await sha256Of(embedded.voiceActivityModel)).toBe(sileroSha256);
});

test("the built-in voice is the one that the build makes", async () => {
  expect(await sha256Of(embedded.speechModule)).toBe(fliteSha256);
});
