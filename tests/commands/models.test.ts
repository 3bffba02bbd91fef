import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { models } from "../../src/commands/models.ts";

let folder: string;
let printed: string;
const spies: { mockRestore(): void }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wildfire-models-"));
  printed = "";
  const write = spyOn(process.stdout, "write");
  write.mockImplementation((text: string | Uint8Array) => {
    printed += String(text);
    return true;
  });
  spies.push(write);
});

afterEach(async () => {
  for (const spy of spies.splice(0)) spy.mockRestore();
  await rm(folder, { recursive: true });
});

function run(...argv: readonly string[]): Promise<number> {
  return models([...argv, "--models-dir", folder, "--state-dir", folder]);
}

describe("wildfire models", () => {
  test("list shows files that are no models, also those that are named, and ends with 1 for these", async () => {
    await Bun.write(join(folder, "bad.bin"), "hello");
    await Bun.write(join(folder, ".ggml-base.bin.partial"), "hello");
    expect(await run("list")).toBe(0);
    expect(printed).toContain("bad.bin");
    expect(printed).not.toContain("partial");
    expect(await run("list", "/nonexistent/x.bin")).toBe(1);
    expect(printed).toContain("does not exist");
  });

  test("rm removes by name, what was half downloaded too, and never anything outside", async () => {
    await Bun.write(join(folder, "ggml-base.en.bin"), "x");
    await Bun.write(join(folder, ".ggml-base.en.bin.partial"), "x");
    expect(await run("rm", "base.en")).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    expect(run("rm", "../x.bin")).rejects.toThrow("is no model in");
    expect(run("rm", "base.en")).rejects.toThrow("cannot be removed: ENOENT");
  });

  test("rm keeps the model that the configuration names, unless it is forced", async () => {
    const path = join(folder, "ggml-base.en.bin");
    const config = join(folder, "wildfire.toml");
    await Bun.write(path, "x");
    await Bun.write(config, `[whisper]\nmodel = ${JSON.stringify(path)}\n`);
    process.env["WILDFIRE_CONFIG"] = config;
    try {
      const refused = await run("rm", "base.en").catch((error: unknown) => error);
      expect(refused).toHaveProperty("message", expect.stringContaining("configuration names it"));
      expect(await Bun.file(path).exists()).toBe(true);
      expect(await run("rm", "base.en", "--force")).toBe(0);
      expect(await Bun.file(path).exists()).toBe(false);
    } finally {
      delete process.env["WILDFIRE_CONFIG"];
    }
  });

  test("says what it can do", async () => {
    expect(run("fetch", "x")).rejects.toThrow('models "fetch" is nothing to do');
    expect(run("pull")).rejects.toThrow("which model?");
    expect(run("pull", "tiny", "base", "--sha256", "ab".repeat(32))).rejects.toThrow(
      "for one model",
    );
    expect(await run("--help")).toBe(0);
    expect(printed).toContain("Example: wildfire models pull base.en");
  });
});
