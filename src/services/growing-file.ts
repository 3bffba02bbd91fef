/** A file that grows in order while its head is written anew; for its owner only. */
import { type FileHandle, open } from "node:fs/promises";

export interface GrowingFile {
  /** Rejects with the error of the disk; then nothing of it counts. */
  append(bytes: Uint8Array): Promise<void>;
  /** In place of its first bytes, which are there already: it needs no space. */
  rewriteHead(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const ownerOnly = 0o600;

/** A new one; rejects with EEXIST where there is something under that name. */
export async function openGrowingFile(path: string): Promise<GrowingFile> {
  const file = await open(path, "wx", ownerOnly);
  let length = 0;
  return {
    async append(bytes) {
      await writeWhole(file, bytes, length);
      length += bytes.length;
    },
    async rewriteHead(bytes) {
      await writeWhole(file, bytes, 0);
    },
    async close() {
      await file.close();
    },
  };
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    const { bytesWritten } = await file.write(bytes, at, left, position + at);
    // A full disk may take nothing without saying so.
    if (bytesWritten === 0)
      throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
    at += bytesWritten;
  }
}
