/** The whole appliance where there is next to nothing: no home, no environment, nothing that can be written but a temporary folder from which nothing can be run. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executablePath } from "../end-to-end/executable.ts";
import { Program } from "../end-to-end/program.ts";
import { shortest } from "../end-to-end/speech.ts";

setDefaultTimeout(120_000);

const nobody = 65_534;
const programs = ["/usr/bin/unshare", "/usr/bin/mount", "/usr/bin/setpriv"];
const canDo = process.getuid?.() === 0 && programs.every(existsSync);

test("it holds a call there as another user", async () => {
  if (!canDo) {
    console.warn("skipped: only root can give a program another user and file systems of its own");
    return;
  }
  // Not in the temporary folder, which is another one for the program.
  const folder = mkdtempSync("/var/tmp/wildfire-bare-");
  try {
    chmodSync(folder, 0o755);
    const executable = join(folder, "wildfire");
    const recording = join(folder, "call.wav");
    copyFileSync(executablePath(), executable);
    copyFileSync(shortest.path, recording);
    for (const path of [executable, recording]) chmodSync(path, 0o755);
    await using program = new Program({
      argv: ["demo", "--once", `--wav=${recording}`],
      executable,
      prefix: inBareMachine(),
      cwd: "/",
    });
    expect(await program.exited(90_000)).toBe(0);
    const heard = program.output.filter((line) => line.includes("the caller said"));
    expect(heard).toHaveLength(1);
    expect(heard[0]).toEndWith(shortest.texts.join(" "));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** In front of the program. */
function inBareMachine(): readonly string[] {
  const script = [
    `mount -t tmpfs -o noexec,nosuid,mode=1777 tmpfs ${tmpdir()}`,
    `mkdir ${tmpdir()}/here`,
    `mount -t tmpfs -o ro tmpfs ${tmpdir()}/here`,
    `cd ${tmpdir()}/here`,
    `exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups --no-new-privs "$0" "$@"`,
  ].join("\n");
  return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", `PATH=/usr/bin:/bin\n${script}`];
}
