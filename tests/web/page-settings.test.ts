import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { ServiceView } from "../../src/web/live/service-view.ts";
import { serviceCard } from "../../src/web/pages/service-card.ts";
import { holding, SettingsRig } from "./settings-rig.ts";

setDefaultTimeout(20_000);

let rig: SettingsRig;

beforeEach(() => {
  rig = new SettingsRig();
});

afterEach(async () => await rig.free());

test("the page Access changes where the page is and who is told of calls", async () => {
  await rig.start('[web]\nport = 18082\n[webhooks]\nkinds = ["turn"]\n');
  const page = await (await rig.web.get("/access")).text();
  for (const name of ["bind", "port", "tls", "tls-cert", "tls-key"])
    expect(page).toContain(`data-setting="web.${name}"`);
  for (const name of ["url", "kinds", "include", "spool-mb"])
    expect(page).toContain(`data-setting="webhooks.${name}"`);
  expect(page).toMatch(/assets\/\w+\/settings\.js/);
  expect(page).toContain('value="18082"');
});

test("a text with line breaks gets a field that keeps them, and each field says what is usual", async () => {
  await rig.start('[llama]\ngreeting = "Hello.\\nHow can I help?"\nmodel = "small"\n');
  const page = await (await rig.web.get("/brain")).text();
  expect(page).toMatch(/<textarea\s+id="setting-llama-greeting"/);
  expect(page).toMatch(/<input[^>]+id="setting-llama-model"[^>]+data-usual="default"/);
});

test("a page that others would see without a password stays as it is, file and all", async () => {
  const text = "[web]\nport = 18082\n";
  await rig.start(text);
  expect(await rig.change("web", "bind", "0.0.0.0")).toMatchObject({
    status: 422,
    problems: [{ field: "web.bind", hint: "set a password of the page first" }],
  });
  expect(rig.configText).toBe(text);
});

test("what keeps the page reachable is saved, and its new address is told", async () => {
  await rig.start("[web]\nport = 18082\n");
  expect(await rig.change("web", "tls", "generated")).toMatchObject({
    status: 200,
    message: holding("The page is then at https://localhost:18082/"),
  });
});

test("a build is shown as far as people compare it, with its mark, and the rest is at hand", () => {
  const view: ServiceView = {
    name: "llama",
    state: "ready",
    health: "good",
    isSupervised: true,
    version: "0.1.0",
    commit: "ca44b18de2e1+",
    pid: 7,
    startedMs: undefined,
    memoryBytes: undefined,
    restarts: 0,
    lastReason: "",
    calls: 0,
    detail: "",
  };
  const card = serviceCard({ view, canSteer: false, commit: "ca44b18de2e1+" }).text;
  expect(card).toContain('<span title="0.1.0 ca44b18de2e1+">0.1.0 ca44b18+</span>');
});
