/** Gets a known model: asks for its hash, downloads it, checks it, and only then puts it in its place. */
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { inspectGgmlFile } from "../whisper/ggml-file.ts";
import {
  discardPartial,
  downloadFile,
  type DownloadedFile,
  type DownloadLimits,
  unwritable,
} from "./file-download.ts";
import type { KnownModel } from "./known-models.ts";
import { formatGb } from "./machine-verdict.ts";
import { freeBytes, inspectStored, partialName, type StoredModel } from "./model-folder.ts";
import { fileUrl, hashUrl, parseToldFile, type ToldFile } from "./model-source.ts";

export interface PullOptions {
  readonly model: KnownModel;
  readonly folder: string;
  /** Address of the folder on the server. */
  readonly place: string;
  /** Given by somebody who knows it; else the server is asked. */
  readonly sha256: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limits?: Partial<DownloadLimits>;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
  /** What people should know: one line. */
  readonly onNote: (text: string) => void;
  /** For tests; the file system is asked unless given. */
  readonly freeBytes?: number;
}

export interface PulledModel {
  readonly model: StoredModel;
  /** Undefined when nobody could tell what it should be. */
  readonly checkedBy: "given" | "server" | undefined;
  readonly wasThere: boolean;
}

const hashLimitMs = 15_000;
const maxHashBytes = 4096;
/** What a file system wants to have free at all times. */
const spareBytes = 64e6;

/** Rejects with a WildfireError of one line; what was downloaded by then is kept, unless it is wrong. */
export async function pullModel(options: PullOptions): Promise<PulledModel> {
  const { model, folder } = options;
  const path = join(folder, model.file);
  const there = await inspectStored(path, model.file);
  if (there.info !== undefined) return await checkedThere(options, there);
  const told = await expectedFile(options);
  await makeFolder(folder);
  const partialPath = join(folder, partialName(model.file));
  await requireRoom(options, told, partialPath);
  await downloadChecked(options, told, partialPath);
  await requireModel(partialPath);
  await rename(partialPath, path).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  const givenOrTold = options.sha256 === undefined ? "server" : "given";
  const checkedBy = told?.sha256 === undefined ? undefined : givenOrTold;
  return { model: await inspectStored(path, model.file), checkedBy, wasThere: false };
}

/** What is here already counts only where it is what somebody says that it must be. */
async function checkedThere(
  { model, sha256, signal }: PullOptions,
  there: StoredModel,
): Promise<PulledModel> {
  if (sha256 === undefined) return { model: there, checkedBy: undefined, wasThere: true };
  const hash = new Bun.CryptoHasher("sha256");
  for await (const bytes of Bun.file(there.path).stream()) {
    hash.update(bytes);
    signal.throwIfAborted();
  }
  const found = hash.digest("hex");
  if (found === sha256) return { model: there, checkedBy: "given", wasThere: true };
  const what = `${quote(there.path, 200)} is another file: its SHA-256 is ${found}, not ${sha256}`;
  throw new WildfireError("model", what, {
    hint: `remove it with wildfire models rm ${model.name}, then say it again`,
  });
}

/** What the file must be, as far as anybody says so. */
async function expectedFile(options: PullOptions): Promise<Partial<ToldFile> | undefined> {
  const { sha256, place, model, onNote } = options;
  if (sha256 !== undefined) return { sha256 };
  const told = await askForHash(hashUrl(place, model.file), options);
  if (told === "unreachable") return undefined;
  if (told === undefined) {
    onNote(
      "the server tells no SHA-256, so only the structure of the file can be checked; " +
        "--sha256 checks the rest",
    );
  } else onNote(`SHA-256 as the server tells it: ${told.sha256}`);
  return told;
}

/** Undefined from a server that does not tell; that nobody is there is told by the download. */
async function askForHash(
  url: string,
  options: PullOptions,
): Promise<ToldFile | "unreachable" | undefined> {
  const { clock, signal } = options;
  const limit = new AbortController();
  const timer = clock.after(hashLimitMs, () => limit.abort());
  try {
    const response = await fetch(url, {
      keepalive: false,
      signal: AbortSignal.any([signal, limit.signal]),
    });
    const isPossible =
      response.ok && Number(response.headers.get("content-length")) <= maxHashBytes;
    if (isPossible) return parseToldFile(await firstText(response));
    await response.body?.cancel();
    return undefined;
  } catch {
    return "unreachable";
  } finally {
    timer.cancel();
  }
}

/** A server that ignores the path may answer with a whole model. */
async function firstText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > maxHashBytes) break;
  }
  return text;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw unwritable(folder, error);
  }
}

async function requireRoom(
  options: PullOptions,
  told: Partial<ToldFile> | undefined,
  partialPath: string,
): Promise<void> {
  const { model, folder } = options;
  const wanted = told?.bytes ?? model.aboutMb * 1e6;
  const have = await stat(partialPath).then(
    ({ size }) => size,
    () => 0,
  );
  const free = options.freeBytes ?? (await freeBytes(folder));
  if (free === undefined || free >= wanted - have + spareBytes) return;
  throw new WildfireError(
    "state",
    `${model.name} needs ${formatGb(wanted - have)} more, and ${folder} has ${formatGb(free)} free`,
    { hint: "make room, choose another folder with --models-dir, or a smaller model" },
  );
}

/** A wrong hash behind a download that was continued gets one more chance from the beginning. */
async function downloadChecked(
  options: PullOptions,
  told: Partial<ToldFile> | undefined,
  partialPath: string,
): Promise<void> {
  const wasContinued = await stat(partialPath).then(
    ({ size }) => size > 0,
    () => false,
  );
  const first = await download(options, told, partialPath);
  if (isRight(first, told)) return;
  await discardPartial(partialPath);
  if (wasContinued) {
    options.onNote("what was there from before does not fit: from the beginning");
    const second = await download(options, told, partialPath);
    if (isRight(second, told)) return;
    await discardPartial(partialPath);
  }
  throw new WildfireError(
    "model",
    `${options.model.file} came damaged: its SHA-256 is ${first.sha256}, not ${told?.sha256}`,
    { hint: "nothing was kept: say it again, or try another mirror" },
  );
}

function isRight({ sha256 }: DownloadedFile, told: Partial<ToldFile> | undefined): boolean {
  return told?.sha256 === undefined || told.sha256 === sha256;
}

async function download(
  options: PullOptions,
  told: Partial<ToldFile> | undefined,
  partialPath: string,
): Promise<DownloadedFile> {
  const { place, model, clock, signal, limits, onProgress, onNote } = options;
  return await downloadFile({
    url: fileUrl(place, model.file),
    partialPath,
    expectedBytes: told?.bytes,
    clock,
    signal,
    ...(limits === undefined ? {} : { limits }),
    onProgress,
    onRetry: (reason, delayMs) => onNote(`${reason}; again in ${delayMs / 1000} s`),
  });
}

/** What is no model must not be found by whoever looks for one. */
async function requireModel(partialPath: string): Promise<void> {
  try {
    await inspectGgmlFile(partialPath);
  } catch (error) {
    await discardPartial(partialPath);
    throw error;
  }
}
