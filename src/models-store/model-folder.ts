/** The folder of downloaded models: where it is, what is in it, and how much room is left. */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { defaultStateFolder, type UserFacts } from "../config/paths.ts";
import { describeError } from "../core/errors.ts";
import { type GgmlModelInfo, inspectGgmlFile } from "../whisper/ggml-file.ts";

export interface StoredModel {
  readonly path: string;
  readonly file: string;
  readonly sizeBytes: number;
  /** Undefined for a file that is no whisper model. */
  readonly info: GgmlModelInfo | undefined;
  /** Why it is none, on one line. */
  readonly problem: string | undefined;
}

/** Of the whole system for root, of the service for a service, else of the user: pure. */
export function defaultModelFolder(user: UserFacts): string {
  const { env } = user;
  const isOfSystem = user.userId === 0 || (env["STATE_DIRECTORY"] ?? "") !== "";
  if (isOfSystem) return `${defaultStateFolder(user)}/models`;
  const data = env["XDG_DATA_HOME"];
  if (data?.startsWith("/") === true) return `${data}/wildfire/models`;
  const home = env["HOME"] ?? user.home;
  const hasHome = home.startsWith("/") && home !== "/" && home !== "/nonexistent";
  return hasHome ? `${home}/.local/share/wildfire/models` : `${defaultStateFolder(user)}/models`;
}

/** Downloads that are not finished are no models. */
export function isModelFile(name: string): boolean {
  return name.endsWith(".bin") && !name.startsWith(".");
}

export function partialName(file: string): string {
  return `.${file}.partial`;
}

/** In the order of their names; empty where there is no such folder. */
export async function listModels(
  folder: string,
  inspect: typeof inspectStored = inspectStored,
): Promise<readonly StoredModel[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter(isModelFile).toSorted();
  return await Promise.all(files.map((file) => inspect(join(folder, file), file)));
}

/** Never rejects: a file that cannot be read has its problem. */
export async function inspectStored(path: string, file: string): Promise<StoredModel> {
  const sizeBytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  try {
    const info = await inspectGgmlFile(path);
    return { path, file, sizeBytes, info, problem: undefined };
  } catch (error) {
    return { path, file, sizeBytes, info: undefined, problem: describeError(error) };
  }
}

/** Bytes that this user may still write there; undefined where the system does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
