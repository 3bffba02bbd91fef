/**
 * What `npm start`, `npm test` and the other npm scripts call: needs Node.js and npm only, brings
 * everything else, then hands over to Bun. Written for the oldest Node.js that a supported system
 * installs (12, Ubuntu 22.04), so without `?.`, `??` and top-level await.
 */
import { join } from "path";
import { run } from "./bootstrap/children.mjs";
import { ensurePackages } from "./bootstrap/packages.mjs";
import { sourceConditions } from "./bootstrap/platform.mjs";
import { missingToolsLine } from "./bootstrap/tools.mjs";
import { root, say } from "./bootstrap/terminal.mjs";

/**
 * @typedef {object} Step
 * @property {string} program
 * @property {string[]} args
 */

/** @type {Record<string, { compiles: boolean, steps(bun: string, args: string[]): Step[] }>} */
const commands = {
  start: {
    compiles: true,
    steps: (bun, args) => [
      { program: bun, args: ["build.ts"] },
      { program: join(root, "dist", "wildfire"), args: ["demo", ...args] },
    ],
  },
  test: {
    compiles: true,
    steps: (bun, args) => [
      { program: bun, args: ["build.ts"] },
      { program: bun, args: ["scripts/test.ts", ...args] },
    ],
  },
  bench: {
    compiles: true,
    steps: (bun, args) => [
      { program: bun, args: ["build.ts"] },
      { program: bun, args: [...sourceConditions(), "bench/main.ts", ...args] },
    ],
  },
  build: { compiles: true, steps: (bun, args) => [{ program: bun, args: ["build.ts", ...args] }] },
  check: { compiles: false, steps: (bun) => [{ program: bun, args: ["scripts/check.ts"] }] },
};

/**
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(name, args) {
  const command = commands[name];
  if (command === undefined) {
    say(`Unknown command "${name}"; use one of: ${Object.keys(commands).join(", ")}.`);
    return 2;
  }
  const missing = command.compiles ? missingToolsLine() : undefined;
  if (missing !== undefined) {
    say(missing);
    return 1;
  }
  const bun = await ensurePackages();
  for (const step of command.steps(bun, args)) {
    const exitCode = await run(step.program, step.args);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

main(process.argv[2] || "", process.argv.slice(3)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
