/** Which executables a machine can build, and what it is told about the others. */
import { describe, expect, test } from "bun:test";
import { chooseTargets, crossPrefix, targets, type Host } from "../../scripts/builder/targets.ts";

function host(name: string, ...programs: string[]): Host {
  return { name, has: (program) => programs.includes(program) };
}

function names(wanted: string | undefined, machine: Host): string[] {
  return chooseTargets(wanted, machine).build.map((target) => target.name);
}

describe("which targets are built", () => {
  test.each(targets.map((target) => target.name))("%s builds for itself unless told", (name) => {
    expect(names(undefined, host(name))).toEqual([name]);
  });

  test("a cross compiler is enough for the other Linux", () => {
    const machine = host("linux-x64", "aarch64-linux-gnu-g++");
    expect(names("linux-arm64", machine)).toEqual(["linux-arm64"]);
  });

  test("all means all that can be built here, with a line for each that cannot", () => {
    const choice = chooseTargets("all", host("linux-x64"));
    expect(choice.build.map((target) => target.name)).toEqual(["linux-x64"]);
    expect(choice.leftOut).toEqual([
      "linux-arm64 needs the cross compiler aarch64-linux-gnu-g++. Type: sudo apt-get install -y g++-aarch64-linux-gnu",
      "darwin-arm64 can only be built on a Mac with Apple Silicon",
    ]);
  });
});

describe("what cannot be built says so", () => {
  test.each([
    ["linux-x64", "linux-arm64", "sudo apt-get install -y g++-aarch64-linux-gnu"],
    ["linux-arm64", "linux-x64", "sudo apt-get install -y g++-x86-64-linux-gnu"],
    ["linux-x64", "darwin-arm64", "only be built on a Mac"],
    ["darwin-arm64", "linux-x64", "only be built on Linux"],
    ["linux-x64", "linux-mips", 'no executable can be built for "linux-mips"'],
    ["win32-x64", undefined, 'no executable can be built for "win32-x64"'],
  ])("on %s for %s", (hostName, wanted, message) => {
    expect(() => chooseTargets(wanted, host(hostName))).toThrow(message);
  });
});

test("only another machine's executable takes a cross compiler", () => {
  const prefixes = targets.map((target) => crossPrefix(target, "linux-x64"));
  expect(prefixes.slice(0, 2)).toEqual([undefined, "aarch64-linux-gnu-"]);
});
