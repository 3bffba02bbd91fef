import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
  lstatSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomically } from "../../src/config/atomic-file.ts";
import {
  applySecret,
  changeProblems,
  editConfig,
  editSecrets,
  writeConfig,
} from "../../src/config/config-edit.ts";
import { describeError } from "../../src/core/errors.ts";
import { smallSchema } from "./small-schema.ts";

let folder = "";
let path = "";
let secretsPath = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  path = join(folder, "wildfire.toml");
  secretsPath = join(folder, "secrets.toml");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);
const problemOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(() => "", describeError);

describe("a file is put in place", () => {
  test("with its mode, in a folder that is made, and nothing else stays there", async () => {
    const deep = join(folder, "etc", "wildfire", "wildfire.toml");
    await writeConfig(deep, smallSchema, { llama: { port: 1 } });
    expect(modeOf(deep)).toBe("640");
    expect(readFileSync(deep, "utf8")).toContain("port = 1\n");
    expect(readdirSync(join(folder, "etc", "wildfire"))).toEqual(["wildfire.toml"]);
  });

  test("with the mode that the old one has, and through a link", async () => {
    const target = join(folder, "real.toml");
    writeFileSync(target, "old");
    chmodSync(target, 0o600);
    symlinkSync(target, path);
    await writeFileAtomically({ path, text: "new", mode: 0o640 });
    expect([modeOf(target), readFileSync(target, "utf8")]).toEqual(["600", "new"]);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "and what root adds to the folder of a service is the service's (skipped for others than root)",
    async () => {
      chownSync(folder, 65_534, 65_534);
      await editSecrets(secretsPath, [{ name: "llama-key", value: "k" }]);
      expect([statSync(secretsPath).uid, modeOf(secretsPath)]).toEqual([65_534, "600"]);
    },
  );

  test("or the old one stays, and it is said why", async () => {
    mkdirSync(path);
    const problem = await problemOf(writeFileAtomically({ path, text: "new", mode: 0o640 }));
    expect(problem).toStartWith(`${JSON.stringify(path)} cannot be written: E`);
    expect(readdirSync(folder)).toEqual(["wildfire.toml"]);
  });
});

describe("keys are changed in the file", () => {
  const text = "# mine\n[llama] # brain\nport = 1 # one\n\n[history]\nkeep_days = 3\n";

  test("all at once, in the spelling that is there", async () => {
    writeFileSync(path, text);
    await editConfig(path, smallSchema, [
      { section: "llama", key: "backend", value: "openai" },
      { section: "history", key: "keep-days", value: 5 },
      { section: "llama", key: "port", value: undefined },
    ]);
    expect(readFileSync(path, "utf8")).toBe(
      '# mine\n[llama] # brain\nbackend = "openai"\n\n[history]\nkeep_days = 5\n',
    );
  });

  test("or none of them, when one is wrong", async () => {
    writeFileSync(path, text);
    const wrong = [
      { section: "llama", key: "port", value: 5 },
      { section: "llama", key: "backend", value: "gpt" },
      { section: "llama", key: "zzz", value: 1 },
      { section: "sip", key: "line", value: "200:geheim@pbx" },
    ];
    expect(await problemOf(editConfig(path, smallSchema, wrong))).toBe(
      '[llama] backend: "gpt" is not one of echo, openai',
    );
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(changeProblems(smallSchema, wrong).map(({ message }) => message)).toEqual([
      '[llama] backend: "gpt" is not one of echo, openai',
      'there is no "zzz" in [llama]',
      "[sip] line: a line holds no password",
    ]);
  });
});

describe("secrets are changed in their file", () => {
  test("which is made for its owner only, and closed when it was open", async () => {
    await editSecrets(secretsPath, [
      { line: "200@PBX", value: 'p"w' },
      { name: "llama-key", value: "k" },
    ]);
    expect(modeOf(secretsPath)).toBe("600");
    expect(readFileSync(secretsPath, "utf8")).toBe(
      "# Passwords and keys of Wildfire. Nobody but the owner may read this file.\n" +
        'llama-key = "k"\n\n[line]\n"200@pbx" = "p\\"w"\n',
    );
    chmodSync(secretsPath, 0o644);
    await editSecrets(secretsPath, [{ name: "llama-key", value: undefined }]);
    expect(modeOf(secretsPath)).toBe("600");
    expect(readFileSync(secretsPath, "utf8")).not.toContain("llama-key");
  });

  test("in the spelling that is there", () => {
    const before = '# mine\nline."200@PBX" = "a"\n';
    expect(applySecret(before, { line: "200@pbx", value: "b" })).toBe(
      '# mine\nline."200@PBX" = "b"\n',
    );
    expect(applySecret(before, { line: "200@pbx", value: undefined })).toBe("# mine\n");
  });

  test("and a value that none can be is refused without being shown", () => {
    expect(() => applySecret("", { name: "llama-key", value: "geheim\n" })).toThrow(
      'secrets.toml: the value of "llama-key" has control characters',
    );
  });
});
