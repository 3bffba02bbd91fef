/** The native library that was built for this machine, for tests that use the real thing. */
import { join } from "node:path";
import { findPlatform, readCpuFlags } from "../../src/platform/host-platform.ts";
import { type Platform, chooseVariant } from "../../src/platform/platform.ts";

const root = join(import.meta.dir, "../..");

/** The platform of this machine. */
export function platformUnderTest(): Platform {
  const platform = findPlatform(process.platform);
  if (platform === undefined) throw new Error(`Wildfire does not run on ${process.platform}`);
  return platform;
}

/** The voice activity model that is embedded; throws when it was not made yet. */
export async function sileroModelUnderTest(): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(root, "build/silero/ggml-silero-v6.2.0.bin");
  if (await Bun.file(path).exists()) return Bun.file(path).bytes();
  throw new Error(`${path} is missing: run npm run build first`);
}

/** Path of the library; throws when it was not built yet. */
export async function libraryUnderTest(): Promise<string> {
  const platform = platformUnderTest();
  const variant = chooseVariant(platform, process.arch, await readCpuFlags(platform));
  if (variant === undefined) throw new Error(`there is no native library for ${process.arch}`);
  const folder = `${platform.name}-${variant.arch}-${variant.name}`;
  const file = `libwildfire_native.${platform.librarySuffix}`;
  const path = join(root, "build/native", folder, file);
  if (await Bun.file(path).exists()) return path;
  throw new Error(`${path} is missing: run npm run build first`);
}
