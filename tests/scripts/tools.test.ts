/** A machine without a compiler or CMake is told in one line what to type. */
import { describe, expect, test } from "bun:test";
import { missingToolsLine } from "../../scripts/bootstrap/tools.mjs";

type Machine = NonNullable<Parameters<typeof missingToolsLine>[0]>;

const compilers = ["cc", "c++", "make", "apt-get"];

function machine(programs: readonly string[], differences: Partial<Machine> = {}): Machine {
  return {
    platform: "linux",
    isRoot: false,
    has: (name) => programs.includes(name),
    cmakeVersion: "cmake version 3.25.1\n",
    hasAppleTools: true,
    hasPackageLists: true,
    env: {},
    ...differences,
  };
}

describe("nothing is said when all is there", () => {
  test.each([
    ["gcc, make", machine(["gcc", "g++", "make"])],
    ["clang, ninja", machine(["clang", "clang++", "ninja"])],
    [
      "CC and CXX with arguments",
      machine(["make", "my-cc", "my-cxx"], { env: { CC: "my-cc -m64", CXX: "my-cxx" } }),
    ],
    ["CMake 3.18", machine(compilers, { cmakeVersion: "cmake version 3.18.4" })],
    ["CMake 4", machine(compilers, { cmakeVersion: "cmake version 4.0.0" })],
    ["a Mac", machine([], { platform: "darwin" })],
  ])("%s", (_, all) => {
    expect(missingToolsLine(all)).toBeUndefined();
  });
});

describe("one line says what to type", () => {
  test.each([
    [
      machine(["apt-get"], { cmakeVersion: undefined }),
      "Missing: gcc, g++, make, cmake. Type: sudo apt-get install -y build-essential cmake",
    ],
    [
      machine(compilers, { cmakeVersion: undefined }),
      "Missing: cmake. Type: sudo apt-get install -y cmake",
    ],
    [
      machine(["cc", "make", "apt-get"], { isRoot: true }),
      "Missing: g++. Type: apt-get install -y build-essential",
    ],
    [
      machine(compilers, { cmakeVersion: undefined, hasPackageLists: false }),
      "Missing: cmake. Type: sudo apt-get update && sudo apt-get install -y cmake",
    ],
    [
      machine(compilers, { cmakeVersion: "cmake version 3.16.3" }),
      "Missing: cmake 3.18 or newer (this is 3.16). Type: sudo apt-get install -y cmake",
    ],
    [
      machine([...compilers, "ninja"], { env: { CXX: "/opt/none/g++" } }),
      "Missing: g++. Type: sudo apt-get install -y build-essential",
    ],
    [
      machine(["cc", "c++", "make"], { cmakeVersion: undefined }),
      "Missing: cmake. Install them with your system's packages (on Debian: build-essential cmake).",
    ],
    [
      machine([], { platform: "darwin", hasAppleTools: false, cmakeVersion: undefined }),
      "Missing: Xcode command line tools, cmake. Type: xcode-select --install && brew install cmake",
    ],
  ])("%#", (some, line) => {
    expect(missingToolsLine(some)).toBe(line);
  });
});
