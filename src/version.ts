/** What this build is made of, for `--version`, the log's first line and the status of each service. */
import { version } from "../package.json";

/** What `build.ts` finds out and writes into the executable. */
export interface BuildInfo {
  /** Short commit id, `+` behind it when the sources had changes; "unknown" without git. */
  readonly commit: string;
  /** ISO 8601 date of the commit, so that the same sources give the same executable. */
  readonly commitDate: string;
  /** Version of the whisper.cpp sources that the native library was compiled from. */
  readonly whisper: string;
  /** Operating system and processor, such as "linux-x64". */
  readonly target: string;
}

export interface VersionInfo extends BuildInfo {
  readonly version: string;
  readonly bun: string;
}

declare const WILDFIRE_BUILD_INFO: BuildInfo;

/** Run from sources, all that a build would know reads "unbuilt". */
export function versionInfo(): VersionInfo {
  return { version, bun: Bun.version, ...buildInfo() };
}

function buildInfo(): BuildInfo {
  if (typeof WILDFIRE_BUILD_INFO !== "undefined") return WILDFIRE_BUILD_INFO;
  const target = `${process.platform}-${process.arch}`;
  return { commit: "unbuilt", commitDate: "unbuilt", whisper: "unbuilt", target };
}
