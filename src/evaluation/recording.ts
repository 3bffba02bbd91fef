/** Reads one recording from disk, whatever lies under its name. */
import { stat } from "node:fs/promises";
import { decodeWav } from "../audio/wav.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { whisperSampleRateHz } from "../whisper/recogniser.ts";
import { resampleWhole } from "../audio/resample-whole.ts";

/** Two hours of 16 kHz; more does not go into memory at once. */
const maxFileBytes = 256 * 1024 * 1024;

export interface RecordingFile {
  readonly path: string;
  /** What to call it in messages. */
  readonly name: string;
}

/** Mono at 16 kHz. Rejects with a WildfireError that quotes the name. */
export async function readRecording(file: RecordingFile): Promise<Float32Array> {
  const what = quote(file.name, 80);
  const status = await stat(file.path).catch(() => undefined);
  if (status === undefined) throw unreadable(`${what} does not exist`);
  // Reading a pipe or a device might never end.
  if (!status.isFile()) throw unreadable(`${what} is not a file`);
  if (status.size > maxFileBytes) throw unreadable(`${what} is larger than 256 MiB`);
  const bytes = await Bun.file(file.path)
    .bytes()
    .catch((cause: unknown) => {
      throw unreadable(`${what} cannot be read`, cause);
    });
  const { samples, sampleRateHz } = decodeWav(bytes, file.name);
  if (sampleRateHz === whisperSampleRateHz) return samples;
  return resampleWhole(samples, { fromHz: sampleRateHz, toHz: whisperSampleRateHz });
}

function unreadable(message: string, cause?: unknown): WildfireError {
  return new WildfireError("audio", message, { cause });
}
