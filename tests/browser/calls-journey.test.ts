/** What an administrator does behind the first call: looks it up, hears it, saves it, and changes what is said. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { decodeWav } from "../../src/audio/wav.ts";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { describeWithPeers } from "../interop/interop-suite.ts";
import { AsteriskStage, digits, forMichael, greeting } from "./asterisk-stage.ts";
import { describeWithChromium, type Visit } from "./chromium.ts";
import { contrastProblems, openDetails, pageProblems } from "./page-checks.ts";
import { playing } from "./page-sound.ts";

setDefaultTimeout(2 * testLimitMs);

await describeWithPeers("The appliance in a browser, after calls", (root) => {
  describeWithChromium("of Asterisk", (chromium) => {
    const held = new AsyncDisposableStack();
    let stage: AsteriskStage;

    beforeAll(async () => {
      stage = held.use(await AsteriskStage.open(root, { history: ["audio = true"] }));
      await registered();
      await politeCall(forMichael);
      await hastyCall(digits);
    });
    afterEach(async () => await stage.hangUpAll());
    afterAll(async () => await held.disposeAsync());

    async function open(path: string): Promise<Visit> {
      const visit = await chromium.visit(stage.appliance.url);
      await visit.page.goto(path);
      return visit;
    }

    async function registered(): Promise<void> {
      await using visit = await open("/");
      await visit.page.locator("#service-sip").getByText("registered").first().waitFor();
    }

    /** The greeting is heard out, and so is the answer, which says the same again. */
    async function politeCall(text: string): Promise<void> {
      await using visit = await open("/");
      const caller = await stage.call();
      const card = visit.page.locator('#calls .call:not([data-ended="true"])');
      await card.locator(".agent").getByText("How can I help you?").waitFor();
      await quiet(visit.page);
      await stage.say(caller, text);
      await card.locator(".agent").getByText(text).waitFor();
      await quiet(visit.page);
      await stage.hangUp(caller);
      await card.waitFor({ state: "detached" });
    }

    /** Into the greeting, and gone before the answer is over. */
    async function hastyCall(text: string): Promise<void> {
      await using visit = await open("/");
      const caller = await stage.callAndSay(text);
      const card = visit.page.locator('#calls .call:not([data-ended="true"])');
      await card.locator(".agent").getByText(text).waitFor();
      await stage.hangUp(caller);
      await card.waitFor({ state: "detached" });
    }

    test("Calls finds one by its words, and shows what was said and how fast", async () => {
      await using visit = await open("/calls");
      const { page } = visit;
      expect(await page.locator(".call-table tbody tr").count()).toBe(2);
      const rows = await search(visit, "michael");
      expect(await rows.count()).toBe(1);
      expect(await rows.locator("mark").first().innerText()).toBe("Michael");
      await visit.picture("calls-found");
      await rows.getByRole("link").click();
      const transcript = page.locator(".transcript");
      await transcript.locator(".caller").getByText(forMichael).waitFor();
      await transcript.locator(".agent").getByText(forMichael).waitFor();
      await transcript.locator(".agent").getByText("How can I help you?").waitFor();
      expect(await page.locator("main svg rect").count()).toBeGreaterThan(2);
      await visit.picture("call-page");
      expect(visit.problems).toEqual([]);
    });

    test("what was never said is not found", async () => {
      await using visit = await open("/calls?text=rhododendron");
      await visit.page.getByText("No call matches.").waitFor();
      expect(await visit.page.locator(".call-table").count()).toBe(0);
      expect(visit.problems).toEqual([]);
    });

    test("a call is saved as text, as a table and with all that is known", async () => {
      await using visit = await open("/calls");
      await openFound(visit, "michael");
      for (const [label, ending] of [
        ["Text", ".txt"],
        ["Table (CSV)", ".csv"],
        ["All that is known (JSON)", ".json"],
      ] as const) {
        const { name, text } = await saved(visit, visit.page.getByRole("link", { name: label }));
        expect(name).toEndWith(ending);
        expect(text).toContain("speak with Michael please");
        expect(text).not.toContain("Two four six");
        if (ending === ".json") expect(() => JSON.parse(text) as unknown).not.toThrow();
      }
      await visit.page.goto("/calls");
      const all = await saved(
        visit,
        visit.page.getByRole("link", { name: "with all that was said" }),
      );
      expect(all.text).toContain("speak with Michael please");
      expect(all.text).toContain("Two four six");
      expect(visit.problems).toEqual([]);
    });

    test("its recording plays, is as long as the call, and is saved", async () => {
      await using visit = await open("/calls");
      const { page } = visit;
      await openFound(visit, "michael");
      const call = await recordOf(page.url());
      await page.locator(".transcript .caller button.seek").first().click();
      const { durationS, currentS } = await playing(page);
      expect(currentS).toBeLessThanOrEqual(durationS);
      const spanS = (call.endedMs - call.answeredMs) / 1000;
      expect(Math.abs(durationS - spanS)).toBeLessThan(1.5);
      const link = page.getByRole("link", { name: "Save the recording" });
      const download = await downloaded(visit, link);
      const sound = decodeWav(readFileSync(await download.path()), "recording");
      expect(Math.abs(sound.samples.length / sound.sampleRateHz - durationS)).toBeLessThan(0.1);
      expect(visit.problems).toEqual([]);
    });

    test("Lines shows the line, and trying another password names what is wrong", async () => {
      await using visit = await open("/lines");
      const { page } = visit;
      const line = page.locator("#lines .card").first();
      await line.getByText("registered", { exact: false }).first().waitFor();
      await line.getByRole("button", { name: "Try it" }).click();
      await line.locator(".tried").getByText(/\S/).first().waitFor();
      await line.getByLabel("Password").fill("not the password");
      await line.getByRole("button", { name: "Try it" }).click();
      await line
        .locator(".tried")
        .getByText(/password/i)
        .first()
        .waitFor();
      await visit.picture("lines-wrong-password");
      expect(visit.problems).toEqual([]);
    });

    test("a greeting that is changed on the page is what the next caller hears; the line stays", async () => {
      await using visit = await open("/brain");
      const { page } = visit;
      const before = await pids();
      await page.locator("#setting-llama-greeting").fill("Welcome to the bakery.");
      const form = page.locator("form", { has: page.locator("#setting-llama-greeting") });
      await form.getByRole("button", { name: "Save" }).click();
      await page.locator("#notice", { hasText: "Saved." }).waitFor();
      await visit.picture("brain-greeting");
      await page.goto("/");
      const caller = await stage.callAndSay(digits);
      const card = page.locator('#calls .call:not([data-ended="true"])');
      await card.locator(".agent").getByText("Welcome to the bakery.").waitFor();
      await card.locator(".caller").getByText(digits).waitFor();
      expect(await card.innerText()).not.toContain(greeting);
      await stage.hangUp(caller);
      await card.waitFor({ state: "detached" });
      expect(await pids()).toEqual(before);
      expect(visit.problems).toEqual([]);
    });

    test("Trouble shows records as they come while a call is up", async () => {
      await using visit = await open("/trouble?service=sip");
      const { page } = visit;
      await page.getByText("New records are shown as they come.").waitFor();
      const rows = page.locator("#log-rows > li");
      const before = await rows.count();
      await hastyCall(digits);
      await eventually({
        what: "records of the call on the page",
        probe: async () => (await rows.count()) > before + 1,
      });
      expect(await rows.last().innerText()).toContain("sip");
      await visit.picture("trouble-live");
      expect(visit.problems).toEqual([]);
    });

    test("the pages are sound and easy to read with calls on them, also on a telephone", async () => {
      for (const colorScheme of ["light", "dark"] as const) {
        const look = { colorScheme, viewport: { width: 360, height: 740 } };
        await using visit = await chromium.visit(stage.appliance.url, look);
        for (const path of [
          "/calls/1",
          "/calls/2",
          "/calls",
          "/calls?text=michael",
          "/lines",
          "/",
        ]) {
          await visit.page.goto(path);
          await visit.page.evaluate(openDetails);
          await visit.picture(`filled-${path.replaceAll(/\W+/g, "-")}-${colorScheme}`);
          const found = [...(await pageProblems(visit)), ...(await contrastProblems(visit))];
          expect({ path, found }).toEqual({ path, found: [] });
        }
        expect(visit.problems).toEqual([]);
      }
    });

    async function recordOf(address: string): Promise<{ endedMs: number; answeredMs: number }> {
      const id = /\d+$/.exec(new URL(address).pathname)?.[0];
      const answer: unknown = await (
        await fetch(`${stage.appliance.url}/api/v1/history/${id}`)
      ).json();
      const call =
        typeof answer === "object" && answer !== null && "call" in answer ? answer.call : answer;
      return { endedMs: numberAt(call, "endedMs"), answeredMs: numberAt(call, "answeredMs") };
    }

    /** Of all services: none of them was started again. */
    async function pids(): Promise<string> {
      const text = await (await fetch(`${stage.appliance.url}/api/v1/services`)).text();
      const found = [...text.matchAll(/"name":"(\w+)"|"pid":(\d+)/g)].map(([all]) => all);
      expect(found.length).toBeGreaterThan(6);
      return found.join(" ");
    }
  });
});

/** The history takes up what was said a moment later. */
async function search(visit: Visit, text: string): Promise<Locator> {
  const { page } = visit;
  const rows = page.locator(".call-table tbody tr");
  await eventually({
    what: `"${text}" in the history`,
    probe: async () => {
      await page.goto("/calls");
      await page.getByLabel("Words that were said").fill(text);
      await page.getByRole("button", { name: "Search" }).click();
      await page.locator("h2", { hasText: "Calls that were found" }).waitFor();
      return (await rows.count()) > 0;
    },
  });
  return rows;
}

async function openFound(visit: Visit, text: string): Promise<void> {
  await (await search(visit, text)).first().getByRole("link").click();
  await visit.page.getByText("What was said").waitFor();
}

/** The agent has spoken, and nobody speaks any more. */
async function quiet(page: Page): Promise<void> {
  await page.locator('#calls .call[data-speaker="agent"]').waitFor();
  await page.locator('#calls .call[data-speaker="nobody"]').waitFor();
}

async function downloaded({ page }: Visit, link: Locator) {
  const download = page.waitForEvent("download");
  await link.click();
  return await download;
}

async function saved(visit: Visit, link: Locator): Promise<{ name: string; text: string }> {
  const download = await downloaded(visit, link);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

function numberAt(value: unknown, name: string): number {
  const fields: Readonly<Record<string, unknown>> =
    typeof value === "object" && value !== null ? { ...value } : {};
  const number = fields[name];
  if (typeof number !== "number")
    throw new Error(`${name} is no number in ${JSON.stringify(value)}`);
  return number;
}
