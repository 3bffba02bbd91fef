import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cheapHash, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
  process.env["WILDFIRE_MODELS_DIR"] = join(rig.stateFolder, "models");
});

afterEach(async () => {
  delete process.env["WILDFIRE_MODELS_DIR"];
  await rig.stop();
});

async function page(headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return await (await rig.get("/ears", headers)).text();
}

test("without ears it says so, and offers models all the same", async () => {
  await rig.start();
  const shown = await page();
  expect(shown).toContain("The ears do not run.");
  expect(shown).toMatch(/aria-label="Download base\.en"/);
  expect(shown).toContain("Built in");
});

test("it says with which model and how many lanes is heard", async () => {
  rig.play("whisper", {
    describe: () => ({ model: { name: "demo", cpu: "avx2" }, recogniser: { lanes: 4 } }),
  });
  await rig.start();
  await rig.get("/api/v1/services");
  const shown = await page();
  expect(shown).toContain("Hears with the built-in model");
  expect(shown).toContain("4 utterances at a time");
  expect(shown).toContain("In use");
});

test("settings stand in the form with what the file says, each key once", async () => {
  const config = join(rig.stateFolder, "wildfire.toml");
  writeFileSync(config, '[whisper]\nlanguage = "de"\nend-silence = 700\n');
  await rig.start({ config });
  const shown = await page();
  expect(shown).toMatch(/id="setting-whisper-language"[^>]*value="de"/);
  expect(shown).toMatch(/id="setting-whisper-end-silence"[^>]*value="700"/);
  const ids = [...shown.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids).toEqual([...new Set(ids)]);
});

test("viewers read, and are offered nothing that they may not do", async () => {
  await rig.start({}, await cheapHash());
  const admin = await rig.browser(password);
  const body = JSON.stringify({ name: "v", role: "viewer" });
  const made = await rig.post(
    "/api/v1/tokens",
    { ...admin, "content-type": "application/json" },
    body,
  );
  const { secret } = fieldsOf(await made.json());
  const shown = await page({ authorization: `Bearer ${String(secret)}` });
  expect(shown).toContain("base.en");
  for (const offer of ["data-steer", "try-start", "setting-whisper-language"])
    expect(shown).not.toContain(offer);
  const own = await page(admin);
  for (const offer of ["data-steer", "try-start", "setting-whisper-language"])
    expect(own).toContain(offer);
});

test("nothing on it needs what its content policy forbids", async () => {
  await rig.start();
  const shown = await page();
  expect(shown).not.toMatch(/ style="| onclick=|<script>/);
  expect(shown).not.toMatch(/(?:src|href)="https?:/);
});
