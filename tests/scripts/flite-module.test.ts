/** The built-in voice's file: made from the pinned package, and as good as the whole for its voices. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  buildFliteModule,
  fliteModule,
  fliteSha256,
  fliteSource,
  fliteSourceSha256,
  trimFlite,
} from "../../scripts/builder/flite-module.ts";
import { describeError } from "../../src/core/errors.ts";
import { fliteVoices, synthesise } from "../../src/voice/engines/flite-synthesis.ts";

const repository = join(import.meta.dir, "../..");
const whole = await Bun.file(join(repository, fliteSource)).bytes();

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "wildfire-flite-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function putSource(bytes: Uint8Array): void {
  const path = join(root, fliteSource);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

test("the package's file is the one that the addresses were found in", () => {
  expect(sha256(whole)).toBe(fliteSourceSha256);
});

test("the module has the recorded SHA-256 and about half the size", async () => {
  putSource(whole);
  const path = await buildFliteModule({ root });
  expect(path).toBe(join(root, fliteModule));
  expect(sha256(await Bun.file(path).bytes())).toBe(fliteSha256);
  expect(Bun.file(path).size).toBeLessThan(0.51 * whole.length);
});

test("another version of the package is refused in one line", async () => {
  putSource(whole.subarray(0, -1));
  const error: unknown = await buildFliteModule({ root }).catch((reason: unknown) => reason);
  expect(describeError(error)).toMatch(/Cannot make the built-in voice from .*SHA-256/);
  expect(describeError(error)).not.toContain("\n");
  expect(existsSync(join(root, fliteModule))).toBe(false);
});

test("a module that lies there damaged is made again", async () => {
  putSource(whole);
  const path = join(root, fliteModule);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "damaged");
  await buildFliteModule({ root });
  expect(sha256(await Bun.file(path).bytes())).toBe(fliteSha256);
});

test("each voice says the same, to the sample, as in the whole package", () => {
  const modules = [whole, trimFlite(whole)].map((bytes) => new WebAssembly.Module(bytes));
  const text =
    "Judge Vaughan's measured voice chose five oily showers, at 12:45 on the 3rd of May.";
  for (const voice of fliteVoices) {
    const [before, after] = modules.map((module) => synthesise(module, { text, voice, speed: 1 }));
    expect(after?.samples.length).toBeGreaterThan(8000);
    expect(after).toEqual(before);
  }
}, 30_000);
