/** What CMake is told for each target. */
import { describe, expect, test } from "bun:test";
import { cmakeArguments } from "../../scripts/builder/native-library.ts";
import { targets } from "../../scripts/builder/targets.ts";

function argumentsFor(name: string, hostName: string): string[] {
  const target = targets.find((candidate) => candidate.name === name);
  const cpu = target?.cpus[0];
  if (target === undefined || cpu === undefined) throw new Error(`no target ${name}`);
  return cmakeArguments({ root: "/a project", hostName, target, cpu }, "/a project/out");
}

describe("cmake", () => {
  test("gets whisper.cpp, the processor and release flags", () => {
    expect(argumentsFor("linux-x64", "linux-x64")).toEqual(
      expect.arrayContaining([
        "-S/a project/src/whisper/shim",
        "-B/a project/out",
        "-DCMAKE_BUILD_TYPE=Release",
        "-DWHISPER_SOURCE=/a project/node_modules/nodejs-whisper/cpp/whisper.cpp",
        "-DWF_CPU=avx2",
      ]),
    );
  });

  test.each([
    ["linux-arm64", "linux-x64", "aarch64"],
    ["linux-x64", "linux-arm64", "x86_64"],
  ])("for %s on %s uses the cross compiler", (name, hostName, processor) => {
    expect(argumentsFor(name, hostName)).toEqual(
      expect.arrayContaining([
        "-DCMAKE_SYSTEM_NAME=Linux",
        `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
        `-DCMAKE_C_COMPILER=${processor}-linux-gnu-gcc`,
        `-DCMAKE_CXX_COMPILER=${processor}-linux-gnu-g++`,
      ]),
    );
  });

  test.each(["linux-x64", "linux-arm64", "darwin-arm64"])(
    "for %s on itself chooses its own compiler",
    (name) => {
      expect(argumentsFor(name, name).join(" ")).not.toContain("COMPILER");
    },
  );
});
