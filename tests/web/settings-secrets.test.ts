import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { parseSecrets } from "../../src/config/secrets-file.ts";
import { outsideVariable } from "../../src/services/outside-secrets.ts";
import { holding, SettingsRig } from "./settings-rig.ts";

setDefaultTimeout(20_000);

const lines = '[services]\nrun = ["sip", "web"]\n[sip]\nline = "200@pbx"\n';

let rig: SettingsRig;

beforeEach(() => {
  rig = new SettingsRig();
});

afterEach(async () => {
  await rig.free();
  delete process.env[outsideVariable];
  delete process.env["WILDFIRE_SPEECH_KEY"];
});

function kept(): ReturnType<typeof parseSecrets> {
  return parseSecrets(readFileSync(rig.secretsPath, "utf8"), "");
}

test("secrets go into a file of their own that nobody else reads, and never come back", async () => {
  await rig.start(lines);
  expect(await rig.secret("llama-key")).toEqual({
    name: "llama-key",
    isSet: false,
    canChange: true,
  });
  const secrets = [
    { name: "llama-key", value: " sk-geheim-1 " },
    { name: "line.200@PBX", value: "geheim-2" },
  ];
  expect(await rig.post({ secrets })).toMatchObject({ status: 200, kind: "saved" });
  expect((statSync(rig.secretsPath).mode & 0o777).toString(8)).toBe("600");
  expect(kept().known.get("llama-key")?.value).toBe("sk-geheim-1");
  expect(kept().lines.get("200@pbx")?.value).toBe("geheim-2");
  const set = { isSet: true, source: rig.secretsPath, canChange: true };
  expect(await rig.secret("llama-key")).toEqual({ name: "llama-key", ...set });
  expect(await rig.secret("line.200@pbx")).toEqual({ name: "line.200@pbx", ...set });
  for (const path of ["/api/v1/settings", "/lines", "/api/v1/status"]) {
    expect(await (await rig.web.get(path)).text()).not.toContain("geheim");
  }
  expect(rig.web.logText).not.toContain("geheim");
});

test("null forgets one, and the others stay", async () => {
  writeFileSync(rig.secretsPath, '# mine\nllama-key = "a"\nspeech-key = "b"\n', { mode: 0o600 });
  await rig.start(lines);
  expect((await rig.post({ secrets: [{ name: "llama-key", value: null }] }))["status"]).toBe(200);
  expect(readFileSync(rig.secretsPath, "utf8")).toBe('# mine\nspeech-key = "b"\n');
});

test("the password of a line that is kept with its options is changed, moved and forgotten there", async () => {
  const line = "200@pbx;transport=tcp";
  const file = `line."${line}" = "old"\nline."200@pbx" = "older"\n`;
  writeFileSync(rig.secretsPath, file, { mode: 0o600 });
  await rig.start(lines.replace("200@pbx", line));
  await rig.post({ secrets: [{ name: "line.200@pbx", value: "new" }] });
  expect(kept().lines.get(line)?.value).toBe("new");
  await rig.post({ secrets: [{ name: "line.201@pbx", from: "line.200@pbx" }] });
  expect([...kept().lines].map(([name, { value }]) => [name, value])).toEqual([["201@pbx", "new"]]);
  writeFileSync(rig.secretsPath, file, { mode: 0o600 });
  await rig.post({ secrets: [{ name: "line.200@pbx", value: null }] });
  expect([...kept().lines]).toEqual([]);
});

test.each(["12345678", " 12345678 "])(
  "of the password of the page, %j as it was typed, the argon2id hash is kept",
  async (typed) => {
    await rig.start(lines);
    const sent = { "x-csrf-token": await rig.web.csrf(), "content-type": "application/json" };
    const changed = await rig.web.post("/api/v1/password", sent, JSON.stringify({ new: typed }));
    expect(changed.status).toBe(200);
    const hash = kept().known.get("web-password-hash")?.value ?? "";
    expect(hash).toStartWith("$argon2id$");
    expect(await Bun.password.verify(typed, hash)).toBe(true);
    expect((await rig.web.logIn(typed)).status).toBe(303);
  },
);

test.each([
  { name: "line.200@pbx", value: 123_456 },
  { name: "line.200@pbx", value: ["old"] },
  { name: "line.200@pbx" },
  { name: "line.200@pbx", from: "llama-key" },
  { name: "llama-key", from: "line.200@pbx" },
])("%j deletes nothing: only null forgets a secret", async (secret) => {
  const text = 'llama-key = "a"\nline."200@pbx" = "old"\n';
  writeFileSync(rig.secretsPath, text, { mode: 0o600 });
  await rig.start(lines);
  expect(await rig.post({ secrets: [secret] })).toMatchObject({
    status: 400,
    error: `the secret "${secret.name}" must be a text, or null to forget it`,
  });
  expect(readFileSync(rig.secretsPath, "utf8")).toBe(text);
});

test.each(["12345678", null])(
  "the password of the page does not become %j where nobody asks for the one so far",
  async (value) => {
    writeFileSync(rig.secretsPath, 'web-password-hash = "$argon2id$x"\n', { mode: 0o600 });
    await rig.start("[web]\nport = 8081\n");
    const changes = [{ section: "llama", key: "greeting", value: "Hello" }];
    expect(await rig.post({ changes, secrets: [{ name: "web-password", value }] })).toMatchObject({
      status: 422,
      problems: [{ field: "secret.web-password", hint: holding("/access") }],
    });
    expect(kept().known.get("web-password-hash")?.value).toBe("$argon2id$x");
    expect(rig.configText).not.toContain("Hello");
  },
);

test("the password of a line moves with its name, unless a new one is given", async () => {
  writeFileSync(rig.secretsPath, 'line."200@pbx" = "old"\n', { mode: 0o600 });
  await rig.start(lines);
  const changes = [{ section: "sip", key: "line", value: ["300@pbx2"] }];
  const secrets = [{ name: "line.300@pbx2", from: "line.200@pbx" }];
  expect(await rig.post({ changes, secrets })).toMatchObject({ status: 200 });
  expect([...kept().lines].map(([name, { value }]) => [name, value])).toEqual([
    ["300@pbx2", "old"],
  ]);
  expect(await rig.secret("line.300@pbx2")).toMatchObject({ isSet: true });
});

test("a password under the user alone is found for its line, and copied when the user changes", async () => {
  writeFileSync(rig.secretsPath, 'line.200 = "old"\n', { mode: 0o600 });
  await rig.start(lines);
  expect(await rig.secret("line.200@pbx")).toMatchObject({ isSet: true });
  await rig.post({ secrets: [{ name: "line.300@pbx", from: "line.200@pbx" }] });
  expect([...kept().lines.keys()]).toEqual(["200", "300@pbx"]);
});

test("what the supervisor found elsewhere is shown as set there, and cannot be changed here", async () => {
  process.env[outsideVariable] = JSON.stringify({
    "llama-key": "credential llama-key",
    WILDFIRE_LINE_200_PASSWORD: "WILDFIRE_LINE_200_PASSWORD",
  });
  // That the supervisor hands it over tells nothing about where it comes from.
  process.env["WILDFIRE_SPEECH_KEY"] = "sk-geheim";
  await rig.start(lines);
  expect(await rig.secret("llama-key")).toMatchObject({
    isSet: true,
    source: "credential llama-key",
    canChange: false,
  });
  expect(await rig.secret("line.200@pbx")).toMatchObject({
    isSet: true,
    source: "WILDFIRE_LINE_200_PASSWORD",
    canChange: false,
  });
  expect(await rig.secret("speech-key")).toMatchObject({ isSet: false, canChange: true });
  expect(await rig.post({ secrets: [{ name: "llama-key", value: "x" }] })).toMatchObject({
    status: 422,
    problems: [{ message: "this is set by credential llama-key" }],
  });
});

test("without a supervisor our own environment counts", async () => {
  process.env["WILDFIRE_SPEECH_KEY"] = "sk-geheim";
  await rig.start(lines);
  expect(await rig.secret("speech-key")).toEqual({
    name: "speech-key",
    isSet: true,
    source: "WILDFIRE_SPEECH_KEY",
    canChange: false,
  });
});

test("a file of secrets that others can read is a problem, and the page is shown", async () => {
  writeFileSync(rig.secretsPath, 'llama-key = "geheim"\n', { mode: 0o644 });
  await rig.start(lines);
  const view = await rig.view();
  expect(view["problems"]).toMatchObject([
    { place: rig.secretsPath, message: holding("is open to others (mode 0644)") },
  ]);
  expect(await rig.secret("llama-key")).toMatchObject({ isSet: false });
  expect((await rig.web.get("/lines")).status).toBe(200);
});

test.each([
  ["llama-key", "", "this is empty"],
  ["llama-key", "two\nlines", "this has control characters"],
  ["llama-key", "x".repeat(4097), "this has more than 4096 characters"],
  ["lama-key", "x", 'there is no secret "lama-key"'],
])("nothing is kept as %s when it is %j", async (name, value, message) => {
  await rig.start(lines);
  expect(await rig.post({ secrets: [{ name, value }] })).toMatchObject({
    status: 422,
    problems: [{ field: `secret.${name}`, message }],
  });
});
