/** What people read when the native library refuses or fails. */
import { WildfireError, quote } from "../core/errors.ts";
import type { NativeEvent } from "./native-layout.ts";
import { describeStatus, nativeStatus } from "./native-status.ts";
import { type DecodeRequest, whisperSampleRateHz } from "./recogniser.ts";

/** Why a job was not queued. */
export function submitError(
  status: number,
  request: DecodeRequest,
  jobLimit: number,
): WildfireError {
  if (status === nativeStatus.queueFull) {
    const message = `${jobLimit} utterances wait to be decoded already`;
    return new WildfireError("native", message, { hint: "use a smaller model or more lanes" });
  }
  if (status === nativeStatus.argument) {
    const seconds = (request.samples.length / whisperSampleRateHz).toFixed(1);
    return new WildfireError(
      "native",
      `whisper.cpp cannot decode ${seconds} s of audio in language ${quote(request.language)} ` +
        `with audio context ${request.audioContext}`,
      { hint: "use a language code such as en, and at most ten minutes of audio" },
    );
  }
  return new WildfireError("native", `cannot decode: ${describeStatus(status)}`);
}

/** Why a model is not loaded; `reason` is what whisper.cpp logged first, or nothing. */
export function modelError(name: string, status: number, reason: string): WildfireError {
  const said = withoutFunction(reason).replace(/^exception during model load: /, "");
  const why = said === "" ? describeStatus(status) : said;
  return new WildfireError("model", `cannot load the model ${quote(name, 200)}: ${why}`, {
    hint: "pass a whisper model in ggml format with --model",
  });
}

/** Why there is no voice activity detection; `fault` is the end of a sentence about its model. */
export function voiceModelError(fault: string): WildfireError {
  return new WildfireError("model", `the voice activity model ${fault}`, {
    hint: "build the executable again: npm run build",
  });
}

/** Why a stream of sound is not judged any more, or not at all; `reason` is whisper.cpp's, or "". */
export function voiceError(status: number, reason = ""): WildfireError {
  const why = reason === "" ? describeStatus(status) : withoutFunction(reason);
  return new WildfireError("native", `voice activity detection failed: ${why}`);
}

/** Why a job that was queued has no result. */
export function decodeError(event: NativeEvent, reason: string): WildfireError {
  const why = reason === "" ? describeStatus(event.status) : reason;
  const code = event.detail === 0 ? "" : ` (whisper.cpp returned ${event.detail})`;
  return new WildfireError("native", `decoding failed: ${why}${code}`);
}

/** whisper.cpp puts the C function in front, which tells a reader nothing. */
function withoutFunction(reason: string): string {
  return reason.replace(/^(?:\w+: )+/, "");
}
