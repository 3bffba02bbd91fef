import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type Fields, holding, SettingsRig } from "./settings-rig.ts";
import { cheapHash, fieldsOf, password } from "./web-rig.ts";

setDefaultTimeout(20_000);

const configText = `# Mine: please keep.
[services]
run = ["whisper", "llama", "kokoro", "web"]

[llama] # the brain
backend = "echo"
greeting = "Good day." # said first
`;

let rig: SettingsRig;

beforeEach(() => {
  rig = new SettingsRig();
});

afterEach(async () => await rig.free());

describe("settings are read", () => {
  test("with kind, help, choices, limits, value, default, and where the value comes from", async () => {
    await rig.start(configText);
    expect(await rig.view()).toMatchObject({
      path: rig.config,
      secretsPath: rig.secretsPath,
      isThere: true,
      problems: [],
      run: ["whisper", "llama", "kokoro", "web"],
    });
    expect(await rig.setting("llama", "greeting")).toEqual({
      key: "greeting",
      kind: "string",
      help: "what each caller hears first",
      valueName: "TEXT",
      fallback: "",
      value: "Good day.",
      isShortened: false,
      origin: { kind: "file", line: 7 },
    });
    expect(await rig.setting("kokoro", "speed")).toMatchObject({
      kind: "number",
      min: 0.5,
      max: 2,
      fallback: 1,
      value: 1,
      origin: { kind: "default" },
    });
    expect(await rig.setting("llama", "backend")).toMatchObject({ choices: ["echo", "openai"] });
  });

  test("also from a broken file: what is wrong is said with its line, and pages are shown", async () => {
    // The service itself would not start with it: it broke afterwards.
    await rig.start(configText);
    writeFileSync(rig.config, '[llama]\nbackend = "echo\n');
    const { problems } = await rig.view();
    expect(problems).toMatchObject([
      { place: rig.config, line: 2, message: holding("not valid TOML") },
    ]);
    const page = await rig.web.get("/lines");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("The configuration has problems");
    expect(await rig.change("llama", "backend", "openai")).toMatchObject({
      status: 400,
      error: holding("line 2 is not valid TOML"),
      hint: "repair it first",
    });
  });

  test("a wrong value and an unknown key of the file are shown, and others can be changed", async () => {
    await rig.start('[llama]\nbackend = "gpt"\nwhat = 1\nsystem = ""\n');
    const { problems } = await rig.view();
    expect(problems).toMatchObject([
      { line: 2, section: "llama", key: "backend" },
      { line: 3, section: "llama", key: "what" },
    ]);
    expect(await rig.change("llama", "greeting", "Hello")).toMatchObject({ status: 200 });
    expect(rig.configText).toContain('greeting = "Hello"');
  });

  test("what looks like a password in them is not shown, and not saved as it is shown", async () => {
    await rig.start('[llama]\nurl = "http://me:geheim@host:1/v1"\n');
    const setting = await rig.setting("llama", "url");
    expect(setting).toMatchObject({ value: "http://me:(hidden)@host:1/v1", isShortened: true });
    expect(await rig.change("llama", "url", setting["value"])).toMatchObject({
      status: 422,
      problems: [{ field: "llama.url", message: "a part of it is not shown" }],
    });
  });
});

describe("settings are changed", () => {
  test("in the file, where all else stays, and the supervisor is told", async () => {
    const asked = rig.playSupervisor({
      started: [],
      stopped: [],
      restarted: ["whisper"],
      reloaded: ["llama"],
    });
    await rig.start(configText);
    const answer = await rig.change("llama", "greeting", "Hello.");
    expect(answer).toMatchObject({
      status: 200,
      kind: "saved",
      isApplied: true,
      message: "Saved. whisper was restarted. llama has taken it over.",
    });
    expect(asked).toEqual(["reload"]);
    expect(rig.configText).toBe(configText.replace("Good day.", "Hello."));
    expect(await rig.setting("llama", "greeting")).toMatchObject({ value: "Hello." });
  });

  test("texts of a form become what they mean, and null lets the usual value count again", async () => {
    await rig.start(configText);
    const changes = [
      { section: "llama", key: "max-tokens", value: "250" },
      { section: "llama", key: "transfer-any", value: true },
      { section: "llama", key: "stop", value: ["END", "a b"] },
      { section: "llama", key: "greeting", value: null },
    ];
    expect((await rig.post({ changes }))["status"]).toBe(200);
    const text = rig.configText;
    expect(text).toContain("max-tokens = 250\n");
    expect(text).toContain("transfer-any = true\n");
    expect(text).toContain('stop = ["END", "a b"]\n');
    expect(text).not.toContain("greeting");
  });

  test("without a supervisor, and then it is said when they count", async () => {
    await rig.start(configText);
    expect(await rig.change("llama", "greeting", "Hello.")).toMatchObject({
      status: 200,
      isApplied: false,
      message: holding("when the services start again"),
    });
  });

  test("and what the supervisor refuses is passed on in its words", async () => {
    rig.playSupervisor(new Error("the disk is on fire"));
    await rig.start(configText);
    expect(await rig.change("llama", "greeting", "Hello.")).toMatchObject({
      status: 200,
      isApplied: false,
      message: "Saved, but not applied: the disk is on fire",
    });
  });

  test("a service that cannot take them says why, and goes on", async () => {
    rig.playSupervisor({ refused: ["llama"], why: { llama: "no such prompt" } });
    await rig.start(configText);
    expect(await rig.change("llama", "greeting", "Hello.")).toMatchObject({
      isApplied: false,
      message: "Saved. llama goes on as it was: no such prompt.",
    });
  });

  test("or the page starts again itself, and answers first", async () => {
    const asked = rig.playSupervisor({ restarted: ["web"] });
    await rig.start(configText);
    const answer = await rig.change("web", "port", 18_081);
    expect(answer).toMatchObject({
      restartsPage: true,
      message: "Saved. web is being restarted. The page is then at http://localhost:18081/",
      newAddress: "http://localhost:18081/",
    });
    expect(asked).toEqual([]);
  });

  test("the file is made with the first change, where there is none", async () => {
    await rig.start(configText);
    rmSync(rig.config);
    expect(await rig.view()).toMatchObject({ isThere: false, problems: [] });
    expect(await rig.change("llama", "greeting", "Hello.")).toMatchObject({ status: 200 });
    const text = rig.configText;
    expect(text).toContain("# what each caller hears first\n");
    expect(text).toContain('greeting = "Hello."\n');
    expect((statSync(rig.config).mode & 0o777).toString(8)).toBe("640");
  });
});

describe("nothing is changed", () => {
  test.each<[string, string, unknown, string]>([
    ["llama", "max-tokens", "many", "is not a whole number from 1 to 100000"],
    ["llama", "backend", "gpt", "is not one of echo, openai"],
    ["llama", "gretting", "x", 'there is no "gretting"'],
    ["brain", "model", "x", 'there is no "model" in [brain]'],
    ["llama", "constructor", "x", 'there is no "constructor"'],
    ["sip", "line", ["200@pbx", "200"], "has no USER@HOST"],
    ["sip", "rtp-ports", "5", "is no range of ports"],
    ["llama", "system", "/nowhere/prompt.txt", "there is no file"],
    ["web", "bind", "0.0.0.0", "without a password"],
  ])("when [%s] %s is %j: %s", async (section, key, value, message) => {
    const asked = rig.playSupervisor({});
    await rig.start(configText);
    const good = { section: "llama", key: "greeting", value: "Hello." };
    expect(await rig.post({ changes: [good, { section, key, value }] })).toMatchObject({
      status: 422,
      problems: [{ field: `${section}.${key}`, message: holding(message) }],
    });
    expect(rig.configText).toBe(configText);
    expect(asked).toEqual([]);
  });

  test("that comes from the environment, which wins, and it is said which variable", async () => {
    process.env["WILDFIRE_LLAMA_GREETING"] = "From outside.";
    try {
      await rig.start(configText);
      expect(await rig.setting("llama", "greeting")).toMatchObject({
        value: "From outside.",
        origin: { kind: "environment", variable: "WILDFIRE_LLAMA_GREETING" },
      });
      expect(await rig.change("llama", "greeting", "Hello.")).toMatchObject({
        status: 422,
        problems: [{ message: holding("WILDFIRE_LLAMA_GREETING") }],
      });
    } finally {
      delete process.env["WILDFIRE_LLAMA_GREETING"];
    }
  });

  test("when somebody else has changed the file since it was read", async () => {
    await rig.start(configText);
    const { revision } = await rig.view();
    const theirs = configText.replace("Good day.", "Theirs.");
    writeFileSync(rig.config, theirs);
    const mine = { section: "llama", key: "greeting", value: "Mine." };
    expect(await rig.post({ changes: [mine], revision })).toEqual({
      status: 409,
      error: "the settings were changed by somebody else meanwhile",
      hint: "reload the page and make your change again",
    });
    expect(rig.configText).toBe(theirs);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "when the service may not write its rig.folder, and it is said who must own it (skipped for others than root)",
    async () => {
      await rig.start(configText);
      chmodSync(rig.folder, 0o555);
      chmodSync(rig.config, 0o444);
      process.seteuid?.(65_534);
      let answer: Fields;
      try {
        answer = await rig.change("llama", "greeting", "Hello.");
      } finally {
        process.seteuid?.(0);
        chmodSync(rig.folder, 0o755);
      }
      expect(answer).toMatchObject({
        status: 409,
        error: holding("cannot be written: EACCES"),
        hint: holding(`sudo chown -R`),
      });
      expect(readdirSync(rig.folder)).toEqual(["wildfire.toml"]);
    },
  );

  test.each([
    { changes: "all" },
    { changes: [1] },
    { changes: [{ section: "llama", key: 1, value: 1 }] },
    { changes: [{ section: "llama", key: "model" }] },
    { changes: [{ section: "llama", key: "model", value: {} }] },
    { changes: Array.from({ length: 101 }, () => ({})) },
    { secrets: [{ value: "x" }] },
  ])("for a body that is none: %j", async (body) => {
    await rig.start(configText);
    expect(await rig.post(body)).toMatchObject({ status: 400 });
    expect(rig.configText).toBe(configText);
  });
});

describe("roles", () => {
  test("viewers read no settings, operators change none, and see not where secrets are kept", async () => {
    writeFileSync(rig.secretsPath, 'llama-key = "sk-geheim"\n', { mode: 0o600 });
    await rig.start(configText, await cheapHash());
    const admin = await rig.web.browser(password);
    const tokenFor = async (role: string): Promise<Readonly<Record<string, string>>> => {
      const headers = { ...admin, "content-type": "application/json" };
      const body = JSON.stringify({ name: role, role });
      const made = await rig.web.post("/api/v1/tokens", headers, body);
      return { authorization: `Bearer ${String(fieldsOf(await made.json())["secret"])}` };
    };
    const [viewer, operator] = [await tokenFor("viewer"), await tokenFor("operator")];
    expect((await rig.web.get("/api/v1/settings", viewer)).status).toBe(403);
    const seen = await rig.web.get("/api/v1/settings", operator);
    expect(seen.status).toBe(200);
    const text = await seen.text();
    expect(text).toContain('{"name":"llama-key","isSet":true,"canChange":true}');
    expect(text).not.toContain("geheim");
    const body = { changes: [{ section: "llama", key: "greeting", value: "Hello." }] };
    for (const who of [viewer, operator]) expect((await rig.post(body, who))["status"]).toBe(403);
    expect((await rig.post(body, { cookie: admin.cookie }))["status"]).toBe(403);
    expect(rig.configText).toBe(configText);
    const pages = await Promise.all(
      [viewer, operator, admin].map((who) => rig.web.get("/lines", who)),
    );
    const texts = await Promise.all(pages.map((page) => page.text()));
    expect(texts.map((page) => page.includes("rtp-ports"))).toEqual([false, true, true]);
    expect(texts.map((page) => page.includes('type="submit" class="strong"'))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

test("a thousand changes in a row leave the file sound and nothing open", async () => {
  await rig.start(configText);
  const headers = { "x-csrf-token": await rig.web.csrf(), "content-type": "application/json" };
  const save = async (count: number): Promise<number> => {
    const changes = [{ section: "llama", key: "max-tokens", value: count }];
    const response = await rig.web.post("/api/v1/settings", headers, JSON.stringify({ changes }));
    await response.text();
    return response.status;
  };
  for (let count = 1; count <= 20; count += 1) await save(count);
  const before = readdirSync("/proc/self/fd").length;
  // A handful belongs to connections.
  const fewMore = 20;
  for (let count = 1; count <= 1000; count += 1) expect(await save(count)).toBe(200);
  expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + fewMore);
  const text = rig.configText;
  expect(text).toContain("max-tokens = 1000\n");
  expect(text.replace("max-tokens = 1000\n", "")).toBe(configText);
  expect(readdirSync(rig.folder)).toEqual(["wildfire.toml"]);
}, 60_000);

test("changes that come at the same time are made one after the other, and all of them are there", async () => {
  await rig.start(configText);
  const keys = ["max-tokens", "max-answer", "history-tokens", "port", "out-port", "seed"];
  const answers = await Promise.all(
    keys.map((key, index) => rig.change("llama", key, 500 + index)),
  );
  expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
  const text = rig.configText;
  for (const [index, key] of keys.entries()) expect(text).toContain(`${key} = ${500 + index}\n`);
});

test("the audit log names keys and secrets, and none of their values", async () => {
  await rig.start(configText);
  const changes = [{ section: "llama", key: "greeting", value: "Secret words." }];
  const secrets = [{ name: "llama-key", value: "sk-geheim" }];
  expect((await rig.post({ changes, secrets }))["status"]).toBe(200);
  const record = rig.web.records.find(({ message }) => message === "audit");
  expect(record?.fields).toMatchObject({
    action: "settings change",
    target: "secret.llama-key llama.greeting",
    who: "local",
    status: 200,
  });
  expect(rig.web.logText).not.toContain("Secret words");
  expect(rig.web.logText).not.toContain("geheim");
});
