/** Forms of settings and lines in a real browser, over the web service alone: nothing typed is lost. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { SettingsRig } from "../web/settings-rig.ts";
import { describeWithChromium, type Visit } from "./chromium.ts";

setDefaultTimeout(testLimitMs);

const lines = '[services]\nrun = ["web"]\n[sip]\nline = ["200@pbx", "300@pbx"]\n';
const passwordVariable = "WILDFIRE_LINE_200_PASSWORD";
const settingsRoute = "**/api/v1/settings";

/** What is saved from now on waits until the returned function is called. */
async function holdSaving({ page }: Visit): Promise<() => void> {
  const held = Promise.withResolvers<void>();
  await page.route(settingsRoute, async (route) => {
    await held.promise;
    await route.continue();
  });
  return held.resolve;
}

describeWithChromium("Forms", (chromium) => {
  let rig: SettingsRig;

  beforeEach(() => {
    rig = new SettingsRig();
  });

  afterEach(async () => {
    delete process.env[passwordVariable];
    await rig.free();
  });

  async function open(path: string): Promise<Visit> {
    const visit = await chromium.visit(rig.web.url);
    await visit.page.goto(path);
    return visit;
  }

  test("what is typed while a save runs is not taken as saved", async () => {
    await rig.start("[llama]\n");
    await using visit = await open("/brain");
    const { page } = visit;
    const [model, key] = [page.locator("#setting-llama-model"), page.locator("#secret-llama-key")];
    const form = page.locator("form", { has: model });
    const release = await holdSaving(visit);
    await model.fill("small");
    await key.fill("first");
    await form.getByRole("button", { name: "Save" }).click();
    await model.fill("large");
    await key.fill("second");
    release();
    await page.locator("#notice", { hasText: "Saved." }).waitFor();
    expect(await form.locator("[data-unsaved]").isVisible()).toBe(true);
    expect(await key.inputValue()).toBe("second");
    const again = page.waitForRequest(settingsRoute);
    await form.getByRole("button", { name: "Save" }).click();
    expect((await again).postDataJSON()).toMatchObject({
      changes: [{ section: "llama", key: "model", value: "large" }],
      secrets: [{ name: "llama-key", value: "second" }],
    });
    await form.locator("[data-unsaved]").waitFor({ state: "hidden" });
    expect(visit.problems).toEqual([]);
  });

  test("texts that a field cannot show as they are stay when another field is saved", async () => {
    await rig.start('[llama]\nstop = ["\\n\\n", " User: "]\ngreeting = "Hello.\\nYes?"\n');
    await using visit = await open("/brain");
    const { page } = visit;
    for (const [changed, text] of [
      ["max-tokens", "300"],
      ["apology", "Sorry."],
    ] as const) {
      const field = page.locator(`#setting-llama-${changed}`);
      const sent = page.waitForRequest(settingsRoute);
      await field.fill(text);
      await page.locator("form", { has: field }).getByRole("button", { name: "Save" }).click();
      const value = { section: "llama", key: changed, value: text };
      expect((await sent).postDataJSON()).toMatchObject({ changes: [value] });
      await page.locator("#notice", { hasText: "Saved." }).waitFor();
    }
    expect(visit.problems).toEqual([]);
  });

  test("a field set back to what is usual is tried as that", async () => {
    await rig.start(
      '[kokoro]\nengine = "openai-speech"\nurl = "http://127.0.0.1:9"\nspeed = 1.5\n',
    );
    await using visit = await open("/voice");
    const { page } = visit;
    await page.locator("#setting-kokoro-engine").selectOption("");
    await page.locator("#setting-kokoro-speed").fill("");
    const asked = page.waitForRequest("**/api/v1/tries/voice");
    await page.locator("#try-start").click();
    expect((await asked).postDataJSON()).toMatchObject({ engine: "builtin", speed: 1 });
    await page.locator("#try-audio:not([hidden])").waitFor();
    expect(visit.problems).toEqual([]);
  });

  test("a search for servers that failed is not told as one that found none", async () => {
    await rig.start("[llama]\n");
    await using visit = await chromium.visit(rig.web.url);
    await visit.page.route("**/api/v1/tries/servers", (route) => route.abort());
    await visit.page.goto("/brain");
    await visit.page.getByText("they could not be looked for").waitFor();
  });

  test("a trial that is stopped says so, and is no fault", async () => {
    await rig.start("");
    await using visit = await chromium.visit(rig.web.url);
    const { page } = visit;
    // Never answered.
    await page.route("**/api/v1/tries/hearing", () => undefined);
    await page.goto("/ears");
    const asked = page.waitForRequest("**/api/v1/tries/hearing");
    await page.locator("#try-start").click();
    await asked;
    await page.locator("#try-stop").click();
    await page.locator("#try-result[data-level='skipped']", { hasText: "Stopped." }).waitFor();
    expect(visit.problems).toEqual([]);
  });

  test("a line whose password comes from the environment is removed", async () => {
    process.env[passwordVariable] = "secret";
    await rig.start(lines);
    await using visit = await open("/lines");
    await visit.page.locator("#line-form-0 [data-remove]").click();
    await visit.page.locator("dialog[open]").getByRole("button", { name: "Yes" }).click();
    await visit.page.locator("#line-form-1").waitFor({ state: "detached" });
    expect(rig.configText).toContain('line = ["300@pbx"]');
    expect(visit.problems).toEqual([]);
  });

  test("saving a line asks before the page forgets what was typed for another one", async () => {
    await rig.start(lines);
    await using visit = await open("/lines");
    const { page } = visit;
    await page.locator("#line-form-1-password").fill("typed");
    await page.locator("#line-form-0-user").fill("201");
    const asked = page.waitForEvent("dialog");
    await page.locator("#line-form-0").getByRole("button", { name: "Save" }).click();
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    expect(await page.locator("#line-form-1-password").inputValue()).toBe("typed");

    const saved = page.waitForResponse(settingsRoute);
    const renewed = page.waitForEvent("load");
    await page.locator("#line-form-1").getByRole("button", { name: "Save" }).click();
    expect((await saved).status()).toBe(200);
    expect(rig.configText).toContain('line = ["201@pbx", "300@pbx"]');
    expect(await rig.secret("line.300@pbx")).toMatchObject({ isSet: true });
    // With nothing left to lose the page renews itself.
    await renewed;
    expect(visit.problems).toEqual([]);
  });

  test("a line that is renamed with a new password leaves none behind", async () => {
    writeFileSync(rig.secretsPath, 'line."200@pbx" = "old"\n', { mode: 0o600 });
    await rig.start(lines);
    await using visit = await open("/lines");
    const { page } = visit;
    await page.locator("#line-form-0-user").fill("400");
    await page.locator("#line-form-0-password").fill("new");
    const saved = page.waitForResponse(settingsRoute);
    await page.locator("#line-form-0").getByRole("button", { name: "Save" }).click();
    expect((await saved).status()).toBe(200);
    expect(await rig.secret("line.400@pbx")).toMatchObject({ isSet: true });
    await rig.change("sip", "line", ["200@pbx"]);
    expect(await rig.secret("line.200@pbx")).toMatchObject({ isSet: false });
    expect(visit.problems).toEqual([]);
  });
});
