/** What happens before anything is installed. */
import { expect, test } from "bun:test";
import { dirname, join } from "node:path";

const script = join(dirname(dirname(import.meta.dir)), "scripts", "bootstrap.mjs");

function bootstrap(...argv: readonly string[]): { exitCode: number; lines: string[] } {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, script, ...argv], {
    env: { PATH: "/nowhere" },
  });
  return { exitCode, lines: stderr.toString().trimEnd().split("\n") };
}

test.each(["start", "test", "build", "bench"])(
  "%s without a compiler stops with one line before anything else",
  (name) => {
    const { exitCode, lines } = bootstrap(name);
    expect(exitCode).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith("Missing: ");
  },
);

test("an unknown command is quoted, with the known ones", () => {
  const { exitCode, lines } = bootstrap("nosuch");
  expect(exitCode).toBe(2);
  expect(lines).toEqual([
    'Unknown command "nosuch"; use one of: start, test, bench, build, check.',
  ]);
});
