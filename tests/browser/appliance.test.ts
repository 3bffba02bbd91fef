/** The page as an administrator uses it: a real browser over the whole appliance, with calls of a real Asterisk. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { describeWithPeers } from "../interop/interop-suite.ts";
import { AsteriskStage, digits, forMichael, greeting } from "./asterisk-stage.ts";
import { describeWithChromium, type Visit } from "./chromium.ts";

setDefaultTimeout(testLimitMs);

await describeWithPeers("The appliance in a browser", (root) => {
  describeWithChromium("with calls of Asterisk", (chromium) => {
    const held = new AsyncDisposableStack();
    let stage: AsteriskStage;

    beforeAll(async () => {
      stage = held.use(await AsteriskStage.open(root));
    });
    afterEach(async () => await stage.hangUpAll());
    afterAll(async () => await held.disposeAsync());

    async function open(): Promise<Visit> {
      return await chromium.visit(stage.appliance.url, { viewport: { width: 1280, height: 900 } });
    }

    test("a call appears, its words stream in, and it goes when the caller hangs up", async () => {
      await using visit = await open();
      const { page } = visit;
      await page.goto("/");
      await page.locator("#service-sip").getByText("registered").first().waitFor();
      const caller = await stage.callAndSay(forMichael);
      const card = page.locator("#calls .call");
      await card.waitFor();
      await card
        .getByText(greeting.split(". ")[1] ?? "")
        .first()
        .waitFor();
      await card.locator(".caller").getByText(forMichael).waitFor();
      await card.locator(".agent").getByText(forMichael).waitFor();
      await card.locator(".turn > svg").waitFor();
      await card.locator("meter").first().waitFor();
      await visit.picture("now-call");
      await stage.hangUp(caller);
      await page.locator('#calls .call[data-ended="true"]').waitFor();
      expect(visit.problems).toEqual([]);
    });

    test("services are stopped, started and restarted from the page, and calls go on working", async () => {
      await using visit = await open();
      const { page } = visit;
      await page.goto("/");
      const whisper = page.locator("#service-whisper");
      await steer(visit, "whisper", "stop");
      await whisper.getByText("stopped", { exact: false }).first().waitFor();
      await visit.picture("now-stopped");
      await steer(visit, "whisper", "start");
      await whisper.getByText("ready", { exact: false }).first().waitFor();
      // A call that comes in the middle of it is taken all the same.
      await steer(visit, "llama", "restart");

      const caller = await stage.callAndSay(digits);
      const card = page.locator('#calls .call:not([data-ended="true"])');
      await card.locator(".caller").getByText(digits).waitFor();
      await card.locator(".agent").getByText(digits).waitFor();
      await stage.hangUp(caller);
      await card.waitFor({ state: "detached" });
      expect(visit.problems).toEqual([]);
    });

    test("on a telephone's screen nothing is cut off, in light and in dark", async () => {
      for (const colorScheme of ["light", "dark"] as const) {
        const viewport = { width: 360, height: 740 };
        await using visit = await chromium.visit(stage.appliance.url, { viewport, colorScheme });
        await visit.page.goto("/");
        await visit.page.locator("#service-whisper").waitFor();
        expect(await visit.overhang()).toBe(0);
        await visit.picture(`now-phone-${colorScheme}`);
      }
    });
  });
});

/** Presses a button of a service, and Yes where the page asks first. */
async function steer({ page }: Visit, service: string, action: Action): Promise<void> {
  await page.locator(`#${action}-${service}`).click();
  if (action !== "start") {
    await page.locator("dialog[open]").getByRole("button", { name: "Yes" }).click();
  }
}

type Action = "start" | "stop" | "restart";
