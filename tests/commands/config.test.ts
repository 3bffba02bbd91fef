import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

setDefaultTimeout(30_000);

let folder = "";
let path = "";
let secretsPath = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  path = join(folder, "wildfire.toml");
  secretsPath = join(folder, "secrets.toml");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const script = join(import.meta.dir, "config-process.ts");
  const child = Bun.spawn([process.execPath, script, ...argv], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, out, err };
}

const right = `[services]
run = ["sip", "llama"]
[sip]
line = "200@pbx"
[llama]
backend = "openai"
url = "http://user:geheim@127.0.0.1:8080"
`;

function write(text: string, secrets = 'line."200@pbx" = "geheim"\n'): void {
  writeFileSync(path, text);
  writeFileSync(secretsPath, secrets);
  chmodSync(secretsPath, 0o600);
}

describe("config check", () => {
  test("of a right file names the services and ends with 0", async () => {
    write(right);
    expect(await run(["check", path])).toEqual({
      code: 0,
      out: `${path} is right: sip, llama\n`,
      err: "",
    });
    expect(await run(["check"], { WILDFIRE_CONFIG: path })).toMatchObject({ code: 0 });
    expect(await run(["check", "--config", path])).toMatchObject({ code: 0 });
  });

  test("prints all problems of file, environment and secrets, and ends with 1", async () => {
    write(`[sip]\nprt = 1\nline = "200:geheim@pbx"\n`, "lama-key = 'geheim'\n");
    const { code, out, err } = await run(["check", path], { WILDFIRE_LLAMA_SEED: "x" });
    expect([code, out]).toEqual([1, ""]);
    expect(err.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/:2: \[sip\] has no key "prt"; /),
      expect.stringMatching(/:3: \[sip\] line: a line holds no password: /),
      'environment: [llama] WILDFIRE_LLAMA_SEED: "x" is not a whole number from 0 to 2147483648',
      `${secretsPath}:1: there is no secret "lama-key"; did you mean llama-key?`,
    ]);
    expect(err).not.toContain("geheim");
  });

  test("tells that a line has no password, or that the secrets are open to others", async () => {
    write(right, "");
    const without = await run(["check", path]);
    expect(without.err).toBe(
      `${path}: line 200@pbx has no password; write line."200@pbx" = "…" into secrets.toml\n`,
    );
    chmodSync(secretsPath, 0o644);
    const open = await run(["check", path]);
    expect(open.err).toEndWith(` is open to others (mode 0644); type: chmod 600 ${secretsPath}\n`);
    expect([without.code, open.code]).toEqual([1, 1]);
  });

  test("tells that sip is to run without a line", async () => {
    write('[services]\nrun = ["sip"]\n');
    expect((await run(["check", path])).err).toContain("[sip] has no line; ");
  });
});

describe("config show", () => {
  test("prints values with their source, and no secret", async () => {
    write(right);
    const { code, out } = await run(["show", "--config", path], { WILDFIRE_GREETING: "Hello" });
    expect(code).toBe(0);
    const lines = out.split("\n").map((line) => line.trim().replaceAll(/ +# /g, " # "));
    expect(lines).toContain('line = ["200@pbx"] # file, line 4');
    expect(lines).toContain('greeting = "Hello" # WILDFIRE_GREETING');
    expect(lines).toContain('language = "en" # default');
    expect(lines).toContain('url = "http://user:(hidden)@127.0.0.1:8080" # file, line 7');
    expect(lines).toContain(`line."200@pbx" = (set) # ${secretsPath}`);
    expect(lines).toContain("llama-key = (not set)");
    expect(out).not.toContain("geheim");
  });

  test("is one JSON object for scripts, without any secret either", async () => {
    write(right);
    const { out } = await run(["show", "--json", "--config", path]);
    expect(JSON.parse(out)).toMatchObject({
      file: path,
      run: ["sip", "llama"],
      sections: {
        llama: { backend: { value: "openai", source: "file", line: 6 }, seed: { value: null } },
      },
      secrets: {
        'line."200@pbx"': { set: true, source: secretsPath },
        "llama-key": { set: false },
      },
    });
    expect(out).not.toContain("geheim");
  });
});

test.each([
  [[], 'config "" is nothing to do; say wildfire config check or wildfire config show\n'],
  [["chek"], 'config "chek" is nothing to do; say wildfire config check or wildfire config show\n'],
  [
    ["check", "/nowhere/w.toml"],
    'configuration file "/nowhere/w.toml" does not exist; check --config\n',
  ],
])("config %j says what to do", async (argv, message) => {
  expect(await run(argv)).toEqual({ code: 2, out: "", err: message });
});

test("--help is short and has an example", async () => {
  const { code, out } = await run(["--help"]);
  expect([code, out.split("\n").length < 25, out.includes("Example: ")]).toEqual([0, true, true]);
});
