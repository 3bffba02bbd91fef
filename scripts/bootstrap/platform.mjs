/** Names that the same machine has in different places: here, at Bun, in package.json's imports. */

/** Our name for this machine, such as "linux-x64". */
export const hostTarget = `${process.platform}-${process.arch}`;

/** Where Bun's npm package for this machine has its executable, below node_modules. */
export function bunPackage() {
  const arch = process.arch === "arm64" ? "aarch64" : process.arch;
  return `@oven/bun-${process.platform}-${arch}/bin/bun`;
}

/**
 * What Bun needs to be told to run the sources here: `#embedded` means Linux on x64 unless a
 * condition names another target.
 *
 * @returns {string[]}
 */
export function sourceConditions(target = hostTarget) {
  return target === "linux-x64" ? [] : [`--conditions=${target}`];
}
