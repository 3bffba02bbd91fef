/** The executable under test, and the empty environment in which it has to work. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = join(import.meta.dir, "../..");

/** `WILDFIRE_TEST_EXECUTABLE` names another build to test, such as one that is about to be released. */
export function executablePath(): string {
  const path = resolve(root, process.env["WILDFIRE_TEST_EXECUTABLE"] ?? "dist/wildfire");
  if (existsSync(path)) return path;
  throw new Error(`${path} does not exist: run \`npm run build\` first`);
}

/** A file of the repository. */
export function repositoryPath(relative: string): string {
  return join(root, relative);
}
