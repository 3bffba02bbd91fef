/** Pages that follow what happens, in a real browser over the web service alone: what they say when they cannot. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { WebRig } from "../web/web-rig.ts";
import { describeWithChromium } from "./chromium.ts";

setDefaultTimeout(testLimitMs);

const troubleRoute = "**/live/trouble?*";

/** As many new records as are wanted, when the returned function is called; then the server's own stream. */
async function holdRows(page: Page): Promise<(count: number) => void> {
  const wanted = Promise.withResolvers<number>();
  let isFirst = true;
  await page.route(troubleRoute, async (route) => {
    if (!isFirst) return await route.continue();
    isFirst = false;
    const rows = Array.from({ length: await wanted.promise }, (_, at) => `<li>new ${at}</li>`);
    const data = JSON.stringify({ html: `<ol>${rows.join("")}</ol>` });
    const body = `retry: 1\n\nevent: rows\ndata: ${data}\n\n`;
    await route.fulfill({ contentType: "text/event-stream", body });
  });
  return wanted.resolve;
}

async function rowCount(page: Page): Promise<number> {
  return await page.locator("#log-rows > li").count();
}

describeWithChromium("Live pages", (chromium) => {
  let rig: WebRig;

  beforeEach(() => {
    rig = new WebRig();
  });

  afterEach(async () => await rig.stop());

  function log(count: number): void {
    const folder = join(rig.stateFolder, "logs");
    mkdirSync(folder, { recursive: true });
    const time = new Date(Date.UTC(2026, 10, 23, 8)).toISOString();
    const records = Array.from({ length: count }, (_, number) =>
      JSON.stringify({ time, level: "info", service: "sip", message: `number ${number}` }),
    );
    writeFileSync(join(folder, "wildfire.log"), records.map((text) => `${text}\n`).join(""));
  }

  test("a stream that the server refused is said to be gone, and opened again later", async () => {
    await rig.start();
    await using visit = await chromium.visit(rig.url);
    const { page } = visit;
    await page.clock.install();
    await page.route("**/live/now", (route) => route.fulfill({ status: 503 }), { times: 1 });
    await page.goto("/");
    const connection = page.locator("#connection");
    await connection.getByText("Not connected: reload the page").waitFor();
    await page.clock.runFor(15_000);
    await connection.getByText("Live").waitFor();
  });

  test("records go on behind the last one when their stream is opened again", async () => {
    log(3);
    await rig.start();
    await using visit = await chromium.visit(rig.url);
    const { page } = visit;
    await page.clock.install();
    let opened = 0;
    await page.route(troubleRoute, async (route) => {
      opened += 1;
      if (opened > 1) return await route.fulfill({ status: 401 });
      const data = JSON.stringify({ html: "<ol><li>one more</li></ol>" });
      const body = `retry: 1\n\nid: 12.ab.34\nevent: rows\ndata: ${data}\n\n`;
      await route.fulfill({ contentType: "text/event-stream", body });
    });
    await page.goto("/trouble?level=warn");
    await page.getByText("Not connected: reload the page").waitFor();
    const again = page.waitForRequest(troubleRoute);
    await page.clock.runFor(15_000);
    const { searchParams } = new URL((await again).url());
    expect([searchParams.get("level"), searchParams.get("since")]).toEqual(["warn", "12.ab.34"]);
  });

  test("older records are put in once however often they are asked for", async () => {
    log(350);
    await rig.start();
    await using visit = await chromium.visit(rig.url);
    const { page } = visit;
    await page.goto("/trouble");
    const older = page.locator("a[data-older]");
    const href = await older.getAttribute("href");
    await page.evaluate('for (const _ of [1, 2]) document.querySelector("a[data-older]").click();');
    await page.locator(`a[data-older]:not([href="${href ?? ""}"])`).waitFor();
    expect(await rowCount(page)).toBe(200);
    // As after a log-out.
    await page.route("**/trouble?before=*", (route) =>
      route.fulfill({ contentType: "text/html", body: "<h1>Log in</h1>" }),
    );
    await older.click();
    await page.getByText("Older records could not be had: reload the page").waitFor();
    expect(visit.problems).toEqual([]);
  });

  test("a page with too many records says that some between were left out", async () => {
    log(150);
    await rig.start();
    await using visit = await chromium.visit(rig.url);
    const { page } = visit;
    const arrive = await holdRows(page);
    await page.goto("/trouble");
    arrive(5000);
    await page.locator("#log-older", { hasText: "Records between were left out" }).waitFor();
    expect(await rowCount(page)).toBe(5000);
    expect(await page.locator("a[data-older]").count()).toBe(0);
  });

  test("what was left out while the page was paused is counted and said", async () => {
    log(1);
    await rig.start();
    await using visit = await chromium.visit(rig.url);
    const { page } = visit;
    const arrive = await holdRows(page);
    await page.goto("/trouble");
    await page.getByRole("button", { name: "Pause" }).click();
    arrive(2037);
    const state = page.locator("[data-follow-state]");
    await state.getByText("wait, 37 older ones were left out").waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await state.getByText("37 records were left out while it was paused").waitFor();
    expect(await rowCount(page)).toBe(2001);
  });
});
