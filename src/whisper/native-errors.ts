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
  // whisper.cpp puts the C function in front, which tells a reader nothing.
  const said = reason.replace(/^(?:\w+: )+/, "").replace(/^exception during model load: /, "");
  const why = said === "" ? describeStatus(status) : said;
  return new WildfireError("model", `cannot load the model ${quote(name, 200)}: ${why}`, {
    hint: "pass a whisper model in ggml format with --model",
  });
}

/** Why a job that was queued has no result. */
export function decodeError(event: NativeEvent, reason: string): WildfireError {
  const why = reason === "" ? describeStatus(event.status) : reason;
  const code = event.detail === 0 ? "" : ` (whisper.cpp returned ${event.detail})`;
  return new WildfireError("native", `decoding failed: ${why}${code}`);
}
