/** Reads the secrets that options of setup name: from files, or from standard input. */
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { type GivenSecrets, onlyLine, pagePassword, type SetupValues } from "./setup-flags.ts";

export interface SecretInput {
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly hashPassword: (password: string) => Promise<string>;
}

const maxBytes = 64 * 1024;

/** Throws a WildfireError("usage") that names the option, and no secret. */
export async function readGivenSecrets(
  values: SetupValues,
  { readInput, hashPassword }: SecretInput,
): Promise<GivenSecrets> {
  const ofPage = await readSecret("--web-password-file", values["web-password-file"], pagePassword);
  return {
    password: await readPassword(values, readInput),
    llamaKey: await readSecret("--llama-key-file", values["llama-key-file"]),
    speechKey: await readSecret("--speech-key-file", values["speech-key-file"]),
    pagePasswordHash: ofPage === undefined ? undefined : await hashPassword(ofPage),
  };
}

async function readPassword(
  values: SetupValues,
  readInput: () => Promise<string>,
): Promise<string | undefined> {
  if (!values["password-stdin"]) {
    return await readSecret("--password-file", values["password-file"]);
  }
  if (values["password-file"] === undefined) return onlyLine(await readInput(), "--password-stdin");
  throw new WildfireError("usage", "--password-file and --password-stdin contradict each other", {
    hint: "give one of them",
  });
}

async function readSecret(
  option: string,
  path: string | undefined,
  read: (text: string, option: string) => string = onlyLine,
): Promise<string | undefined> {
  return path === undefined ? undefined : read(await readFile(path, option), option);
}

async function readFile(path: string, option: string): Promise<string> {
  try {
    const file = Bun.file(path);
    if (file.size > maxBytes) throw new Error(`it has ${file.size} bytes`);
    return await file.text();
  } catch (error) {
    const what = `${option} ${quote(path, 100)} cannot be read: ${describeError(error)}`;
    throw new WildfireError("usage", what, { cause: error, hint: "check name and rights" });
  }
}
