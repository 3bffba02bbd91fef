/** Recorded-looking packets and descriptions, from which the fuzzers start. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Corpus = readonly [Uint8Array, ...Uint8Array[]];

export function readCorpus(name: "sdp" | "rtp" | "rtcp"): Corpus {
  const folder = join(import.meta.dir, "corpus", name);
  const files = readdirSync(folder).toSorted();
  const [first, ...others] = files.map((file) => new Uint8Array(readFileSync(join(folder, file))));
  if (first === undefined) throw new Error(`no corpus in ${folder}`);
  return [first, ...others];
}

/** Runs a check; what fails it is shown with its bytes, so that it can join the corpus. */
export function checkOrShow(bytes: Uint8Array, check: (bytes: Uint8Array) => string): string {
  const before = bytes.toHex();
  try {
    return check(bytes);
  } catch (error) {
    throw new Error(`input ${before}: ${String(error)}`, { cause: error });
  }
}
