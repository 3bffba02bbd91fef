/** Reads the common log from its oldest file on, and what is added to it, across rotations. */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../core/errno.ts";
import { LineCutter } from "./line-cutter.ts";
import { logFileName } from "./log-file.ts";

interface LogPart {
  readonly path: string;
  readonly inode: number;
}

const chunkBytes = 64 * 1024;
const maxLineCharacters = 256 * 1024;

export class LogTail {
  readonly #folder: string;
  readonly #onLine: (line: string) => void;
  readonly #buffer = new Uint8Array(chunkBytes);
  #open:
    | { readonly handle: FileHandle; readonly inode: number; readonly cutter: LineCutter }
    | undefined;

  constructor(folder: string, onLine: (line: string) => void) {
    this.#folder = folder;
    this.#onLine = onLine;
  }

  /** Reads all that is there now and was not read yet; `afterChunk` may hold it up. */
  async readOn(afterChunk: () => Promise<void> = async () => undefined): Promise<void> {
    for (;;) {
      await this.#readOpen(afterChunk);
      const next = await this.#nextPart();
      if (next === undefined) return;
      await this.#switchTo(next);
    }
  }

  async close(): Promise<void> {
    await this.#open?.handle.close();
    this.#open = undefined;
  }

  async #readOpen(afterChunk: () => Promise<void>): Promise<void> {
    if (this.#open === undefined) return;
    const { handle, cutter } = this.#open;
    for (;;) {
      const { bytesRead } = await handle.read(this.#buffer, 0, chunkBytes);
      if (bytesRead === 0) return;
      cutter.push(this.#buffer.subarray(0, bytesRead));
      await afterChunk();
    }
  }

  /** The file after the one that was read; the oldest when that one is gone, or none was read yet. */
  async #nextPart(): Promise<LogPart | undefined> {
    const parts = await listLogParts(this.#folder);
    const at = parts.findIndex(({ inode }) => inode === this.#open?.inode);
    return parts[at + 1];
  }

  async #switchTo({ path, inode }: LogPart): Promise<void> {
    const handle = await openIfThere(path);
    if (handle === undefined) return;
    // Rotated since it was listed: it is found again under its next name.
    if ((await handle.stat()).ino !== inode) {
      await handle.close();
      return;
    }
    this.#open?.cutter.end();
    await this.#open?.handle.close();
    this.#open = { handle, inode, cutter: new LineCutter(maxLineCharacters, this.#onLine) };
  }
}

/** Oldest first. */
async function listLogParts(folder: string): Promise<LogPart[]> {
  const numbered: { readonly path: string; readonly number: number }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const number = name === logFileName ? 0 : rotationNumber(name);
    if (number !== undefined) numbered.push({ path: join(folder, name), number });
  }
  const parts: LogPart[] = [];
  for (const { path } of numbered.toSorted((a, b) => b.number - a.number)) {
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined) parts.push({ path, inode: facts.ino });
  }
  return parts;
}

function rotationNumber(name: string): number | undefined {
  if (!name.startsWith(`${logFileName}.`)) return undefined;
  const digits = name.slice(logFileName.length + 1);
  return /^[1-9]\d{0,3}$/.test(digits) ? Number(digits) : undefined;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
