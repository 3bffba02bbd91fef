/** Keeps the last crashes as files, one JSON object each, for whoever looks for the cause later. */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { privateFileMode, privateFolderMode } from "./private-modes.ts";
import type { Crash } from "./supervised-child.ts";

const keptReports = 50;
const suffix = ".json";

export class CrashReports {
  readonly #folder: string;
  /** One after the other, so that none is counted twice. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves to the path of the report; rejects with the system's error when it cannot be written. */
  async keep(crash: Crash, wallMs: number): Promise<string> {
    const written = this.#writing.then(() => this.#write(crash, wallMs));
    this.#writing = written.catch(() => undefined);
    return await written;
  }

  async #write(crash: Crash, wallMs: number): Promise<string> {
    const time = new Date(wallMs).toISOString();
    await mkdir(this.#folder, { recursive: true, mode: privateFolderMode });
    const name = `${time.replaceAll(":", "-")}-${crash.service}-${crash.pid}${suffix}`;
    const path = join(this.#folder, name);
    const text = `${JSON.stringify({ time, ...crash }, null, 2)}\n`;
    // Whoever reads the folder never sees half a report.
    await writeFile(`${path}.part`, text, { mode: privateFileMode });
    await rename(`${path}.part`, path);
    await this.#forgetOldest();
    return path;
  }

  async #forgetOldest(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(suffix)).toSorted();
    for (const name of names.slice(0, Math.max(0, names.length - keptReports))) {
      await rm(join(this.#folder, name), { force: true });
    }
  }
}
