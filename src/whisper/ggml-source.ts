/** Where the bytes of a model file come from: a file, read in small pieces, or memory. */
import { stat } from "node:fs/promises";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";

export interface ModelSource {
  /** For messages: a path, or what the bytes are. */
  readonly name: string;
  readonly sizeBytes: number;
  /** May give fewer bytes than asked for, at the end or when the file shrinks. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A model that is in memory already. */
export function memoryModel(name: string, bytes: Uint8Array): ModelSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** A model file; rejects with a WildfireError when there is no regular file to read. */
export async function fileModel(path: string): Promise<ModelSource> {
  const stats = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (stats.isDirectory()) {
    throw modelError(`model ${quote(path, 200)} is a directory`, "name the .bin file in it");
  }
  if (!stats.isFile()) {
    throw modelError(`model ${quote(path, 200)} is not a regular file`, "name a ggml .bin file");
  }
  const file = Bun.file(path);
  const read = (offset: number, length: number): Promise<Uint8Array> =>
    file
      .slice(offset, offset + length)
      .bytes()
      .catch((error: unknown) => {
        throw unreadable(path, error);
      });
  return { name: path, sizeBytes: stats.size, read };
}

/** The file from beginning to end, a piece at a time, with nothing read that is skipped. */
export class ModelReader {
  readonly #source: ModelSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #position = 0;

  constructor(source: ModelSource) {
    this.#source = source;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#source.sizeBytes - this.#position;
  }

  /** The next `length` bytes, or undefined when the file ends before; reads ahead up to `ahead`. */
  async take(length: number, ahead: number): Promise<Uint8Array | undefined> {
    if (length > this.remaining) return undefined;
    let start = this.#position - this.#windowStart;
    if (start < 0 || start + length > this.#window.length) {
      const wanted = Math.min(Math.max(length, ahead), this.remaining);
      this.#window = await this.#source.read(this.#position, wanted);
      this.#windowStart = this.#position;
      start = 0;
    }
    if (start + length > this.#window.length) return undefined;
    this.#position += length;
    return this.#window.subarray(start, start + length);
  }

  /** Passes over bytes without reading them; false when the file ends before. */
  skip(length: number): boolean {
    if (length > this.remaining) return false;
    this.#position += length;
    return true;
  }
}

export function modelError(message: string, hint: string, cause?: unknown): WildfireError {
  return new WildfireError("model", message, { hint, cause });
}

function unreadable(path: string, error: unknown): WildfireError {
  const errno = errnoOf(error);
  if (errno === "ENOENT" || errno === "ENOTDIR") {
    const message = `model ${quote(path, 200)} does not exist`;
    return modelError(message, "check the path given with --model", error);
  }
  const message = `model ${quote(path, 200)} cannot be read: ${formatErrno(errno)}`;
  return modelError(message, "check its permissions", error);
}
