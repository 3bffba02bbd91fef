/** The files inside the executable for Linux on x64. */
import avx2 from "../../build/native/linux-x64-avx2/libwildfire_native.so" with { type: "file" };
import avx2Sha256 from "../../build/native/linux-x64-avx2/libwildfire_native.so.sha256" with { type: "text" };
import sse42 from "../../build/native/linux-x64-sse42/libwildfire_native.so" with { type: "file" };
import sse42Sha256 from "../../build/native/linux-x64-sse42/libwildfire_native.so.sha256" with { type: "text" };
import speechModule from "../../build/flite/flite.wasm" with { type: "file" };
import voiceActivityModel from "../../build/silero/ggml-silero-v6.2.0.bin" with { type: "file" };
import demoCallWav from "../../models/demo/demo-call.wav" with { type: "file" };
import demoModelGz from "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz" with { type: "file" };
import type { EmbeddedFiles } from "./embedded.ts";

export const embedded: EmbeddedFiles = {
  nativeLibraries: [
    { cpu: "avx2", path: avx2, sha256: avx2Sha256.trim() },
    { cpu: "sse42", path: sse42, sha256: sse42Sha256.trim() },
  ],
  demoModelGz,
  demoCallWav,
  voiceActivityModel,
  speechModule,
};
