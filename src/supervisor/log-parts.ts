/** The files of the common log, and places in them that outlive their being put away. */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../core/errno.ts";
import { logFileName, rotationNumber } from "./log-file.ts";

export interface LogPart {
  readonly path: string;
  readonly inode: number;
  readonly bytes: number;
}

/** Where a line begins. */
export interface LogPosition {
  readonly inode: number;
  /** Of the first bytes of the file, since numbers of inodes are used again; empty for a short file. */
  readonly mark: string;
  readonly offset: number;
}

export interface OpenPart {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly mark: string;
}

const markedBytes = 64;

/** Oldest first; none where there is no folder. */
export async function listLogParts(folder: string): Promise<LogPart[]> {
  const numbered: { readonly path: string; readonly number: number }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const number = name === logFileName ? 0 : rotationNumber(name);
    if (number !== undefined) numbered.push({ path: join(folder, name), number });
  }
  const parts: LogPart[] = [];
  for (const { path } of numbered.toSorted((a, b) => b.number - a.number)) {
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined) parts.push({ path, inode: facts.ino, bytes: facts.size });
  }
  return parts;
}

/** Undefined when the file is gone or has another name by now; it is found again when they are listed anew. */
export async function openPart({ path, inode }: LogPart): Promise<OpenPart | undefined> {
  const handle = await openIfThere(path);
  if (handle === undefined) return undefined;
  try {
    if ((await handle.stat()).ino === inode) return { handle, inode, mark: await readMark(handle) };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** The file of a position, opened; undefined when it is not kept any more. */
export async function findPart(
  parts: readonly LogPart[],
  { inode, mark }: LogPosition,
): Promise<OpenPart | undefined> {
  const part = parts.find((one) => one.inode === inode);
  const found = part === undefined ? undefined : await openPart(part);
  if (found === undefined || mark === "" || found.mark === mark) return found;
  await found.handle.close();
  return undefined;
}

export function formatPosition({ inode, mark, offset }: LogPosition): string {
  return `${inode}.${mark}.${offset}`;
}

const positionForm = /^(\d{1,20})\.([0-9a-f]{0,8})\.(\d{1,15})$/;

/** Undefined for a text that is none. */
export function parsePosition(text: string): LogPosition | undefined {
  const [, inode, mark = "", offset] = positionForm.exec(text) ?? [];
  if (inode === undefined) return undefined;
  return { inode: Number(inode), mark, offset: Number(offset) };
}

async function readMark(handle: FileHandle): Promise<string> {
  const { bytesRead, buffer } = await handle.read(new Uint8Array(markedBytes), 0, markedBytes, 0);
  return bytesRead < markedBytes ? "" : Bun.hash.crc32(buffer).toString(16);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
