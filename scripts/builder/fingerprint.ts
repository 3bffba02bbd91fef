/** Digests of file contents: they decide whether something has to be built again. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

export interface FingerprintInputs {
  /** Folders whose files count, by relative path and content. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
  /** Versions and options. */
  readonly texts: readonly string[];
}

/** SHA-256 over all inputs, the same on every machine and at every time for the same contents. */
export async function fingerprint(inputs: FingerprintInputs): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(JSON.stringify(inputs.texts));
  for (const file of inputs.files) hash.update(await sha256Of(file));
  for (const folder of inputs.folders) {
    for (const name of listFiles(folder)) {
      hash.update(`${name}\n${await sha256Of(join(folder, name))}\n`);
    }
  }
  return hash.digest("hex");
}

/** Lower-case hexadecimal SHA-256 of a file. */
export async function sha256Of(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hash.update(chunk);
  return hash.digest("hex");
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}
