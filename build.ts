/**
 * Builds the executable: the native libraries, the voice activity model and the built-in voice, then
 * everything in one file.
 *
 *   bun build.ts                       dist/wildfire, for this machine
 *   bun build.ts --target linux-arm64  dist/wildfire-linux-arm64
 *   bun build.ts --target all          every target that can be built here
 */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { hostTarget } from "./scripts/bootstrap/platform.mjs";
import { say, sayStep } from "./scripts/bootstrap/terminal.mjs";
import { buildExecutable } from "./scripts/builder/executable.ts";
import { sha256Of } from "./scripts/builder/fingerprint.ts";
import { buildFliteModule } from "./scripts/builder/flite-module.ts";
import { buildNativeLibrary } from "./scripts/builder/native-library.ts";
import { buildSileroModel } from "./scripts/builder/silero-model.ts";
import { chooseTargets, type Target } from "./scripts/builder/targets.ts";
import { describeError } from "./src/core/errors.ts";

const root = import.meta.dir;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { target: { type: "string" } } });
  const host = { name: hostTarget, has: (program: string) => Bun.which(program) !== null };
  const { build, leftOut } = chooseTargets(values.target, host);
  for (const line of leftOut) say(`Left out: ${line}`);
  await buildSileroModel({ root });
  await buildFliteModule({ root });
  for (const target of build) {
    const name = values.target === undefined ? "wildfire" : `wildfire-${target.name}`;
    await buildTarget(target, join(root, "dist", name));
  }
}

async function buildTarget(target: Target, outputPath: string): Promise<void> {
  for (const cpu of target.cpus) {
    await buildNativeLibrary({ root, hostName: hostTarget, target, cpu });
  }
  sayStep(`Building ${relative(root, outputPath)}`);
  await buildExecutable({ root, target, outputPath });
  const megabytes = (Bun.file(outputPath).size / 1e6).toFixed(1);
  sayStep(`${relative(root, outputPath)}  ${megabytes} MB  sha256 ${await sha256Of(outputPath)}`);
}

try {
  await main();
} catch (error) {
  say(describeError(error));
  // Bun.build rejects with one error that holds the compiler's messages.
  if (error instanceof AggregateError) error.errors.forEach((cause) => say(Bun.inspect(cause)));
  process.exitCode = 1;
}
