import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
