/** `wildfire setup` and `wildfire` alone as processes without a terminal, from the sources. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { SmallRegistrar } from "../tries/small-registrar.ts";
import { SetupPlace } from "./setup-rig.ts";

setDefaultTimeout(30_000);

const password = `p#ä"s'\\ $&=`;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  place: SetupPlace,
  argv: readonly string[],
  input?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const main = join(import.meta.dir, "../../src/main.ts");
  const child = Bun.spawn([process.execPath, main, ...argv], {
    stdin: input === undefined ? "ignore" : Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    cwd: place.folder,
    env: { HOME: place.folder, WILDFIRE_CONFIG: place.path, NO_COLOR: "1", ...env },
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

describe("without a terminal", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["wildfire alone", [], "there is no configuration"],
    ["setup", ["setup"], "there is no terminal to ask on"],
    ["setup with answers, and no --yes", ["setup", "--echo"], "there is no terminal to ask on"],
    ["setup --yes without a way in", ["setup", "--yes"], "--yes needs to know how calls come in"],
    ["--json without --yes", ["setup", "--json"], "belong to --yes"],
    ["a mistyped option", ["setup", "--extensoin", "2"], "did you mean --extension?"],
  ];
  test.each(cases)("%s says in one line what to give, and ends with 2", async (_, argv, words) => {
    using place = new SetupPlace();
    const { code, out, err } = await run(place, argv);
    expect(err).toContain(words);
    expect({ code, out, lines: err.trimEnd().split("\n").length }).toEqual({
      code: 2,
      out: "",
      lines: 1,
    });
    expect(existsSync(place.path)).toBe(false);
  });

  test("--help shows how to call it, with the exit codes", async () => {
    using place = new SetupPlace();
    const { code, out } = await run(place, ["setup", "--help"]);
    expect(code).toBe(0);
    for (const part of ["Usage: wildfire setup", "Exit codes", "--password-stdin"]) {
      expect(out).toContain(part);
    }
  });
});

describe("setup --yes", () => {
  test("writes what is given, without trying where that is said, and a password as it is", async () => {
    using place = new SetupPlace();
    const argv = ["setup", "--pbx", "pbx.example", "--extension", "200", "--password-stdin"];
    const { code, err } = await run(place, [...argv, "--yes", "--no-try"], `${password}\n`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { state } = await place.present();
    expect(state.calls.line).toEqual({ user: "200", pbx: "pbx.example", password });
    expect((await run(place, ["config", "check"])).out).toContain("is right");
  });

  test("refuses what is no password on standard input", async () => {
    using place = new SetupPlace();
    const argv = ["setup", "--pbx", "pbx", "--extension", "2", "--password-stdin", "--yes"];
    for (const [input, words] of [
      ["", "--password-stdin: there is nothing"],
      ["a\nb\n", "--password-stdin: there are 2 lines"],
      ["x".repeat(100_000), "--password-stdin: more than 65536 bytes came"],
    ] as const) {
      const { code, err } = await run(place, argv, input);
      expect({ code, told: err.includes(words) }).toEqual({ code: 2, told: true });
    }
  });

  test("tries what is given, and writes nothing when it does not work", async () => {
    using place = new SetupPlace();
    using registrar = await SmallRegistrar.open({ "200": password });
    writeFileSync(place.path, "# mine\n");
    const argv = ["setup", "--pbx", registrar.address, "--extension", "200", "--yes"];
    const wrong = await run(place, argv, undefined, { WILDFIRE_LINE_PASSWORD: "wrong" });
    expect(wrong.code).toBe(1);
    expect(wrong.out).toMatch(/^✗ calls: the PBX refuses the password of 200@127\.0\.0\.1:\d+; /);
    expect(wrong.out).toContain("nothing was written: 1 of 1 trials failed");
    expect(readFileSync(place.path, "utf8")).toBe("# mine\n");
    expect(existsSync(place.secretsPath)).toBe(false);
    const right = await run(place, argv, undefined, { WILDFIRE_LINE_PASSWORD: password });
    expect(right.out).toMatch(/^✓ calls: 200@127\.0\.0\.1:\d+ was registered after \d+ ms\n/);
    expect(right.code).toBe(0);
    expect((await place.present()).state.calls.line?.password).toBe(password);
    expect(readFileSync(place.path, "utf8")).toStartWith("# mine\n");
  });

  test("writes it all the same with --force, and still says that it failed", async () => {
    using place = new SetupPlace();
    using server = new ScriptedChatServer();
    server.stop();
    writeFileSync(place.path, "");
    const argv = ["setup", "--audiosocket", "127.0.0.1:0", "--llama", server.url, "--yes"];
    const { code, out } = await run(place, [...argv, "--force", "--json"]);
    expect(code).toBe(1);
    const told: unknown = JSON.parse(out);
    expect(told).toMatchObject({
      config: place.path,
      isWritten: true,
      trials: [
        { topic: "calls", level: "ok" },
        { topic: "brain", level: "fault" },
      ],
    });
    expect((await place.present()).state.brain.url).toBe(server.url);
  });

  test("takes the key of the chat server from a file, and shows it to nobody else", async () => {
    using place = new SetupPlace();
    using server = new ScriptedChatServer();
    server.script(says(["Yes."]));
    writeFileSync(place.path, '[sip]\nline = "200@pbx.example"\n');
    const key = join(place.folder, "key");
    writeFileSync(key, "k-1234\n");
    const named = ["--llama", server.url, "--llama-model", "m", "--llama-key-file", key];
    const { code, out, err } = await run(place, ["setup", ...named, "--yes"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out + err).not.toContain("k-1234");
    expect(server.answers.at(-1)?.headers.get("authorization")).toBe("Bearer k-1234");
    expect(readFileSync(place.path, "utf8")).not.toContain("k-1234");
    expect((await place.present()).state.brain).toMatchObject({ model: "m", key: "k-1234" });
  });

  test("hashes the password of the page", async () => {
    using place = new SetupPlace();
    const file = join(place.folder, "pw");
    writeFileSync(file, "correct horse\n");
    const argv = ["setup", "--audiosocket", "127.0.0.1:9092", "--web-password-file", file];
    expect((await run(place, [...argv, "--web-bind", "0.0.0.0", "--yes", "--no-try"])).code).toBe(
      0,
    );
    const { page } = (await place.present()).state;
    expect(page).toMatchObject({ bind: "0.0.0.0", isSecure: true });
    expect(await Bun.password.verify("correct horse", page.passwordHash ?? "")).toBe(true);
  });
});
