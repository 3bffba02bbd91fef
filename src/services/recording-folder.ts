/** The folder of recordings: files of our own names, kept below a size by removing the oldest. */
import { constants } from "node:fs";
import { access, lstat, mkdir, open, readdir, realpath, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";

/** The disk, so that a test can let it fail. */
export interface RecordingDisk {
  /** Writes a new file, for its owner only; whatever exists under that name stays untouched. */
  create(path: string, pieces: Iterable<Uint8Array>): Promise<void>;
  /** Removes a name, never what a link of that name points to. */
  remove(path: string): Promise<void>;
}

export interface RecordingFolderOptions {
  readonly path: string;
  readonly limitBytes: number;
  readonly disk?: RecordingDisk;
}

/** One recording: a name for both of its files, and what goes into them. */
export interface Recording {
  readonly name: string;
  readonly wavBytes: number;
  /** Made piece by piece while it is written, so that a long utterance never stops the event loop. */
  readonly wav: Iterable<Uint8Array>;
  readonly json: string;
}

interface Kept {
  readonly files: readonly string[];
  readonly bytes: number;
  /** Written here and whole, so that its size stays. */
  readonly isOwn: boolean;
}

/** Sorts by time; nothing else in the folder is ever touched. */
const ownName = /^(\d{8}T\d{9}Z_[\w-]{1,40}_\d{6})\.(?:wav|json)$/;
/** Another service may record into the same folder, so it is looked at again after so many files. */
const refreshEvery = 100;
const ownerOnly = 0o600;

/** `20261123T120304567Z_111-3_000042`: when, of which call, and the how-manieth of this run. */
export function recordingName(wallMs: number, callKey: string, number: number): string {
  const time = new Date(wallMs).toISOString().replaceAll(/[-:.]/g, "");
  const key = callKey.replaceAll(/[^\w-]/g, "-").slice(0, 40);
  return `${time}_${key === "" ? "-" : key}_${String(number % 1_000_000).padStart(6, "0")}`;
}

/** Named by a recorder, and sound. */
export function isRecordingFile(name: string): boolean {
  return ownName.test(name) && name.endsWith(".wav");
}

export class RecordingFolder {
  readonly path: string;
  readonly #limitBytes: number;
  readonly #disk: RecordingDisk;
  /** By name, the oldest first. */
  #kept = new Map<string, Kept>();
  /** Sound files that are being written, which count when they are whole. */
  readonly #growing = new Set<string>();
  #bytes = 0;
  #removed = 0;
  #untilRefresh = refreshEvery;
  /** One after the other, so that none makes room that another one is making. */
  #claiming: Promise<void> = Promise.resolve();

  private constructor(options: RecordingFolderOptions) {
    this.path = options.path;
    this.#limitBytes = options.limitBytes;
    this.#disk = options.disk ?? realDisk;
  }

  /** Makes the folder where there is none; throws a WildfireError("usage") where it cannot be used. */
  static async open(options: RecordingFolderOptions): Promise<RecordingFolder> {
    const path = await requireFolder(options.path);
    const folder = new RecordingFolder({ ...options, path });
    await folder.#refresh();
    return folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get recordings(): number {
    return this.#kept.size;
  }

  /** Recordings that made room for newer ones. */
  get removed(): number {
    return this.#removed;
  }

  pathOf(name: string): string {
    return join(this.path, `${name}.wav`);
  }

  /**
   * A sound file of this name is about to grow. What is too old goes, and what is too much; rejects with the
   * error of the disk.
   */
  async claim(name: string, oldestMs: number): Promise<void> {
    const claim = this.#claiming.then(() => this.#claim(name, oldestMs));
    this.#claiming = claim.catch(() => undefined);
    await claim;
  }

  /** It has grown to its whole length; 0: nothing of it is there. */
  settle(name: string, bytes: number): void {
    this.#growing.delete(name);
    if (bytes === 0) return;
    this.#kept.set(name, { files: [`${name}.wav`], bytes, isOwn: true });
    this.#bytes += bytes;
  }

  /** Rejects with the error of the disk; then nothing of the recording is left. */
  async add(recording: Recording): Promise<void> {
    const { name, wav, wavBytes } = recording;
    const json = new TextEncoder().encode(recording.json);
    const bytes = wavBytes + json.length;
    if (bytes > this.#limitBytes) throw new Error("it is larger than all recordings may be");
    await this.#refreshWhenDue();
    await this.#makeRoom(bytes);
    const wavFile = `${name}.wav`;
    const jsonFile = `${name}.json`;
    await this.#create(wavFile, wav);
    try {
      // Last, so that whoever sees it finds a whole recording beside it.
      await this.#create(jsonFile, [json]);
    } catch (error) {
      await this.#discard(wavFile);
      throw error;
    }
    this.#kept.set(name, { files: [wavFile, jsonFile], bytes, isOwn: true });
    this.#bytes += bytes;
  }

  async #claim(name: string, oldestMs: number): Promise<void> {
    await this.#refreshWhenDue();
    await this.#forget(recordingName(Math.max(0, oldestMs), "", 0));
    await this.#makeRoom(0);
    this.#growing.add(name);
  }

  async #create(file: string, pieces: Iterable<Uint8Array>): Promise<void> {
    try {
      await this.#disk.create(join(this.path, file), pieces);
    } catch (error) {
      // What is there under this name already is not ours to remove.
      if (errnoOf(error) !== "EEXIST") await this.#discard(file);
      throw error;
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const [name, kept] of this.#kept) {
      if (this.#bytes + bytes <= this.#limitBytes) return;
      await this.#drop(name, kept);
    }
  }

  /** Those whose names sort before. */
  async #forget(before: string): Promise<void> {
    for (const [name, kept] of this.#kept) {
      if (name >= before) return;
      await this.#drop(name, kept);
    }
  }

  async #drop(name: string, kept: Kept): Promise<void> {
    for (const file of kept.files) await this.#remove(file);
    if (!this.#kept.delete(name)) return;
    this.#bytes -= kept.bytes;
    this.#removed += 1;
  }

  async #remove(file: string): Promise<void> {
    try {
      await this.#disk.remove(join(this.path, file));
    } catch (error) {
      // Somebody else made room.
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }

  async #discard(file: string): Promise<void> {
    await this.#remove(file).catch(() => undefined);
  }

  async #refreshWhenDue(): Promise<void> {
    this.#untilRefresh -= 1;
    if (this.#untilRefresh <= 0) await this.#refresh();
  }

  /** Finds what earlier runs and other services have left here. Links are no recordings. */
  async #refresh(): Promise<void> {
    this.#untilRefresh = refreshEvery;
    const names = (await readdir(this.path)).toSorted();
    const groups = Map.groupBy(names, (file) => ownName.exec(file)?.[1]);
    const measured = new Map<string, Kept>();
    for (const [name, files] of groups) {
      if (name === undefined || this.#known(name, files) !== undefined) continue;
      // Others may still be writing it, so that it is measured each time.
      measured.set(name, await this.#measure(files));
    }
    const found = new Map<string, Kept>();
    // Without a pause, so that nothing is lost that was settled meanwhile.
    for (const [name, files] of groups) {
      if (name === undefined || this.#growing.has(name)) continue;
      const kept = this.#known(name, files) ?? measured.get(name);
      if (kept !== undefined && kept.files.length > 0) found.set(name, kept);
    }
    this.#kept = found;
    this.#bytes = found.values().reduce((total, { bytes }) => total + bytes, 0);
  }

  #known(name: string, files: readonly string[]): Kept | undefined {
    const known = this.#kept.get(name);
    return known?.isOwn === true && known.files.length === files.length ? known : undefined;
  }

  async #measure(candidates: readonly string[]): Promise<Kept> {
    const files: string[] = [];
    let total = 0;
    for (const file of candidates) {
      const status = await lstat(join(this.path, file)).catch(() => undefined);
      if (status?.isFile() !== true) continue;
      files.push(file);
      total += status.size;
    }
    return { files, bytes: total, isOwn: false };
  }
}

async function requireFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    // A link that its owner set is followed once, here.
    const real = await realpath(path);
    requirePrivate(await stat(real), path);
    await access(real, constants.R_OK | constants.W_OK | constants.X_OK);
    return real;
  } catch (error) {
    if (error instanceof WildfireError) throw error;
    const reason = formatErrno(errnoOf(error));
    throw new WildfireError("usage", `cannot record into ${quote(path, 200)}: ${reason}`, {
      cause: error,
      hint: "name a folder that this user may write to",
    });
  }
}

interface FolderRights {
  readonly uid: number;
  readonly mode: number;
}

/** Where others can write they can exchange files while we write them. */
function requirePrivate({ uid, mode }: FolderRights, path: string): void {
  if (uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0) return;
  const what = `cannot record into ${quote(path, 200)}: others can write to it`;
  throw new WildfireError("usage", what, {
    hint: "name a new folder, or give this one to this user alone (chown, chmod 700)",
  });
}

const realDisk: RecordingDisk = {
  async create(path, pieces) {
    const file = await open(path, "wx", ownerOnly);
    try {
      for (const piece of pieces) await writeWhole(file, piece);
    } finally {
      await file.close();
    }
  },
  remove: (path) => unlink(path),
};

interface WritableFile {
  write(bytes: Uint8Array, at: number, length: number): Promise<{ readonly bytesWritten: number }>;
}

async function writeWhole(file: WritableFile, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}
