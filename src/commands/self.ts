/** How to start this very program again, whether compiled or run from sources. */
import { supervisedVariable } from "../supervisor/supervisor-pipe.ts";

const mainFile = Bun.fileURLToPath(new URL("../main.ts", import.meta.url));

export function selfCommand(): string[] {
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  // Not `Bun.main`: what runs may be a test.
  return isCompiled ? [process.execPath] : [process.execPath, mainFile];
}

/**
 * The environment for children, without what would turn the executable into Bun's own command line, and
 * without what a supervisor told this process alone: that its standard input lasts as long as that one.
 */
export function childEnvironment(): Record<string, string | undefined> {
  const { BUN_BE_BUN: _, [supervisedVariable]: _supervised, ...rest } = process.env;
  return rest;
}
