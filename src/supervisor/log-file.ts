/**
 * The common log on disk: rotates by size, never makes anybody wait, and goes on after the disk was full.
 * Whoever asks for a line to be written has no part in how long that takes.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "../core/clock.ts";
import { errnoOf } from "../core/errno.ts";
import { privateFileMode, privateFolderMode } from "./private-modes.ts";

/** What may change while the log is written. */
export interface LogPlace {
  readonly folder: string;
  /** Size at which a new file is begun. */
  readonly maxBytes: number;
  /** Older files that are kept beside the present one. */
  readonly keep: number;
}

export interface LogFileOptions extends LogPlace {
  /** Bytes that may wait for the disk; beyond, the oldest lines go. */
  readonly maxPendingBytes: number;
  readonly clock: Clock;
  /** The line that tells of lines that were lost, written when there is room again. */
  readonly lossLine: (lost: number, reason: string) => string;
}

export interface LogFileStatus {
  readonly path: string;
  readonly bytes: number;
  readonly pendingBytes: number;
  /** Lines lost since the start. */
  readonly lost: number;
  /** Why nothing can be written now; empty when it can. */
  readonly problem: string;
}

const retryMs = 1000;
const maxChunkBytes = 256 * 1024;

export const logFileName = "wildfire.log";

export class LogFile {
  readonly #options: LogFileOptions;
  #place: LogPlace;
  #lines: Buffer[] = [];
  #pendingBytes = 0;
  /** What is left of a write that the disk took only a part of. */
  #rest: Buffer | undefined;
  #handle: FileHandle | undefined;
  #bytes = 0;
  #lost = 0;
  /** Not told in the file yet. */
  #untold = 0;
  #problem = "";
  #lastProblem = "";
  #wantsReopen = false;
  #isClosed = false;
  #writing: Promise<void> | undefined;
  #retry: Timer | undefined;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#place = options;
  }

  get #path(): string {
    return join(this.#place.folder, logFileName);
  }

  status(): LogFileStatus {
    return {
      path: this.#path,
      bytes: this.#bytes,
      pendingBytes: this.#pendingBytes,
      lost: this.#lost,
      problem: this.#problem,
    };
  }

  /** Takes a line without its end; returns at once. */
  write(line: string): void {
    if (this.#isClosed) return;
    const bytes = Buffer.from(`${line}\n`);
    this.#lines.push(bytes);
    this.#pendingBytes += bytes.length;
    while (this.#pendingBytes > this.#options.maxPendingBytes) {
      const oldest = this.#lines.shift();
      if (oldest === undefined) break;
      this.#pendingBytes -= oldest.length;
      this.#lost += 1;
      this.#untold += 1;
    }
    this.#begin();
  }

  /** From the next line on. */
  move(place: LogPlace): void {
    this.#place = place;
    this.reopen();
  }

  /** Somebody else may have moved the file. */
  reopen(): void {
    this.#wantsReopen = true;
  }

  /** Resolves when all is written or cannot be. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  /** Tries once more to write what waits. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    this.#retry?.cancel();
    await this.#writeAll();
    await this.#release();
  }

  #begin(): void {
    if (this.#writing !== undefined || this.#retry !== undefined) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#problem === "" || this.#isClosed) return;
      this.#retry = this.#options.clock.after(retryMs, () => {
        this.#retry = undefined;
        this.#begin();
      });
    });
  }

  async #writeAll(): Promise<void> {
    try {
      for (let chunk = this.#nextChunk(); chunk !== undefined; chunk = this.#nextChunk()) {
        this.#rest = chunk;
        await this.#put(chunk);
      }
    } catch (error) {
      this.#problem = errnoOf(error);
      this.#lastProblem = this.#problem;
      // A file that could not be written may not be the one that can be.
      await this.#release();
    }
  }

  #nextChunk(): Buffer | undefined {
    if (this.#rest !== undefined) return this.#rest;
    if (this.#lines.length === 0) return undefined;
    const chunk: Buffer[] = [];
    if (this.#untold > 0) {
      const reason = this.#lastProblem === "" ? "the disk is too slow" : this.#lastProblem;
      chunk.push(Buffer.from(`${this.#options.lossLine(this.#untold, reason)}\n`));
      this.#untold = 0;
    }
    let bytes = 0;
    while (bytes < maxChunkBytes) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      chunk.push(line);
      bytes += line.length;
    }
    this.#pendingBytes -= bytes;
    return Buffer.concat(chunk);
  }

  async #put(chunk: Buffer): Promise<void> {
    if (this.#wantsReopen) {
      await this.#release();
      await this.#opened();
    }
    if (this.#bytes > 0 && this.#bytes + chunk.length > this.#place.maxBytes) {
      await this.#rotate();
    }
    const handle = await this.#opened();
    let left = chunk;
    while (left.length > 0) {
      const { bytesWritten } = await handle.write(left);
      this.#bytes += bytesWritten;
      left = left.subarray(bytesWritten);
      this.#rest = left;
    }
    this.#rest = undefined;
    this.#problem = "";
  }

  async #opened(): Promise<FileHandle> {
    this.#wantsReopen = false;
    if (this.#handle !== undefined) return this.#handle;
    await mkdir(this.#place.folder, { recursive: true, mode: privateFolderMode });
    this.#handle = await open(this.#path, "a", privateFileMode);
    this.#bytes = (await this.#handle.stat()).size;
    return this.#handle;
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  async #rotate(): Promise<void> {
    await this.#release();
    const { folder, keep } = this.#place;
    // More may be there from when more were kept.
    for (const name of await readdir(folder).catch(() => [])) {
      const number = rotationNumber(name);
      const isOver = number !== undefined && number >= Math.max(keep, 1);
      if (isOver) await rm(join(folder, name), { force: true });
    }
    for (let number = keep - 1; number >= 1; number -= 1) {
      await moveIfThere(rotatedPath(this.#path, number), rotatedPath(this.#path, number + 1));
    }
    if (keep === 0) await rm(this.#path, { force: true });
    else await moveIfThere(this.#path, rotatedPath(this.#path, 1));
    this.#bytes = 0;
  }
}

/** Undefined for a name that is none of an older file. */
export function rotationNumber(name: string): number | undefined {
  if (!name.startsWith(`${logFileName}.`)) return undefined;
  const digits = name.slice(logFileName.length + 1);
  return /^[1-9]\d{0,3}$/.test(digits) ? Number(digits) : undefined;
}

function rotatedPath(path: string, number: number): string {
  return `${path}.${number}`;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
