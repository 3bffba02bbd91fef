import { describe, expect, test } from "bun:test";
import { darwin } from "../../src/platform/darwin.ts";
import { findPlatform, readCpuFlags } from "../../src/platform/host-platform.ts";
import { linux } from "../../src/platform/linux.ts";
import { chooseVariant, parseCpuFlags } from "../../src/platform/platform.ts";

const haswell = ["fpu", "sse2", "ssse3", "sse4_1", "sse4_2", "avx", "f16c", "fma", "bmi2", "avx2"];
const without = (flag: string): ReadonlySet<string> =>
  new Set(haswell.filter((each) => each !== flag));

describe("the library for a CPU", () => {
  const cases = [
    {
      cpu: "x64 with everything",
      platform: linux,
      arch: "x64",
      flags: new Set(haswell),
      is: "avx2",
    },
    { cpu: "x64 without avx2", platform: linux, arch: "x64", flags: without("avx2"), is: "sse42" },
    { cpu: "x64 without fma", platform: linux, arch: "x64", flags: without("fma"), is: "sse42" },
    { cpu: "x64 without f16c", platform: linux, arch: "x64", flags: without("f16c"), is: "sse42" },
    { cpu: "x64 without bmi2", platform: linux, arch: "x64", flags: without("bmi2"), is: "sse42" },
    { cpu: "x64 of 2004", platform: linux, arch: "x64", flags: new Set(["sse2"]), is: undefined },
    {
      cpu: "x64 that lists nothing",
      platform: linux,
      arch: "x64",
      flags: new Set(""),
      is: undefined,
    },
    { cpu: "arm64", platform: linux, arch: "arm64", flags: new Set(["asimd"]), is: "neon" },
    {
      cpu: "arm64 that lists nothing",
      platform: linux,
      arch: "arm64",
      flags: new Set(""),
      is: "neon",
    },
    { cpu: "riscv64", platform: linux, arch: "riscv64", flags: new Set(haswell), is: undefined },
    { cpu: "Apple Silicon", platform: darwin, arch: "arm64", flags: new Set(""), is: "apple" },
    { cpu: "an Intel Mac", platform: darwin, arch: "x64", flags: new Set(haswell), is: undefined },
  ];
  for (const { cpu, platform, arch, flags, is } of cases) {
    test(`${cpu}: ${is ?? "none"}`, () => {
      expect(chooseVariant(platform, arch, flags)?.name).toBe(is);
    });
  }
});

describe("CPU features", () => {
  test("of x64 stand in the line named flags of the first processor", () => {
    const text = "processor\t: 0\nflags\t\t: fpu sse4_2 avx2\nbugs\t\t: none\n\nflags\t\t: other\n";
    expect([...parseCpuFlags(text)]).toEqual(["fpu", "sse4_2", "avx2"]);
  });

  test("of arm64 stand in the line named Features", () => {
    const text = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU part\t: 0xd0c\n";
    expect([...parseCpuFlags(text)]).toEqual(["fp", "asimd", "asimddp"]);
  });

  test("of a text without such a line are none", () => {
    expect(parseCpuFlags("model name : flags of the world").size).toBe(0);
    expect(parseCpuFlags("").size).toBe(0);
  });

  test("are none where the platform lists none or the list is missing", async () => {
    expect((await readCpuFlags(darwin)).size).toBe(0);
    expect((await readCpuFlags({ ...linux, cpuInfoFile: "/nonexistent" })).size).toBe(0);
  });
});

describe("platforms", () => {
  test("are found by the name that the process reports", () => {
    expect(findPlatform("linux")).toBe(linux);
    expect(findPlatform("darwin")).toBe(darwin);
    expect(findPlatform("win32")).toBeUndefined();
  });

  test("Linux numbers are those of its C headers", () => {
    const { sockets } = linux;
    expect(sockets.solSocket).toBe(1);
    expect(sockets.soReceiveBuffer).toBe(8);
    expect(sockets.soError).toBe(4);
    expect(sockets.soReceiveBufferForce).toBe(33);
    expect(sockets.receiveQueue).toEqual({
      kind: "memory-counters",
      option: 55,
      counters: 9,
      queuedIndex: 0,
      dropsIndex: 8,
    });
    expect(sockets.sendQueue).toEqual({ kind: "ioctl", request: 0x5411 });
    expect(linux.librarySuffix).toBe("so");
  });

  test("macOS numbers are those of its C headers", () => {
    const { sockets } = darwin;
    expect(sockets.solSocket).toBe(0xffff);
    expect(sockets.soReceiveBuffer).toBe(0x1002);
    expect(sockets.soError).toBe(0x1007);
    expect(sockets.soReceiveBufferForce).toBeUndefined();
    expect(sockets.receiveQueue).toEqual({ kind: "option", option: 0x1020 });
    expect(sockets.sendQueue).toEqual({ kind: "option", option: 0x1024 });
    expect(darwin.librarySuffix).toBe("dylib");
  });

  test("macOS is never asked by ioctl, whose variable argument a plain call cannot pass", () => {
    expect(darwin.sockets.sendQueue.kind).toBe("option");
    expect(darwin.sockets.receiveQueue.kind).toBe("option");
  });
});
