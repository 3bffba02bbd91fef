/** Puts the embedded native library where the loader can map it and nobody else can change it. */
import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { WildfireError, quote } from "../core/errors.ts";

export interface FolderFacts {
  /** The state folder that somebody asked for, if any. */
  readonly requested: string | undefined;
  /** The state folder used when nobody asks. */
  readonly usual: string;
  /** XDG_RUNTIME_DIR. */
  readonly runtime: string | undefined;
  /** Folders of the system in which every user may make one of his own. */
  readonly shared: readonly string[];
  readonly userId: number;
}

/** Folders that may take the library, in the order in which they are tried, each once. */
export function candidateFolders(facts: FolderFacts): readonly string[] {
  const folders = [
    facts.requested ?? "",
    facts.usual,
    facts.runtime === undefined ? "" : join(facts.runtime, "wildfire"),
    ...facts.shared.map((folder) => join(folder, `wildfire-${facts.userId}`)),
  ];
  return [...new Set(folders.filter((folder) => folder !== ""))];
}

export interface PrepareLibraryOptions {
  /** A path that Bun.file reads: a plain file, or one inside the executable. */
  readonly source: string;
  readonly suffix: "so" | "dylib";
  /** SHA-256 of the source in hex; worked out from it when not given. */
  readonly sha256?: string;
  /** Folders to try, first to last. */
  readonly folders: readonly string[];
  /** Why the loader refuses the library at a path, or undefined when it takes it. */
  readonly findLoadProblem: (path: string) => string | undefined;
}

/** What is to be on disk. */
interface Wanted {
  readonly fileName: string;
  readonly sha256: string;
  readonly source: string;
}

/**
 * Returns the path of a library that was verified and can be loaded. Safe while other processes
 * do the same. Rejects with a WildfireError that lists each folder and why it does not do.
 */
export async function prepareLibrary(options: PrepareLibraryOptions): Promise<string> {
  const sha256 = options.sha256 ?? (await hashOf(await readSource(options.source)));
  const wanted = { fileName: `${sha256}.${options.suffix}`, sha256, source: options.source };
  const refusals: string[] = [];
  for (const folder of options.folders) {
    // One after the other: the next folder is only touched when this one does not do.
    const placed = await place(folder, wanted);
    const problem = "path" in placed ? options.findLoadProblem(placed.path) : placed.problem;
    if ("path" in placed && problem === undefined) return placed.path;
    refusals.push(`${folder} (${problem})`);
  }
  throw new WildfireError(
    "native",
    `no folder can hold the native library: ${refusals.join("; ")}`,
    {
      hint:
        "pass --state-dir or set WILDFIRE_STATE_DIR to a folder of your own " +
        "on a file system that is writable and not mounted noexec",
    },
  );
}

type Placed = { readonly path: string } | { readonly problem: string };

async function place(folder: string, wanted: Wanted): Promise<Placed> {
  try {
    const problem = await openFolder(folder);
    if (problem !== undefined) return { problem };
    const path = join(folder, "native", wanted.fileName);
    if (await isIntact(path, wanted.sha256)) return { path };
    await write(path, wanted);
    return (await isIntact(path, wanted.sha256)) ? { path } : { problem: "it does not keep data" };
  } catch (error) {
    if (error instanceof WildfireError) throw error;
    return { problem: formatErrno(errnoOf(error)) };
  }
}

/** Makes the folder and the private one in it; returns why they cannot be trusted, if so. */
async function openFolder(folder: string): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const problem = findFolderProblem(await stat(folder), currentUserId());
  if (problem !== undefined) return problem;
  const inner = join(folder, "native");
  await mkdir(inner, { recursive: true, mode: 0o700 });
  const facts = await lstat(inner);
  if (!facts.isDirectory()) return `${quote(inner, 200)} is not a folder`;
  return isPrivate(facts, currentUserId())
    ? undefined
    : `${quote(inner, 200)} belongs to or can be changed by another user`;
}

interface Ownership {
  readonly uid: number;
  readonly mode: number;
}

const writableByOthers = 0o022;
const writableByAll = 0o002;
/** Only the owner of a file may rename or remove it, as in /tmp. */
const stickyBit = 0o1000;

/** Why what is made inside a folder could be replaced by someone else, if it could. */
export function findFolderProblem(folder: Ownership, userId: number): string | undefined {
  if (folder.uid !== userId && folder.uid !== 0) return `it belongs to user ${folder.uid}`;
  const isOpen = (folder.mode & writableByAll) !== 0 && (folder.mode & stickyBit) === 0;
  return isOpen ? "every user can change it" : undefined;
}

function isPrivate(facts: Ownership, userId: number): boolean {
  return facts.uid === userId && (facts.mode & writableByOthers) === 0;
}

async function isIntact(path: string, sha256: string): Promise<boolean> {
  const facts = await lstat(path).catch(ifMissing);
  if (facts === undefined || !facts.isFile() || !isPrivate(facts, currentUserId())) return false;
  return (await hashOf(await Bun.file(path).bytes())) === sha256;
}

function ifMissing(error: unknown): Stats | undefined {
  if (errnoOf(error) === "ENOENT") return undefined;
  throw error;
}

async function write(path: string, wanted: Wanted): Promise<void> {
  const bytes = await readSource(wanted.source);
  if ((await hashOf(bytes)) !== wanted.sha256) {
    throw new WildfireError(
      "native",
      `the native library in ${quote(wanted.source, 200)} is damaged: its SHA-256 is not ${wanted.sha256}`,
      { hint: "install the executable again" },
    );
  }
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, bytes, { flag: "wx", mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function readSource(source: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Bun.file(source).bytes();
  } catch (error) {
    throw new WildfireError("native", `cannot read the native library ${quote(source, 200)}`, {
      cause: error,
      hint: "build it: npm run build",
    });
  }
}

/** Hashed off the event loop. */
async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

function currentUserId(): number {
  return process.getuid?.() ?? 0;
}
