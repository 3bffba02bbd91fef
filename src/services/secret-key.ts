/** Where the key of a server comes from: a file or the environment, never the command line or the log. */
import { describeError, quote, WildfireError } from "../core/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that holds the key of the chat server. */
export const chatKeyVariable = "WILDFIRE_LLAMA_KEY";
/** And that of the speech server. */
export const speechKeyVariable = "WILDFIRE_SPEECH_KEY";

const maxKeyChars = 4096;

/**
 * The key in `file` (the value of `--key-file`), else that of the variable, else undefined; without white
 * space around it. Throws a WildfireError("usage") for a file that cannot be read or holds no key.
 */
export async function readKey(
  file: string | undefined,
  variable: string,
  env: Environment = process.env,
): Promise<string | undefined> {
  if (file === undefined) return env[variable]?.trim() || undefined;
  const key = (await readText(file)).trim();
  if (key !== "" && key.length <= maxKeyChars) return key;
  const what = key === "" ? "is empty" : `has ${key.length} characters, which is no key`;
  const hint = `write the key into it, or set ${variable} instead`;
  throw new WildfireError("usage", `--key-file ${quote(file, 100)} ${what}`, { hint });
}

async function readText(file: string): Promise<string> {
  try {
    return await Bun.file(file).text();
  } catch (error) {
    const message = `--key-file ${quote(file, 100)} cannot be read: ${describeError(error)}`;
    throw new WildfireError("usage", message, { cause: error, hint: "check name and rights" });
  }
}
