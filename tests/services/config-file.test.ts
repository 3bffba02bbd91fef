import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { presenceOf } from "../../src/config/load.ts";
import { describeError } from "../../src/core/errors.ts";
import { currentConfigPath, loadCurrentConfig } from "../../src/services/config-file.ts";

let folder: string;
let path: string;
const before = process.env["WILDFIRE_CONFIG"];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-config-"));
  path = join(folder, "wildfire.toml");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  if (before === undefined) delete process.env["WILDFIRE_CONFIG"];
  else process.env["WILDFIRE_CONFIG"] = before;
});

async function problem(given: string): Promise<string> {
  return await loadCurrentConfig(given).then(() => "", describeError);
}

test("the file that is named is read, by the option before the environment", async () => {
  writeFileSync(path, "[llama]\nport = 1\n");
  expect(await loadCurrentConfig(path)).toEqual({ path, sections: { llama: { port: 1 } } });
  process.env["WILDFIRE_CONFIG"] = path;
  expect(currentConfigPath(undefined)).toBe(path);
  expect(currentConfigPath("/other.toml")).toBe("/other.toml");
  expect((await loadCurrentConfig(undefined))?.path).toBe(path);
});

test("one that is named and not there is a mistake, whoever named it", async () => {
  expect(await problem(path)).toContain("does not exist");
  process.env["WILDFIRE_CONFIG"] = path;
  expect(await problem("")).toContain("does not exist");
});

/** Runs as a user who may not look into folders of others, which root may. */
async function asNobody(act: () => Promise<void>): Promise<void> {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    if (user === 0) process.seteuid?.(user);
  }
}

test("one in a folder that this user may not look into is told so, and does not count as absent", async () => {
  writeFileSync(path, "");
  chmodSync(folder, 0o000);
  await asNobody(async () => {
    expect(presenceOf(path)).toBe("closed");
    expect(await problem(path)).toContain("cannot be read: EACCES (errno 13); say it with sudo");
  });
  chmodSync(folder, 0o700);
  expect(presenceOf(path)).toBe("there");
  expect(presenceOf(`${path}.not`)).toBe("absent");
});
