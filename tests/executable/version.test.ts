/** The executable tells what it is made of, wherever it is started, and carries nothing of ours. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { executablePath, repositoryPath } from "../end-to-end/executable.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-version-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What `wildfire --version` prints, by the first word of each line. */
function versionLines(): Map<string, string> {
  const { exitCode, stdout, stderr } = Bun.spawnSync([executablePath(), "--version"], {
    cwd: folder,
    env: {},
  });
  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
  const lines = stdout.toString().trimEnd().split("\n");
  const pairs = lines.map((line): [string, string] => {
    const [name = "", ...rest] = line.split(/ +/);
    return [name, rest.join(" ")];
  });
  return new Map(pairs);
}

test("--version names every part, in another folder and an empty environment", () => {
  const lines = versionLines();
  expect(lines.get("wildfire")).toBe(version);
  expect(lines.get("bun")).toBe(Bun.version);
  expect(lines.get("whisper")).toMatch(/^whisper\.cpp \d+\.\d+\.\d+$/);
  expect(lines.get("target")).toBe(`${process.platform}-${process.arch}`);
  expect(lines.get("commit")).toMatch(/^(unknown|[0-9a-f]{12}\+?) \(.+\)$/);
  expect(lines.get("cpu")).toMatch(/^(avx2|sse42|neon|apple)$/);
});

test("settings of Bun in the folder where it is started are not read", () => {
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./is-not-there.ts"]\n');
  expect(versionLines().get("wildfire")).toBe(version);
});

test("it does not tell in which folder it was built", () => {
  const executable = readFileSync(executablePath());
  expect(executable.includes("ggml/src/ggml-cpu/ops.cpp")).toBe(true);
  expect(executable.includes(repositoryPath("node_modules/"))).toBe(false);
  expect(executable.includes(repositoryPath("src/"))).toBe(false);
});
