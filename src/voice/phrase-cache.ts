/** Spoken phrases on disk, by content hash: bounded in size, the longest unused go first. */
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { errnoOf, formatErrno } from "../core/errno.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { decodePhrase, encodePhrase, type PhraseSound } from "./phrase-file.ts";

/** All that a phrase's sound depends on. */
export interface PhraseKey {
  readonly engine: string;
  readonly voice: string;
  readonly speed: number;
  readonly language: string;
  readonly text: string;
}

export interface PhraseCacheOptions {
  readonly folder: string;
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Entry {
  readonly bytes: number;
}

const ownerOnly = 0o600;
const finished = /^[0-9a-f]{64}\.phrase$/;
const unfinished = /^[0-9a-f]{64}\.phrase\.\d+-\d+$/;

export class PhraseCache {
  readonly #options: PhraseCacheOptions;
  /** By file name, the longest unused first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #limitBytes: number;
  #counts = { hits: 0, misses: 0, damaged: 0, removed: 0, failures: 0 };
  #written = 0;
  /** Changes of the folder, one after the other. */
  #work: Promise<void> = Promise.resolve();

  private constructor(options: PhraseCacheOptions) {
    this.#options = options;
    this.#limitBytes = options.limitBytes;
  }

  /** Makes the folder; throws a WildfireError("state") where it cannot be used. */
  static async open(options: PhraseCacheOptions): Promise<PhraseCache> {
    const cache = new PhraseCache(options);
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      await cache.#find();
    } catch (error) {
      const reason = formatErrno(errnoOf(error));
      const message = `cannot keep phrases in ${quote(options.folder, 200)}: ${reason}`;
      throw new WildfireError("state", message, {
        cause: error,
        hint: "name a folder that this user may write to",
      });
    }
    return cache;
  }

  status(): Record<string, number> {
    return { phrases: this.#entries.size, bytes: this.#bytes, ...this.#counts };
  }

  /** The sound of a phrase, undefined where there is none; never throws. */
  async get(key: PhraseKey): Promise<PhraseSound | undefined> {
    const name = fileNameOf(key);
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#counts.misses += 1;
      return undefined;
    }
    const path = join(this.#options.folder, name);
    const sound = await readPhrase(path, entry.bytes);
    if (sound === undefined) {
      this.#counts.damaged += 1;
      this.#options.log.warn("a damaged phrase is removed", { file: name });
      await this.#queue(() => this.#remove(name));
      return undefined;
    }
    this.#counts.hits += 1;
    this.#touch(name, entry);
    return sound;
  }

  /** Resolves when it is on disk, or has failed, which is logged; never throws. */
  async put(key: PhraseKey, sound: PhraseSound): Promise<void> {
    const name = fileNameOf(key);
    await this.#queue(async () => {
      const bytes = await encodePhrase(sound);
      if (bytes.length > this.#limitBytes) return;
      await this.#makeRoom(bytes.length, name);
      await this.#write(name, bytes);
      this.#entries.set(name, { bytes: bytes.length });
      this.#bytes += bytes.length;
    });
  }

  /** From now on; resolves when what is beyond it is gone, and never throws. */
  async limitTo(bytes: number): Promise<void> {
    this.#limitBytes = bytes;
    await this.#queue(() => this.#makeRoom(0, ""));
  }

  /** Resolves when all changes are on disk. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #queue(change: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(change).catch((error: unknown) => {
      this.#counts.failures += 1;
      this.#options.log.warn("the cache of phrases cannot be changed", {
        reason: describeError(error),
      });
    });
    return this.#work;
  }

  #touch(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    const seconds = this.#options.clock.wallMs() / 1000;
    const path = join(this.#options.folder, name);
    // Where it fails, the phrase only goes a little earlier.
    void this.#queue(() => utimes(path, seconds, seconds).catch(() => undefined));
  }

  async #makeRoom(bytes: number, name: string): Promise<void> {
    await this.#remove(name);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + bytes <= this.#limitBytes) return;
      await this.#remove(oldest);
      this.#counts.removed += 1;
    }
  }

  async #remove(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
    await unlink(join(this.#options.folder, name)).catch(ignoreMissing);
  }

  /** Under a name of its own until it is whole, so that nobody ever reads half a phrase. */
  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const { folder, clock } = this.#options;
    this.#written += 1;
    const unfinishedPath = join(folder, `${name}.${process.pid}-${this.#written}`);
    await unlink(unfinishedPath).catch(ignoreMissing);
    const file = await open(unfinishedPath, "wx", ownerOnly);
    try {
      await file.writeFile(bytes);
      const seconds = clock.wallMs() / 1000;
      await file.utimes(seconds, seconds);
    } catch (error) {
      await unlink(unfinishedPath).catch(ignoreMissing);
      throw error;
    } finally {
      await file.close();
    }
    await rename(unfinishedPath, join(folder, name));
  }

  /** What earlier runs have left: phrases by the time of their last use, and halves, which go. */
  async #find(): Promise<void> {
    const { folder } = this.#options;
    const found: { readonly name: string; readonly bytes: number; readonly usedMs: number }[] = [];
    for (const name of await readdir(folder)) {
      if (unfinished.test(name)) await unlink(join(folder, name)).catch(ignoreMissing);
      if (!finished.test(name)) continue;
      const status = await lstat(join(folder, name)).catch(() => undefined);
      if (status?.isFile() !== true) continue;
      found.push({ name, bytes: status.size, usedMs: status.mtimeMs });
    }
    for (const { name, bytes } of found.toSorted((a, b) => a.usedMs - b.usedMs)) {
      this.#entries.set(name, { bytes });
      this.#bytes += bytes;
    }
    if (this.#bytes > this.#limitBytes) await this.#makeRoom(0, "");
  }
}

function fileNameOf({ engine, voice, speed, language, text }: PhraseKey): string {
  const key = JSON.stringify([engine, voice, speed, language, text]);
  return `${new Bun.CryptoHasher("sha256").update(key).digest("hex")}.phrase`;
}

/** Undefined for what cannot be read or is no phrase. A link in place of a file is not followed. */
async function readPhrase(path: string, mostBytes: number): Promise<PhraseSound | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if ((await file.stat()).size > mostBytes) return undefined;
      return await decodePhrase(await file.readFile());
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== "ENOENT") throw error;
}
