/** Reads the file of a recording that an option names. */
import { describeError, quote, WildfireError } from "../core/errors.ts";

/** WildfireError("audio") that names file and option. */
export async function readRecording(path: string, option: string): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (error) {
    const message = `cannot read ${quote(path, 200)}: ${describeError(error)}`;
    throw new WildfireError("audio", message, { cause: error, hint: `check ${option}` });
  }
}
