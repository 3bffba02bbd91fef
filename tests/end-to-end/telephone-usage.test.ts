/** Wrong usage of the telephone services: one line that quotes what is wrong, exit code 2, and no secret. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testLimitMs } from "./eventually.ts";
import { runToEnd } from "./program.ts";

setDefaultTimeout(testLimitMs);

const line = "--line=100@127.0.0.1:5999";
const secret = "tulip-8141-secret";
const withPassword = { WILDFIRE_LINE_PASSWORD: secret };

interface Mistake {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: string;
}

const mistakes: Readonly<Record<string, Mistake>> = {
  "no line": { argv: [], says: "--line is missing" },
  "no password": { argv: [line], says: "no password for line 100@127.0.0.1:5999" },
  "a line without a host": { argv: ["--line=100"], env: withPassword, says: '"100"' },
  "a line with a bad port": {
    argv: ["--line=100@pbx.test:99999"],
    env: withPassword,
    says: '"99999"',
  },
  "a line with an unknown transport": {
    argv: ["--line=100@pbx.test;transport=carrier-pigeon"],
    env: withPassword,
    says: '"carrier-pigeon"',
  },
  "a password in the line": {
    argv: [`--line=100:${secret}@pbx.test`],
    says: "a line holds no password",
  },
  "a password as an option of the line": {
    argv: [`--line=100@pbx.test;password=${secret}`],
    says: "a line holds no password",
  },
  "a password on the command line": {
    argv: [line, `--password=${secret}`],
    says: "--password",
  },
  "a password file that is not there": {
    argv: [line, "--password-file=nowhere"],
    says: '--password-file "nowhere"',
  },
  "a range of ports that is none": {
    argv: [line, "--rtp-ports=5000"],
    env: withPassword,
    says: '--rtp-ports "5000"',
  },
  "a range of ports with room for no call": {
    argv: [line, "--rtp-ports=5001-5002"],
    env: withPassword,
    says: '--rtp-ports "5001-5002"',
  },
  "an unknown codec": {
    argv: [line, "--codecs=PCMU,OPUS"],
    env: withPassword,
    says: '"OPUS"',
  },
  "an unknown rule for SRTP": {
    argv: [line, "--srtp=perhaps"],
    env: withPassword,
    says: '"perhaps"',
  },
  "too many calls": { argv: [line, "--max-calls=5000"], env: withPassword, says: "5000" },
  "a certificate that is not there": {
    argv: [line, "--tls-ca=nowhere.pem"],
    env: withPassword,
    says: '"nowhere.pem"',
  },
};

describe.concurrent("--service sip", () => {
  for (const [name, { argv, env = {}, says }] of Object.entries(mistakes)) {
    test(`${name}: one line, exit code 2`, async () => {
      const program = await run(["--service", "sip", ...argv], env);
      expect(program.errors).toHaveLength(1);
      expect(program.errors[0]).toContain(says);
      expect(program.errors[0]).not.toContain(secret);
      expect(program.output).toEqual([]);
      expect(program.exitCode).toBe(2);
    });
  }

  test("a greeting that is no recording ends the start in one line that names the file", async () => {
    const program = await run(["--service", "sip", line, "--greeting=greeting.wav"], withPassword);
    const errors = program.errors.filter((error) => error.includes("greeting.wav"));
    expect(errors).toHaveLength(1);
    expect(program.exitCode).toBeGreaterThan(0);
    expect(program.errors.join("\n")).not.toContain(secret);
  });
});

describe.concurrent("wildfire call", () => {
  test.each([[[]], [["600", "601"]]])(
    "with the numbers %j: one line, exit code 2",
    async (numbers) => {
      const program = await run(["call", ...numbers]);
      expect(program.errors).toHaveLength(1);
      expect(program.errors[0]).toContain("call takes one number");
      expect(program.exitCode).toBe(2);
    },
  );
});

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  writeFileSync(join(cwd, "greeting.wav"), "no sound");
  try {
    return await runToEnd({ argv, cwd, env });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
