/** How to start this very program again, whether compiled or run from sources. */

export function selfCommand(): string[] {
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  return isCompiled ? [process.execPath] : [process.execPath, Bun.main];
}

/** The environment for children, without what would turn the executable into Bun's own command line. */
export function childEnvironment(): Record<string, string | undefined> {
  const { BUN_BE_BUN: _, ...rest } = process.env;
  return rest;
}
