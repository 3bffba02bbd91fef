/** The files inside the executable for macOS on Apple Silicon. */
import apple from "../../build/native/darwin-arm64-apple/libwildfire_native.dylib" with { type: "file" };
import appleSha256 from "../../build/native/darwin-arm64-apple/libwildfire_native.dylib.sha256" with { type: "text" };
import speechModule from "../../build/flite/flite.wasm" with { type: "file" };
import voiceActivityModel from "../../build/silero/ggml-silero-v6.2.0.bin" with { type: "file" };
import demoCallWav from "../../models/demo/demo-call.wav" with { type: "file" };
import demoModelGz from "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz" with { type: "file" };
import type { EmbeddedFiles } from "./embedded.ts";

export const embedded: EmbeddedFiles = {
  nativeLibraries: [{ cpu: "apple", path: apple, sha256: appleSha256.trim() }],
  demoModelGz,
  demoCallWav,
  voiceActivityModel,
  speechModule,
};
