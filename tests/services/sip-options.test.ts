/** What the options of the sip service mean, and what is said about wrong ones. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "../../src/config/options.ts";
import { describeError } from "../../src/core/errors.ts";
import {
  readAccounts,
  readCodecs,
  readPortRange,
  readSrtpRule,
  sipOptions,
  type SipValues,
} from "../../src/services/sip-options.ts";

type Env = Readonly<Record<string, string | undefined>>;

function values(argv: readonly string[], env: Env = {}): SipValues {
  return readOptions(sipOptions, { argv, env, command: "sip" });
}

async function passwords(argv: readonly string[], env: Env = {}): Promise<string[]> {
  const accounts = await readAccounts(values(argv), env);
  return accounts.map(({ line, password }) => `${line.user}=${password}`);
}

async function problemOf(argv: readonly string[], env: Env = {}): Promise<string> {
  try {
    await readAccounts(values(argv), env);
    return "";
  } catch (error) {
    return describeError(error);
  }
}

/** A file that lives as long as `use` runs. */
async function withFile<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  try {
    const path = join(folder, "passwords");
    writeFileSync(path, text);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("lines and passwords", () => {
  const two = ["--line", "100@pbx.test", "--line", "101@pbx.test;transport=tcp"];

  test("one variable serves all lines, and a line's own one goes before it", async () => {
    const env = { WILDFIRE_LINE_PASSWORD: "for all", WILDFIRE_LINE_101_PASSWORD: "own" };
    expect(await passwords(two, env)).toEqual(["100=for all", "101=own"]);
  });

  test("a file holds one password for all, or one for each user", async () => {
    await withFile("tulip\n", async (path) => {
      expect(await passwords([...two, "--password-file", path])).toEqual([
        "100=tulip",
        "101=tulip",
      ]);
    });
    await withFile("# lines\n100=a=b\n101=c\n", async (path) => {
      expect(await passwords([...two, "--password-file", path])).toEqual(["100=a=b", "101=c"]);
    });
  });

  test("several lines can come from the environment too", () => {
    expect(values([], { WILDFIRE_SIP_LINE: "100@pbx.test" }).line).toEqual(["100@pbx.test"]);
  });

  test("none at all, or one without a password: what to do about it", async () => {
    expect(await problemOf([])).toContain("--line is missing");
    const problem = await problemOf(two, { WILDFIRE_LINE_100_PASSWORD: "x" });
    expect(problem).toContain("no password for line 101@pbx.test");
    expect(problem).toContain("WILDFIRE_LINE_101_PASSWORD");
  });

  test.each([
    ["100:tulip@pbx.test", "a line holds no password"],
    ["100@pbx.test;password=tulip", "a line holds no password"],
    ["100@pbx.test;secret=tulip", "a line holds no password"],
    ["100:tulip@pbx.test:99999", "a line holds no password"],
  ])("what may be a password in %s is not repeated", async (line, says) => {
    const problem = await problemOf(["--line", line], { WILDFIRE_LINE_PASSWORD: "x" });
    expect(problem).toContain(says);
    expect(problem).not.toContain("tulip");
  });

  test("of several lines the wrong one is named by its place", async () => {
    const problem = await problemOf([...two, "--line", "102"], { WILDFIRE_LINE_PASSWORD: "x" });
    expect(problem).toStartWith('--line number 3: "102"');
  });

  test("a password file that cannot be read is named", async () => {
    expect(await problemOf([...two, "--password-file", "/nowhere/passwords"])).toContain(
      '--password-file "/nowhere/passwords"',
    );
  });
});

describe("codecs", () => {
  test.each([
    ["PCMU", "PCMU"],
    ["pcma, pcmu", "PCMA PCMU"],
    ["G722,PCMU,G722", "G722 PCMU"],
  ])("%s: in the order in which they stand, each once", (text, codecs) => {
    expect(readCodecs(text).join(" ")).toBe(codecs);
  });

  test.each(["", "OPUS", "PCMU,,PCMA", "PCMU;PCMA"])("%j is refused", (text) => {
    expect(() => readCodecs(text)).toThrow("is no codec");
  });
});

describe("ports", () => {
  test.each([
    ["16384-17383", { from: 16_384, to: 17_383 }],
    [" 20000-20001 ", { from: 20_000, to: 20_001 }],
  ])("%s", (text, range) => {
    expect(readPortRange(text)).toEqual(range);
  });

  test.each(["", "5000", "5000-", "20001-20002", "20000-19000", "80-90", "60000-70000", "a-b"])(
    "%j is refused",
    (text) => {
      expect(() => readPortRange(text)).toThrow(`--rtp-ports ${JSON.stringify(text)}`);
    },
  );
});

test.each([
  ["off", "off"],
  ["accepted", "accepted"],
  ["required", "required"],
] as const)("--srtp %s", (text, rule) => {
  expect(readSrtpRule(values(["--srtp", text]).srtp)).toBe(rule);
});
