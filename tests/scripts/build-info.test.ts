/** The commit that an executable names is its own, or none. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readBuildInfo, readCommit } from "../../scripts/builder/build-info.ts";

const projectRoot = dirname(dirname(import.meta.dir));
const unknown = { commit: "unknown", commitDate: "unknown" };
const date = "2026-11-22T10:00:00Z";

let folder = "";

function git(...args: string[]): void {
  const author = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"];
  const result = Bun.spawnSync(["git", ...identity, ...args], {
    cwd: folder,
    env: { ...process.env, ...author, TZ: "UTC" },
  });
  if (result.exitCode !== 0) throw new Error(result.stderr.toString());
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-commit-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

// Building works without git too; then there is nothing to tell.
describe.skipIf(Bun.which("git") === null)("the commit", () => {
  test("is unknown outside a repository", () => {
    expect(readCommit(folder)).toEqual(unknown);
  });

  test("is unknown before the first commit", () => {
    git("init", "--quiet");
    expect(readCommit(folder)).toEqual(unknown);
  });

  test("has its date, and a plus sign while there are changes", () => {
    writeFileSync(join(folder, "file"), "1");
    git("add", ".");
    git("commit", "--quiet", "-m", "first");
    const clean = readCommit(folder);
    expect(clean.commit).toMatch(/^[0-9a-f]{12}$/);
    expect(new Date(clean.commitDate)).toEqual(new Date(date));
    writeFileSync(join(folder, "file"), "2");
    expect(readCommit(folder)).toEqual({ ...clean, commit: `${clean.commit}+` });
  });

  test("is unknown for a copy of the sources inside somebody else's repository", () => {
    const inner = join(folder, "inner");
    mkdirSync(inner);
    expect(readCommit(inner)).toEqual(unknown);
  });
});

test("the version of whisper.cpp is read from its own sources", async () => {
  const info = await readBuildInfo(projectRoot, "linux-x64");
  expect(info.whisper).toMatch(/^\d+\.\d+\.\d+$/);
  expect(info.target).toBe("linux-x64");
});
