/** What the benches work on: models, speech and small C programs, made once and kept in build/bench. */
import { embedded } from "#embedded";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Resampler } from "../src/audio/resample.ts";
import { decodeWav } from "../src/audio/wav.ts";
import { findPlatform, readCpuFlags } from "../src/platform/host-platform.ts";
import { chooseVariant } from "../src/platform/platform.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import { CannotRun } from "./context.ts";
import { baseShape, writeRandomModel } from "./random-model.ts";

const root = join(import.meta.dir, "..");
const folder = join(root, "build", "bench");
const baseModelSeed = 20_260_101;

export type ModelName = "demo" | "base";

/** Path of a model file: the embedded demo model, or a random one of whisper's base size. */
export async function modelPath(name: ModelName): Promise<string> {
  if (name === "demo") return await cached("demo.bin", [embedded.demoModelGz], writeDemoModel);
  // Made anew when the generator changes, so that two runs never differ in the model alone.
  const generator = join(import.meta.dir, "random-model.ts");
  return await cached("random-base.bin", [generator], async (path) => {
    const donor = gunzipSync(await Bun.file(embedded.demoModelGz).bytes());
    writeRandomModel(path, { donor, shape: baseShape, seed: baseModelSeed });
  });
}

async function writeDemoModel(path: string): Promise<void> {
  await Bun.write(path, gunzipSync(await Bun.file(embedded.demoModelGz).bytes()));
}

/** A telephone call of three sentences, 16 kHz. */
export async function speech(): Promise<Float32Array> {
  const path = embedded.demoCallWav;
  const { samples, sampleRateHz } = decodeWav(await Bun.file(path).bytes(), path);
  return new Resampler({ fromHz: sampleRateHz, toHz: whisperSampleRateHz })
    .process(samples)
    .slice();
}

/** The start of that call as a file of float32 samples. */
export async function speechFile(seconds: number): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `speech-${seconds}s.f32`);
  await Bun.write(path, (await speech()).slice(0, seconds * whisperSampleRateHz));
  return path;
}

/** The library that the executable would load on this CPU. */
export async function nativeLibraryPath(): Promise<string> {
  const platform = findPlatform(process.platform);
  const flags = platform === undefined ? new Set<string>() : await readCpuFlags(platform);
  const variant = platform === undefined ? undefined : chooseVariant(platform, process.arch, flags);
  const library = embedded.nativeLibraries.find(({ cpu }) => cpu === variant?.name);
  if (library === undefined) throw new CannotRun("no native library is built for this processor");
  return library.path;
}

/** Compiles a C program of this folder, which may include the header of the native library. */
export async function compileC(source: string): Promise<string> {
  const compiler = Bun.env["CC"] ?? "cc";
  if (Bun.which(compiler) === null) throw new CannotRun(`there is no C compiler ${compiler}`);
  const sourcePath = join(import.meta.dir, source);
  const include = join(root, "src", "whisper", "shim");
  const sources = [sourcePath, join(include, "wildfire-native.h")];
  return await cached(basename(source, ".c"), sources, async (path) => {
    const args = ["-std=gnu11", "-O2", "-Wall", "-I", include, "-o", path, sourcePath, "-ldl"];
    const { exitCode, stderr } = Bun.spawnSync([compiler, ...args]);
    if (exitCode !== 0) throw new Error(`cannot compile ${source}: ${stderr.toString()}`);
  });
}

/** Makes a file unless it is there and newer than all that it is made from. */
async function cached(
  name: string,
  sources: readonly string[],
  make: (path: string) => Promise<void>,
): Promise<string> {
  const path = join(folder, name);
  if (modifiedMs(path) > Math.max(...sources.map(modifiedMs))) return path;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await make(unfinished);
  renameSync(unfinished, path);
  return path;
}

/** 0 for a file that is not there. */
function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
