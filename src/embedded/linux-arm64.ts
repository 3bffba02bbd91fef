/** The files inside the executable for Linux on arm64. */
import neon from "../../build/native/linux-arm64-neon/libwildfire_native.so" with { type: "file" };
import neonSha256 from "../../build/native/linux-arm64-neon/libwildfire_native.so.sha256" with { type: "text" };
import speechModule from "../../build/flite/flite.wasm" with { type: "file" };
import voiceActivityModel from "../../build/silero/ggml-silero-v6.2.0.bin" with { type: "file" };
import demoCallWav from "../../models/demo/demo-call.wav" with { type: "file" };
import demoModelGz from "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz" with { type: "file" };
import type { EmbeddedFiles } from "./embedded.ts";

export const embedded: EmbeddedFiles = {
  nativeLibraries: [{ cpu: "neon", path: neon, sha256: neonSha256.trim() }],
  demoModelGz,
  demoCallWav,
  voiceActivityModel,
  speechModule,
};
