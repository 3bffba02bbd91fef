/** Reads the common log from its oldest file or a place in it on, and what is added, across rotations. */
import type { FileHandle } from "node:fs/promises";
import { LineCutter } from "./line-cutter.ts";
import { findPart, listLogParts, type LogPosition, type OpenPart, openPart } from "./log-parts.ts";

const chunkBytes = 64 * 1024;
const maxLineCharacters = 256 * 1024;
const newline = 0x0a;

interface Reading extends OpenPart {
  readonly cutter: LineCutter;
  /** Of the next byte that is read. */
  offset: number;
  /** Behind the last whole line. */
  lineEnd: number;
}

export class LogTail {
  readonly #folder: string;
  readonly #onLine: (line: string) => void;
  readonly #buffer = new Uint8Array(chunkBytes);
  #open: Reading | undefined;

  constructor(folder: string, onLine: (line: string) => void) {
    this.#folder = folder;
    this.#onLine = onLine;
  }

  /** Behind the last whole line that was read; undefined before the first. */
  get position(): LogPosition | undefined {
    if (this.#open === undefined) return undefined;
    const { inode, mark, lineEnd } = this.#open;
    return { inode, mark, offset: lineEnd };
  }

  /**
   * Begins there instead of at the oldest line. False when that place is not kept any more, or more than
   * `mostBytes` came behind it: then it begins at the end, as it does without a place.
   */
  async startAt(place: LogPosition | undefined, mostBytes: number): Promise<boolean> {
    const parts = await listLogParts(this.#folder);
    const part = place === undefined ? undefined : await findPart(parts, place);
    if (place !== undefined && part !== undefined) {
      const at = parts.findIndex(({ inode }) => inode === part.inode);
      const all = parts.slice(at).reduce((sum, { bytes }) => sum + bytes, 0);
      if (all - place.offset <= mostBytes) {
        this.#begin(part, place.offset);
        return true;
      }
      await part.handle.close();
    }
    const last = parts.at(-1);
    const newest = last === undefined ? undefined : await openPart(last);
    if (newest !== undefined) this.#begin(newest, await lastLineEnd(newest.handle));
    return place === undefined;
  }

  /** Reads all that is there now and was not read yet; `afterChunk` may hold it up. */
  async readOn(afterChunk: () => Promise<void> = async () => undefined): Promise<void> {
    for (;;) {
      await this.#readOpen(afterChunk);
      const isMore = await this.#openNext(afterChunk);
      if (!isMore) return;
    }
  }

  async close(): Promise<void> {
    await this.#open?.handle.close();
    this.#open = undefined;
  }

  async #readOpen(afterChunk: () => Promise<void>): Promise<void> {
    const reading = this.#open;
    if (reading === undefined) return;
    for (;;) {
      const { bytesRead } = await reading.handle.read(this.#buffer, 0, chunkBytes, reading.offset);
      if (bytesRead === 0) return;
      const chunk = this.#buffer.subarray(0, bytesRead);
      const last = chunk.lastIndexOf(newline);
      if (last >= 0) reading.lineEnd = reading.offset + last + 1;
      reading.offset += bytesRead;
      reading.cutter.push(chunk);
      await afterChunk();
    }
  }

  /**
   * The file after the one that was read, or the oldest when that one is gone or none was read yet; false
   * when there is none.
   */
  async #openNext(afterChunk: () => Promise<void>): Promise<boolean> {
    const parts = await listLogParts(this.#folder);
    const at = parts.findIndex(({ inode }) => inode === this.#open?.inode);
    const next = parts[at + 1];
    if (next === undefined) return false;
    // What was written between the last look and its being put away; from then on nothing is.
    await this.#readOpen(afterChunk);
    // Rotated since it was listed: it is found again under its next name.
    const part = await openPart(next);
    if (part === undefined) return true;
    this.#open?.cutter.end();
    await this.#open?.handle.close();
    this.#begin(part, 0);
    return true;
  }

  #begin(part: OpenPart, offset: number): void {
    const cutter = new LineCutter(maxLineCharacters, this.#onLine);
    this.#open = { ...part, cutter, offset, lineEnd: offset };
  }
}

/** A line that is being written is read when it is whole. */
async function lastLineEnd(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - chunkBytes);
  const { bytesRead, buffer } = await handle.read(
    new Uint8Array(size - from),
    0,
    size - from,
    from,
  );
  const last = buffer.subarray(0, bytesRead).lastIndexOf(newline);
  return last < 0 ? size : from + last + 1;
}
