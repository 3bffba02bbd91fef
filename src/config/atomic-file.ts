/** Puts a file in place as a whole: whoever reads it, or pulls the plug, finds the old text or the new one. */
import { chmod, chown, mkdir, mkdtemp, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errnoOf, formatErrno } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";

export interface AtomicWrite {
  readonly path: string;
  readonly text: string;
  /** Of a new file. */
  readonly mode: number;
  /** A file that is there keeps its own mode, unless this says that none but `mode` will do. */
  readonly forceMode?: boolean;
}

const folderMode = 0o750;

/** Follows a link, and keeps the owner; a new file is its folder's owner's. Throws a WildfireError("config") and leaves the old file. */
export async function writeFileAtomically(write: AtomicWrite): Promise<void> {
  try {
    await replace(write);
  } catch (error) {
    const what = `${quote(write.path, 200)} cannot be written: ${formatErrno(errnoOf(error))}`;
    throw new WildfireError("config", what, {
      cause: error,
      hint: "check the folder, its rights and the space on the disk",
    });
  }
}

async function replace({ path, text, mode, forceMode = false }: AtomicWrite): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: folderMode });
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => undefined);
  // In the same folder, since a rename does not lead from one file system to another.
  const work = await mkdtemp(join(dirname(target), ".wildfire-"));
  try {
    const draft = join(work, basename(target));
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // What root adds to the folder of a service, the service must read.
    await keepOwner(draft, before ?? (await stat(dirname(target))));
    await chmod(draft, before === undefined || forceMode ? mode : before.mode & 0o777);
    await rename(draft, target);
    await syncFolder(dirname(target));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Only root can give a file away; anybody else who may write it has it as their own. */
async function keepOwner(
  draft: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<void> {
  await chown(draft, uid, gid).catch(() => undefined);
}

/** Not each file system can, and the file is right all the same. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
