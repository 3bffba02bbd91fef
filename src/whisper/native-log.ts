/** Hands what whisper.cpp and ggml logged to a logger. */
import type { Logger } from "../core/log.ts";
import type { NativeLogLine } from "./native-results.ts";

export interface NativeLogDrain {
  readonly lines: readonly NativeLogLine[];
  /** Lines lost since the last drain because nobody drained. */
  readonly dropped: number;
}

export interface NativeLogSource {
  /** Takes what the library logged; all engines and voice detectors of the process share one log. */
  drainLog(): NativeLogDrain;
}

export function forwardNativeLog(source: NativeLogSource, logger: Logger): void {
  const { lines, dropped } = source.drainLog();
  for (const { level, text } of lines) logger.debug("whisper.cpp", { level, line: text });
  if (dropped > 0) logger.debug("whisper.cpp logged more than was kept", { dropped });
}
