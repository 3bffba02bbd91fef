import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { servicesToRun } from "../../src/config/config-plan.ts";
import { planSetup } from "../../src/setup/setup-plan.ts";
import type { SetupState } from "../../src/setup/setup-state.ts";
import { describePlan } from "../../src/setup/setup-summary.ts";
import { writeSetup } from "../../src/setup/setup-write.ts";
import { line, schema, SetupPlace, untouched } from "./setup-rig.ts";

async function write(place: SetupPlace, next: SetupState): Promise<void> {
  const present = await place.present();
  await writeSetup({ present, schema, plan: planSetup(present, next), next });
}

const withLine: SetupState = { ...untouched, calls: { line, audiosocket: undefined } };

describe("a new file", () => {
  test("reads as what was answered, with all of it", async () => {
    using place = new SetupPlace();
    const next: SetupState = {
      calls: {
        line: { ...line, pbx: "pbx.example:5070;transport=tcp" },
        audiosocket: "127.0.0.1:9099",
      },
      brain: { backend: "openai", url: "http://10.0.0.1:8080", model: "m", key: "k-1" },
      voice: {
        engine: "openai-speech",
        url: "http://10.0.0.2:8880",
        model: "tts",
        voice: "nova",
        key: "k-2",
      },
      ears: { model: "/models/ggml-base.en.bin" },
      page: { passwordHash: "$argon2id$x", bind: "0.0.0.0", port: 8081, isSecure: true },
    };
    await write(place, next);
    expect((await place.present()).state).toEqual(next);
  });

  const ways: readonly (readonly [string, SetupState["calls"], readonly string[]])[] = [
    ["a line", { line, audiosocket: undefined }, ["whisper", "llama", "kokoro", "sip", "web"]],
    [
      "AudioSocket at its usual address",
      { line: undefined, audiosocket: "127.0.0.1:9092" },
      ["web", "kokoro", "llama", "whisper", "audiosocket"],
    ],
    [
      "both",
      { line, audiosocket: "127.0.0.1:9092" },
      ["web", "kokoro", "llama", "whisper", "sip", "audiosocket"],
    ],
  ];
  test.each(ways)("with %s runs the services for it", async (_, calls, services) => {
    using place = new SetupPlace();
    await write(place, { ...untouched, calls });
    const { config, state, problems } = await place.present();
    expect(problems).toEqual([]);
    expect(servicesToRun(config)).toEqual(services);
    expect(state.calls).toEqual(calls);
  });

  test("has its secrets in a file of their own, which is closed to others", async () => {
    using place = new SetupPlace();
    await write(place, withLine);
    expect(readFileSync(place.path, "utf8")).not.toContain('secret"');
    expect(readFileSync(place.secretsPath, "utf8")).toContain('"200@pbx.example" = "secret"');
    expect(statSync(place.secretsPath).mode & 0o777).toBe(0o600);
  });

  test.each([
    `p#ä"s'\\ $&=\`~`,
    " begins and ends with a blank ",
    "200=abc",
    "\\u0041\\n",
    '"""',
    "😀 日本",
    "=[]{}#",
  ])("keeps the password %j", async (password) => {
    using place = new SetupPlace();
    await write(place, { ...withLine, calls: { ...withLine.calls, line: { ...line, password } } });
    expect((await place.present()).state.calls.line?.password).toBe(password);
  });
});

describe("a file that is there", () => {
  const text = `# mine
[sip]
line = ["200@pbx.example", "300@pbx.example"] # two
dead-peer = 30

[llama]
backend = "openai" # the big one
url = "http://10.0.0.1:8080"
key-file = "/nowhere/key"

[services]
run = ["whisper", "llama", "kokoro", "sip"]
`;

  function begin(place: SetupPlace): void {
    writeFileSync(place.path, text);
    writeFileSync(place.secretsPath, '# passwords\nline."200@pbx.example" = "secret"\n');
    chmodSync(place.secretsPath, 0o600);
  }

  test("stays as it is, to the byte, when nothing is answered differently", async () => {
    using place = new SetupPlace();
    begin(place);
    const present = await place.present();
    const plan = planSetup(present, present.state);
    expect(plan).toEqual({ changes: [], secrets: [] });
    await writeSetup({ present, schema, plan, next: present.state });
    expect(readFileSync(place.path, "utf8")).toBe(text);
  });

  test("keeps remarks, further lines and everything else", async () => {
    using place = new SetupPlace();
    begin(place);
    const { state } = await place.present();
    await write(place, {
      ...state,
      calls: { ...state.calls, line: { ...line, user: "201", password: "other" } },
      ears: { model: "/m.bin" },
    });
    const edited = readFileSync(place.path, "utf8");
    for (const part of ["# mine", "# two", "dead-peer = 30", "# the big one"]) {
      expect(edited).toContain(part);
    }
    const { lines, state: after, secretLines } = await place.present();
    expect(lines).toEqual(["201@pbx.example", "300@pbx.example"]);
    expect(after.calls.line?.password).toBe("other");
    expect(secretLines).toEqual(["201@pbx.example"]);
    expect(after.ears.model).toBe("/m.bin");
  });

  test("names the way in that is wanted among the services that somebody listed", async () => {
    using place = new SetupPlace();
    begin(place);
    const { state } = await place.present();
    await write(place, { ...state, calls: { line: undefined, audiosocket: "127.0.0.1:9092" } });
    const { run, state: after, lines } = await place.present();
    expect(run).toEqual(["whisper", "llama", "kokoro", "audiosocket"]);
    expect(after.calls).toEqual({ line: undefined, audiosocket: "127.0.0.1:9092" });
    expect(lines).toEqual([]);
  });

  test("no longer names a file with another key when a key is given", async () => {
    using place = new SetupPlace();
    begin(place);
    const { state } = await place.present();
    await write(place, { ...state, brain: { ...state.brain, key: "new" } });
    expect(readFileSync(place.path, "utf8")).not.toContain("key-file");
    expect((await place.present()).state.brain.key).toBe("new");
  });

  test("is refused when it is no TOML, with its line and without being touched", async () => {
    using place = new SetupPlace();
    writeFileSync(place.path, "[sip]\nline = = 3\n");
    expect(place.present()).rejects.toThrow(`${place.path}:2: this is not valid TOML`);
  });

  test("is offered with what is wrong in it", async () => {
    using place = new SetupPlace();
    writeFileSync(place.path, '[sip]\nlien = "200@pbx"\n');
    expect((await place.present()).problems[0]).toContain('[sip] has no key "lien"');
  });
});

test("secrets are as before when the configuration cannot be written", async () => {
  using place = new SetupPlace();
  const present = await place.present();
  // A folder in the place of the file: the rename fails, for root too.
  mkdirSync(place.path);
  const plan = planSetup(present, withLine);
  const writing = writeSetup({ present, schema, plan, next: withLine });
  expect(writing).rejects.toThrow("cannot be written");
  await writing.catch(() => undefined);
  expect(existsSync(place.secretsPath)).toBe(false);
});

test("what is to be written is told without any secret", async () => {
  using place = new SetupPlace();
  const plan = planSetup(await place.present(), {
    ...withLine,
    brain: { ...untouched.brain, key: "k-1" },
  });
  const told = describePlan(plan).join("\n");
  expect(told).toContain("the password of 200@pbx.example");
  expect(told).toContain("sip.line");
  expect(told).not.toContain("secret\n");
  expect(told).not.toContain("k-1");
});
