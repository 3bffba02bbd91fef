/** A build is repeated exactly when contents change, not when time stamps do. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fingerprint, sha256Of } from "../../scripts/builder/fingerprint.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-fingerprint-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A source folder of two files, and a third file beside it. */
function sources(name: string): { readonly root: string; readonly digest: () => Promise<string> } {
  const root = join(folder, name);
  mkdirSync(join(root, "shim", "inner"), { recursive: true });
  writeFileSync(join(root, "shim", "a.cpp"), "a");
  writeFileSync(join(root, "shim", "inner", "b.cpp"), "b");
  writeFileSync(join(root, "package.json"), "{}");
  const inputs = {
    folders: [join(root, "shim")],
    files: [join(root, "package.json")],
    texts: ["gcc 12"],
  };
  return { root, digest: () => fingerprint(inputs) };
}

function digestOfTexts(...texts: string[]): Promise<string> {
  return fingerprint({ folders: [], files: [], texts });
}

test("the same contents give the same digest, wherever and whenever they were written", async () => {
  const one = sources("one");
  const two = sources("two");
  utimesSync(join(two.root, "shim", "a.cpp"), new Date(0), new Date(0));
  expect(await two.digest()).toBe(await one.digest());
});

describe("the digest changes", () => {
  test.each([
    ["a file's content", (root: string) => writeFileSync(join(root, "shim", "a.cpp"), "A")],
    ["a single file", (root: string) => writeFileSync(join(root, "package.json"), "[]")],
    ["a new file", (root: string) => writeFileSync(join(root, "shim", "new.h"), "")],
    ["a file less", (root: string) => rmSync(join(root, "shim", "inner", "b.cpp"))],
    [
      "a file's name",
      (root: string) => renameSync(join(root, "shim", "a.cpp"), join(root, "shim", "c.cpp")),
    ],
  ])("with %s", async (name, change) => {
    const { root, digest } = sources(name);
    const before = await digest();
    change(root);
    expect(await digest()).not.toBe(before);
  });

  test("with an option", async () => {
    expect(await digestOfTexts("a", "b")).not.toBe(await digestOfTexts("ab"));
  });
});

test("a file's digest is its SHA-256", async () => {
  const path = join(folder, "abc");
  writeFileSync(path, "abc");
  expect(await sha256Of(path)).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
