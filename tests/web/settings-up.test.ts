import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStatuses } from "../../src/services/status-socket.ts";
import { until } from "../fakes/until.ts";
import { limitMs, type UpProcess, UpRig } from "../supervisor/up-rig.ts";
import { fieldsOf } from "./web-rig.ts";

setDefaultTimeout(120_000);

type Fields = Readonly<Record<string, unknown>>;

const services = `[services]
run = ["llama", "web"]
[llama]
backend = "echo"
port = 0
out-port = 0
voice-signal-port = 0
[web]
port = 0
`;

let rig: UpRig;
let up: UpProcess;
let url: string;

beforeEach(async () => {
  rig = new UpRig();
  rig.configure(services);
  writeFileSync(join(rig.folder, "secrets.toml"), 'speech-key = "geheim"\n', { mode: 0o600 });
  up = rig.up({ WILDFIRE_LLAMA_KEY: "sk-geheim" });
  await up.ready("llama", "web");
  url = await urlOfPage();
});

afterEach(async () => await rig.free());

async function urlOfPage(): Promise<string> {
  const [text = "{}"] = await readStatuses(rig.stateFolder, "web");
  const status: unknown = JSON.parse(text);
  return String(fieldsOf(status)["url"]);
}

async function get(path: string): Promise<Fields> {
  const answer: unknown = await (await fetch(url + path)).json();
  return fieldsOf(answer);
}

async function post(body: object): Promise<Fields> {
  const { csrf } = await get("api/v1/session");
  const headers = { "x-csrf-token": String(csrf), "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const answer: unknown = await (await fetch(`${url}api/v1/settings`, init)).json();
  return fieldsOf(answer);
}

const change = async (section: string, key: string, value: unknown): Promise<Fields> =>
  await post({ changes: [{ section, key, value }] });

test("a running supervisor takes over what was changed: without a restart, or with one, or not at all", async () => {
  const pid = await up.pidOf("llama");
  expect(await change("llama", "greeting", "Hello.")).toMatchObject({
    kind: "saved",
    isApplied: true,
    message: "Saved. llama has taken it over.",
  });
  expect(await up.pidOf("llama")).toBe(pid);
  expect(await change("llama", "bind", "127.0.0.2")).toMatchObject({
    isApplied: true,
    message: "Saved. llama was restarted.",
  });
  expect(await up.pidOf("llama")).not.toBe(pid);
  expect(await change("kokoro", "speed", 1.2)).toMatchObject({
    message: "Saved. kokoro.speed is used by no service that runs.",
  });
  expect(readFileSync(rig.config, "utf8")).toContain('greeting = "Hello."\n');
});

test("where secrets come from is known under a supervisor, too, and none of them is told", async () => {
  const view = await get("api/v1/settings");
  expect(view["secrets"]).toMatchObject([
    { name: "web-password", isSet: false },
    { name: "llama-key", isSet: true, source: "WILDFIRE_LLAMA_KEY", canChange: false },
    { name: "speech-key", isSet: true, source: join(rig.folder, "secrets.toml"), canChange: true },
    { name: "webhook-secret", isSet: false },
  ]);
  expect(JSON.stringify(view)).not.toContain("geheim");
});

test("a change that the service cannot take is saved, and it goes on as it was", async () => {
  // Nobody but the service itself looks into this file.
  const tools = join(rig.folder, "tools.toml");
  writeFileSync(tools, "this is no list of tools");
  const pid = await up.pidOf("llama");
  const answer = await change("llama", "tools", tools);
  expect(answer).toMatchObject({ kind: "saved", isApplied: false });
  expect(String(answer["message"])).toStartWith("Saved. llama goes on as it was: ");
  expect(await up.pidOf("llama")).toBe(pid);
});

test("the page answers before it starts again itself", async () => {
  const pid = await up.pidOf("web");
  expect(await change("history", "keep-days", 30)).toMatchObject({
    isApplied: true,
    restartsPage: true,
    message: "Saved. web is being restarted.",
  });
  let now = pid;
  const look = async (): Promise<void> => {
    while (now === pid) now = await up.pidOf("web").catch(() => pid);
  };
  void look();
  await until(() => now !== pid, "another process of the page", limitMs);
});
