import { describe, expect, test } from "bun:test";

const compiler = Bun.env["CC"] ?? "cc";
// Without a C compiler there is nothing that could read the baseline.
const testWithCompiler = test.skipIf(Bun.which(compiler) === null);

describe("the C baseline", () => {
  testWithCompiler("agrees with the header of the native library", () => {
    const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"];
    const files = ["-I", "src/whisper/shim", "bench/baseline/baseline.c"];
    const { stderr } = Bun.spawnSync([compiler, ...flags, ...files]);
    expect(stderr.toString()).toBe("");
  });
});
