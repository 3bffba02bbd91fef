/** The files of recordings that the history names: found and removed in their own folder, and nowhere else. */
import { rmSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { errnoOf } from "../core/errno.ts";
import type { Logger } from "../core/log.ts";
import type { StoredRecording } from "../web/appliance.ts";
import { isRecordingFile } from "./recording-folder.ts";

export class RecordingShelf {
  readonly #folder: string;
  readonly #log: Logger;

  constructor(folder: string, log: Logger) {
    this.#folder = resolve(folder);
    this.#log = log;
  }

  /** `path` as the history has it; undefined when the file is gone, or is none of ours. */
  async find(path: string): Promise<StoredRecording | undefined> {
    const file = this.#own(path);
    if (file === undefined) return undefined;
    const status = await lstat(file).catch(() => undefined);
    // What is a link leads elsewhere.
    if (status?.isFile() !== true) return undefined;
    return { path: file, bytes: status.size, changedMs: Math.floor(status.mtimeMs) };
  }

  /** Never throws. */
  remove(path: string): void {
    const file = this.#own(path);
    if (file === undefined) return;
    try {
      rmSync(file, { force: true });
    } catch (error) {
      const reason = errnoOf(error);
      this.#log.warn("a recording of a forgotten call was not removed", { file, reason });
    }
  }

  /** Only what a recorder names like that; by its name alone, since the folder may have been moved. */
  #own(path: string): string | undefined {
    const name = basename(path);
    return isRecordingFile(name) ? join(this.#folder, name) : undefined;
  }
}
