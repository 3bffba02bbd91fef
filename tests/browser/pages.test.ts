/** All pages of an appliance without telephones: what each can do, and what all of them must hold to. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { Appliance } from "./appliance.ts";
import { type Chromium, describeWithChromium, type Visit } from "./chromium.ts";
import { contrastProblems, openDetails, pageProblems } from "./page-checks.ts";
import { playing } from "./page-sound.ts";

setDefaultTimeout(2 * testLimitMs);

const paths = [
  "/",
  "/calls",
  "/ears",
  "/brain",
  "/voice",
  "/lines",
  "/talk",
  "/access",
  "/trouble",
  "/calls/999999",
];
const looks = [
  { name: "wide-light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "wide-dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "narrow-light", colorScheme: "light", viewport: { width: 360, height: 740 } },
  { name: "narrow-dark", colorScheme: "dark", viewport: { width: 360, height: 740 } },
] as const;

describeWithChromium("The pages", (chromium) => {
  const held = new AsyncDisposableStack();
  let appliance: Appliance;

  beforeAll(async () => {
    appliance = held.use(await Appliance.start());
  });
  afterAll(async () => await held.disposeAsync());

  async function open(path: string): Promise<Visit> {
    const visit = await chromium.visit(appliance.url);
    await visit.page.goto(path);
    return visit;
  }

  for (const { name, ...look } of looks) {
    test(`are sound and easy to read: ${name}`, async () => {
      await using visit = await chromium.visit(appliance.url, look);
      const wrong: Record<string, readonly string[]> = {};
      for (const path of paths) {
        await visit.page.goto(path);
        await visit.page.locator("h1").waitFor();
        await visit.page.evaluate(openDetails);
        await visit.picture(`page-${path.replaceAll("/", "") || "now"}-${name}`);
        const found = [...(await pageProblems(visit)), ...(await contrastProblems(visit))];
        if (found.length > 0) wrong[path] = found;
      }
      expect(wrong).toEqual({});
      // The call that is not there.
      expect(visit.problems.filter((problem) => !problem.includes("404"))).toEqual([]);
    });
  }

  test("are found out where they are not", async () => {
    await using visit = await open("/");
    await visit.page.evaluate(`
      document.title = "";
      document.querySelector("nav").removeAttribute("aria-label");
      document.querySelector("main").innerHTML = \`
        <h1 id="main">One</h1><h3>Two</h3><label>A box</label><input name="box">
        <p aria-describedby="nothing">Pale</p>
        <button></button><table></table><div>wide</div>\`;
      const [pale, wide] = [document.querySelector("main p"), document.querySelector("main div")];
      Object.assign(pale.style, { color: "#999", background: "#fff" });
      wide.style.width = "3000px";
    `);
    const found = [...(await pageProblems(visit)), ...(await contrastProblems(visit))].join("; ");
    for (const part of [
      "title: ",
      "nav without a name",
      "left out before h3 “Two”",
      "two elements are #main",
      "aria-describedby has no nothing",
      "input [box] has no label",
      "<button></button>",
      "table has no name",
      "px too wide: ",
      ":1 for p “Pale”",
    ]) {
      expect(found).toContain(part);
    }
  });

  test("lead into each other, and each says where one is", async () => {
    await using visit = await open("/");
    const links = visit.page.locator("nav[aria-label=Pages] a");
    const titles = await links.allInnerTexts();
    expect(titles).toContain("Trouble");
    for (const title of titles) {
      await links.getByText(title, { exact: true }).click();
      await visit.page.locator("h1", { hasText: title }).waitFor();
      expect(await visit.page.locator("nav [aria-current=page]").innerText()).toBe(title);
      expect(await visit.page.title()).toBe(`${title} · Wildfire`);
    }
  });

  test("Now is used with the keyboard alone, and Escape leaves a question unanswered", async () => {
    await using visit = await open("/");
    const { page } = visit;
    await page.locator("#stop-whisper").waitFor();
    const seen: string[] = [];
    while (!seen.includes("stop-kokoro")) {
      expect(seen.length).toBeLessThan(60);
      await page.keyboard.press("Tab");
      seen.push(await focused(page));
    }
    const pages = await page.locator("nav[aria-label=Pages] a").allInnerTexts();
    expect(seen[0]).toBe("To the content");
    expect(seen.slice(2, 2 + pages.length)).toEqual(pages);
    const rest = seen.slice(2 + pages.length);
    const buttons = ["whisper", "llama", "kokoro"].flatMap((name) => [
      `restart-${name}`,
      `stop-${name}`,
    ]);
    expect(rest).toEqual(buttons);

    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    expect(await focused(page)).toBe("Cancel");
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "hidden" });
    expect(await focused(page)).toBe("stop-kokoro");
    expect(await page.locator("#service-kokoro .state").innerText()).toBe("Ready");
    // The skip link leads past the navigation.
    await page.goto("/");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("To the content");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/#main");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("restart-whisper");
    expect(visit.problems).toEqual([]);
  });

  test("Voice says a text aloud", async () => {
    await using visit = await open("/voice");
    const { page } = visit;
    await page.locator("#try-text").fill("Good morning.");
    await page.locator("#try-start").click();
    await page.locator('#try-verdict[data-level="ok"]').waitFor();
    const { durationS } = await playing(page);
    expect(durationS).toBeWithin(0.4, 5);
    await visit.picture("voice-said");
    expect(visit.problems).toEqual([]);
  });

  test("Ears lists the models and measures the speed", async () => {
    await using visit = await open("/ears");
    const { page } = visit;
    await page.locator("#models-here").getByText("Built in").waitFor();
    await page.locator("#models-usual").getByText("base.en").first().waitFor();
    await page.locator("#try-start").click();
    const verdict = page.locator("#try-result[data-level]:not([data-level=''])");
    await verdict.waitFor({ timeout: testLimitMs });
    expect(await verdict.innerText()).toMatch(/\d/);
    await visit.picture("ears-measured");
    expect(visit.problems).toEqual([]);
  });

  test("Brain shows an answer while it comes, and takes a prompt of many lines as it is typed", async () => {
    await using visit = await open("/brain");
    const { page } = visit;
    const typed = 'You are "Ada" of Bright & Sons.\n\n\tSay """hello""" to {caller}: \\o/ 😀\n';
    const field = page.locator("#setting-llama-prompt");
    await field.fill(typed);
    await page.locator("#try-prompt").fill("When are you open?");
    const asked = page.waitForRequest("**/api/v1/tries/chat");
    await page.locator("#try-start").click();
    expect((await asked).postDataJSON()).toMatchObject({ system: typed });
    await page.locator('#try-verdict[data-level="ok"]').waitFor();
    expect(await page.locator("#try-answer").innerText()).toBe("When are you open?");
    expect(await page.locator("#try-clauses").innerText()).toBe("When are you open?");

    await saved(visit, "llama.prompt");
    await visit.picture("brain-saved");
    await page.reload();
    expect(await field.inputValue()).toBe(typed);
    const again = page.waitForRequest("**/api/v1/tries/chat");
    await page.locator("#try-start").click();
    expect((await again).postDataJSON()).not.toHaveProperty("system");

    await field.fill("It is {colour}.");
    await page.locator("form", { has: field }).getByRole("button", { name: "Save" }).click();
    await page.locator("#setting-llama-prompt-problem").getByText("{colour}").waitFor();
    await page.getByText("What counts while the field is empty").click();
    await page.locator("#use-usual").click();
    expect(await field.inputValue()).toStartWith("You answer the telephone.");
    await saved(visit, "llama.prompt");
    await field.fill("");
    await saved(visit, "llama.prompt");
    // The refused text is the only thing that the browser's console may speak of.
    expect(
      visit.problems.filter((problem) => !problem.includes("422") && !problem.includes("400")),
    ).toEqual([]);
  });

  test("Trouble has the doctor look at everything, and lists each step", async () => {
    await using visit = await open("/trouble");
    const { page } = visit;
    await page.locator("#doctor-run").click();
    await page
      .locator("#doctor [role=status]", { hasText: /Looked at \d/ })
      .waitFor({ timeout: testLimitMs });
    const steps = page.locator("#doctor .checks > li");
    expect(await steps.count()).toBeGreaterThan(8);
    for (const step of await steps.all()) {
      expect(await step.innerText()).toMatch(/Good|Warning|Fault|Not looked at/);
    }
    await visit.picture("trouble-doctor");
    const download = page.waitForEvent("download");
    await page.getByText("Download the support archive").click();
    expect((await download).suggestedFilename()).toMatch(/^wildfire-.*\.(tar\.gz|tgz|zip)$/);
    expect(await pageProblems(visit)).toEqual([]);
    expect(visit.problems).toEqual([]);
  });
});

/** Saves the form that holds a setting, and waits until the server has said so. */
async function saved({ page }: Visit, setting: string): Promise<void> {
  const form = page.locator("form", { has: page.locator(`[data-setting="${setting}"]`) });
  const answer = page.waitForResponse("**/api/v1/settings");
  await form.getByRole("button", { name: "Save" }).click();
  expect((await answer).status()).toBe(200);
  await page.locator("#notice", { hasText: "Saved." }).waitFor();
}

/** Id of what has the focus, or its words. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate<string>(
    "document.activeElement.id || document.activeElement.textContent.trim()",
  );
}

async function logIn(page: Page, text: string): Promise<void> {
  await page.getByLabel("Password or token").fill(text);
  await page.getByRole("button", { name: "Log in" }).click();
}

describeWithChromium("A page with a password", (chromium: Chromium) => {
  const password = "correct horse battery";
  const held = new AsyncDisposableStack();
  let appliance: Appliance;

  beforeAll(async () => {
    const hash = await Bun.password.hash(password, "argon2id");
    appliance = held.use(await Appliance.start({ secrets: `web-password-hash = "${hash}"\n` }));
  });
  afterAll(async () => await held.disposeAsync());

  test("asks for it, and shows nothing before, nor after the log-out by the way back", async () => {
    await using visit = await chromium.visit(appliance.url, { colorScheme: "dark" });
    const { page } = visit;
    await page.goto("/brain");
    expect(await page.title()).toBe("Log in · Wildfire");
    expect([...(await pageProblems(visit)), ...(await contrastProblems(visit))]).toEqual([]);
    await logIn(page, "wrong horse battery");
    await page.locator("#problem").waitFor();
    await visit.picture("login-wrong");
    await page.goto("/brain");
    await logIn(page, password);
    await page.locator("h1", { hasText: "Brain" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/brain");
    await page.getByRole("link", { name: "Calls" }).click();
    await page.locator("h1", { hasText: "Calls" }).waitFor();
    await visit.picture("logged-in");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password or token").waitFor();
    for (const path of ["/calls", "/brain"]) {
      await page.goBack();
      await page.waitForURL((url) => url.searchParams.get("next") === path);
      await page.getByLabel("Password or token").waitFor();
      expect(await page.locator("nav, form[data-settings]").count()).toBe(0);
    }
  });

  test("also where somebody writes the address of a page, a piece of it, or the interface", async () => {
    for (const path of [
      "/",
      "/calls",
      "/live/now",
      "/api/v1/settings",
      "/api/v1/logs",
      "/access",
    ]) {
      const response = await fetch(appliance.url + path, { redirect: "manual" });
      expect([path, response.status < 300]).toEqual([path, false]);
      expect(await response.text()).not.toContain("echo");
    }
  });
});
