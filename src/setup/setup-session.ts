/** One run of setup: the file that is meant, what stands in it, and the answers of the command line. */
import { homedir, tmpdir } from "node:os";
import type { ConfigSchema } from "../config/config-schema.ts";
import type { Clock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import { modelPlaces } from "../models-store/model-places.ts";
import { checkMirror } from "../models-store/model-source.ts";
import { currentConfigPath } from "../services/config-file.ts";
import { wholeSchema } from "../services/config-tables.ts";
import { webServiceOptions } from "../services/web-options.ts";
import { fliteVoices } from "../voice/engines/flite-synthesis.ts";
import type { SetupModels, SetupTrials } from "./setup-desk.ts";
import { applyGiven, type SetupValues } from "./setup-flags.ts";
import { readGivenSecrets } from "./setup-given.ts";
import { openModels } from "./setup-models.ts";
import { type Present, readPresent } from "./setup-present.ts";
import type { SetupState } from "./setup-state.ts";
import { openTrials } from "./setup-trials.ts";

export interface SetupSession {
  readonly schema: ConfigSchema;
  readonly present: Present;
  /** What is there, with what the command line gives; the model of the ears is not in it. */
  readonly start: SetupState;
  readonly trials: SetupTrials;
  readonly models: SetupModels;
  readonly builtinVoices: readonly string[];
  readonly clock: Clock;
}

/** Throws a WildfireError for options, and for files, that cannot be used. */
export async function openSession(values: SetupValues, clock: Clock): Promise<SetupSession> {
  const { env } = process;
  const schema = wholeSchema(webServiceOptions);
  const present = await readPresent(currentConfigPath(values.config), schema);
  const secrets = await readGivenSecrets(values, {
    readInput,
    hashPassword,
  });
  const builtinVoices = fliteVoices;
  const places = modelPlaces({
    env,
    home: homedir(),
    userId: process.getuid?.() ?? 0,
    temporaryFolder: tmpdir(),
  });
  const { mirror } = values;
  return {
    schema,
    present,
    start: applyGiven(present.state, { values, secrets, env, builtinVoices }),
    trials: openTrials({
      config: present.config,
      clock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    }),
    models: openModels({
      folder: values["models-dir"] ?? places.folder,
      source: mirror === undefined ? places.source : checkMirror(mirror),
      clock,
    }),
    builtinVoices,
    clock,
  };
}

const maxInputBytes = 64 * 1024;

/** Throws a WildfireError("usage") for what nobody would send: a terminal shows what is typed. */
async function readInput(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new WildfireError("usage", "--password-stdin: standard input is a terminal", {
      hint: "send the password by a pipe or from a file",
    });
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of Bun.stdin.stream()) {
    bytes += chunk.length;
    if (bytes > maxInputBytes) break;
    chunks.push(chunk);
  }
  if (bytes <= maxInputBytes) return Buffer.concat(chunks).toString();
  throw new WildfireError("usage", `--password-stdin: more than ${maxInputBytes} bytes came`, {
    hint: "send the password alone",
  });
}

/** As the login checks it. */
export async function hashPassword(password: string): Promise<string> {
  return await Bun.password.hash(password, { algorithm: "argon2id" });
}
