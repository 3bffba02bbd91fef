/**
 * Reads the common log backwards, a page at a time: in pieces that leave the event loop free, within a
 * bound of what is looked through for one page, and never a whole file.
 */
import type { FileHandle } from "node:fs/promises";
import { type LogFilter, matchesFilter } from "./log-filter.ts";
import {
  findPart,
  listLogParts,
  type LogPart,
  type LogPosition,
  type OpenPart,
  openPart,
} from "./log-parts.ts";
import { parseRecordLine, type ServiceRecord } from "./service-record.ts";

export interface LogPageQuery {
  readonly folder: string;
  readonly filter: LogFilter;
  readonly limit: number;
  /** Without it from the newest on. */
  readonly before: LogPosition | undefined;
  /** How much is looked through; the page then says where to go on. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface LogPage {
  /** Oldest first. */
  readonly records: readonly ServiceRecord[];
  /** Where older ones are; undefined at the beginning of the log. */
  readonly older: LogPosition | undefined;
  /** Behind the newest line; undefined for older pages, and where there is no log. */
  readonly newest: LogPosition | undefined;
  /** It ended since enough was looked through, not since the page was full. */
  readonly isCut: boolean;
  /** The place that was asked for is not kept any more. */
  readonly isLost: boolean;
}

const chunkBytes = 64 * 1024;
const defaultMaxBytes = 32 << 20;
/** Longer lines are none of ours. */
const maxLineBytes = 256 * 1024;
/** Services write side by side: their records are nearly in order. */
const disorderMs = 60_000;
const newline = 0x0a;

export async function readLogPage(query: LogPageQuery): Promise<LogPage> {
  const page = new PageReading(query);
  return await page.run();
}

class PageReading {
  readonly #query: LogPageQuery;
  readonly #records: ServiceRecord[] = [];
  #left: number;
  #newest: LogPosition | undefined;
  #older: LogPosition | undefined;
  /** Nothing older can match. */
  #isOver = false;

  constructor(query: LogPageQuery) {
    this.#query = query;
    this.#left = query.maxBytes ?? defaultMaxBytes;
  }

  async run(): Promise<LogPage> {
    const { folder, before } = this.#query;
    const parts = await listLogParts(folder);
    const first = before === undefined ? await newestOf(parts) : await findPart(parts, before);
    const isLost = before !== undefined && first === undefined;
    let part = first;
    let end = before?.offset;
    while (part !== undefined) {
      await this.#readPart(part, end);
      end = undefined;
      part = this.#isEnough ? undefined : await this.#partBefore(part.inode);
    }
    const isFull = this.#records.length >= this.#query.limit;
    return {
      records: this.#records.toReversed(),
      older: this.#isOver ? undefined : this.#older,
      newest: this.#newest,
      isCut: !isFull && !this.#isOver && this.#older !== undefined,
      isLost,
    };
  }

  get #isEnough(): boolean {
    const { limit, signal } = this.#query;
    const isFull = this.#records.length >= limit || this.#left <= 0;
    return isFull || this.#isOver || signal?.aborted === true;
  }

  async #readPart(part: OpenPart, end: number | undefined): Promise<void> {
    try {
      const lines = new BackwardLines(part.handle, end ?? (await part.handle.stat()).size);
      if (this.#isSkipped(await firstTime(part.handle), end)) {
        this.#older = undefined;
        return;
      }
      while (!this.#isEnough) {
        const batch = await lines.next();
        if (batch === undefined) break;
        this.#left -= chunkBytes;
        this.#take(batch, part);
      }
      if (!lines.isAtStart) return;
      // A page that ends with the first line of a file goes on in the file before.
      if (this.#older?.offset === 0) this.#older = await this.#endBefore(part.inode);
    } finally {
      await part.handle.close();
    }
  }

  /** All of it is too new; what follows it is looked at all the same, to know where following goes on. */
  #isSkipped(firstMs: number | undefined, end: number | undefined): boolean {
    const { toMs } = this.#query.filter;
    if (toMs === undefined || firstMs === undefined || end !== undefined) return false;
    return this.#newest !== undefined && firstMs - disorderMs > toMs;
  }

  #take(batch: readonly BackwardLine[], { inode, mark }: OpenPart): void {
    const { filter, limit, before } = this.#query;
    for (const { text, offset, end } of batch) {
      if (before === undefined) this.#newest ??= { inode, mark, offset: end };
      if (this.#records.length >= limit) return;
      this.#older = { inode, mark, offset };
      const record = parseRecordLine(text);
      if (record === undefined) continue;
      if (record.wallMs < (filter.fromMs ?? 0) - disorderMs) {
        this.#isOver = true;
        return;
      }
      if (matchesFilter(record, filter)) this.#records.push(record);
    }
  }

  /** Listed anew, since files may have been put away meanwhile. */
  async #partBefore(inode: number): Promise<OpenPart | undefined> {
    const part = await this.#listedBefore(inode);
    return part === undefined ? undefined : await openPart(part);
  }

  async #endBefore(inode: number): Promise<LogPosition | undefined> {
    const part = await this.#partBefore(inode);
    if (part === undefined) return undefined;
    const { size } = await part.handle.stat();
    await part.handle.close();
    return { inode: part.inode, mark: part.mark, offset: size };
  }

  async #listedBefore(inode: number): Promise<LogPart | undefined> {
    const parts = await listLogParts(this.#query.folder);
    return parts[parts.findIndex((part) => part.inode === inode) - 1];
  }
}

interface BackwardLine {
  readonly text: string;
  /** Of its first byte, and behind its end. */
  readonly offset: number;
  readonly end: number;
}

/** The lines of a file before a place, newest first, those of one piece of the file at a time. */
class BackwardLines {
  readonly #handle: FileHandle;
  /** What is before it was not read yet. */
  #at: number;
  /** The bytes from `#at` on that belong to a line whose beginning was not read yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** The end of that line is too far away. */
  #isTooLong = false;

  constructor(handle: FileHandle, end: number) {
    this.#handle = handle;
    this.#at = end;
  }

  get isAtStart(): boolean {
    return this.#at === 0;
  }

  /** Undefined when there are none before. */
  async next(): Promise<readonly BackwardLine[] | undefined> {
    if (this.#at === 0) return undefined;
    const bytes = Math.min(chunkBytes, this.#at);
    const chunk = Buffer.alloc(bytes);
    const { bytesRead } = await this.#handle.read(chunk, 0, bytes, this.#at - bytes);
    // Cut short meanwhile: nothing is to be read of it.
    if (bytesRead < bytes) {
      this.#at = 0;
      return undefined;
    }
    this.#at -= bytes;
    return this.#cut(Buffer.concat([chunk, this.#rest]));
  }

  #cut(bytes: Buffer): readonly BackwardLine[] {
    const lines: BackwardLine[] = [];
    let end = bytes.length;
    for (let at = newlineBefore(bytes, end); at >= 0; at = newlineBefore(bytes, end)) {
      this.#add(lines, bytes, { from: at + 1, end });
      end = at + 1;
    }
    if (this.#at === 0) this.#add(lines, bytes, { from: 0, end });
    this.#rest = bytes.subarray(0, end);
    if (this.#rest.length > maxLineBytes) {
      this.#rest = Buffer.alloc(0);
      this.#isTooLong = true;
    }
    return lines;
  }

  #add(
    lines: BackwardLine[],
    bytes: Buffer,
    { from, end }: { readonly from: number; readonly end: number },
  ): void {
    const isPart = this.#isTooLong;
    this.#isTooLong = false;
    if (isPart || from === end) return;
    const isWhole = bytes[end - 1] === newline;
    const text = bytes.toString("utf8", from, isWhole ? end - 1 : end);
    // What is being written has no end yet, and is read by whoever follows.
    if (isWhole) lines.push({ text, offset: this.#at + from, end: this.#at + end });
  }
}

/** The end of the line before the one that ends there; -1 when that is the first. */
function newlineBefore(bytes: Buffer, end: number): number {
  return end < 2 ? -1 : bytes.lastIndexOf(newline, end - 2);
}

async function newestOf(parts: readonly LogPart[]): Promise<OpenPart | undefined> {
  const last = parts.at(-1);
  return last === undefined ? undefined : await openPart(last);
}

/** Undefined when its first line is no record. */
async function firstTime(handle: FileHandle): Promise<number | undefined> {
  const { bytesRead, buffer } = await handle.read(new Uint8Array(4096), 0, 4096, 0);
  const [line = ""] = new TextDecoder().decode(buffer.subarray(0, bytesRead)).split("\n", 1);
  return parseRecordLine(line)?.wallMs;
}
