/** The page Talk in a real browser, whose microphone is a recording: it is heard, and the agent sounds. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { encodeWav } from "../../src/audio/wav-writer.ts";
import { BrowserStage } from "../end-to-end/browser-call-rig.ts";
import { eventually, testLimitMs } from "../end-to-end/eventually.ts";
import { demoCall, samplesOf, silence } from "../end-to-end/speech.ts";
import { describeWithChromium, type Visit } from "./chromium.ts";

setDefaultTimeout(2 * testLimitMs);

const folder = mkdtempSync(join(tmpdir(), "wildfire-talk-"));
const recording = join(folder, "microphone.wav");
/** The call is answered before the first word. */
const samples = joinSamples([silence(1500), samplesOf(demoCall), silence(30_000)]);
writeFileSync(recording, encodeWav(samples, 16_000));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fakeMicrophone = [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-audio-capture=${recording}%noloop`,
];

/** Listens at whatever the page plays, without the page knowing. */
const listenScript = `
  window.played = { peak: 0 };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
      const ear = this.context.createAnalyser();
      ear.fftSize = 2048;
      connect.call(this, ear);
      const piece = new Float32Array(ear.fftSize);
      setInterval(() => {
        ear.getFloatTimeDomainData(piece);
        for (const sample of piece) window.played.peak = Math.max(window.played.peak, Math.abs(sample));
      }, 20);
    }
    return connect.call(this, to, ...rest);
  };
`;

/** A browser without a sound device never ends the attempt, and never fails it. */
const withoutSoundScript = `
  const { resume } = AudioContext.prototype;
  AudioContext.prototype.resume = () => {
    window.resume = resume;
    return new Promise(() => undefined);
  };
`;

async function textOf(page: Page): Promise<string> {
  return await page.locator("#talk-live").innerText();
}

async function shows(page: Page, words: string, limitMs = 30_000): Promise<void> {
  await eventually({
    what: `"${words}" on the page`,
    limitMs,
    probe: async () => (await textOf(page)).includes(words),
    explain: () => words,
  });
}

async function levelRises(page: Page, id: string): Promise<void> {
  await eventually({
    what: `a level at ${id}`,
    probe: async () => Number(await page.locator(`#${id}`).getAttribute("value")) > 0.3,
  });
}

describeWithChromium(
  "The page Talk with a microphone",
  (chromium) => {
    const held = new AsyncDisposableStack();
    let stage: BrowserStage;
    let visit: Visit;

    beforeAll(async () => {
      stage = held.use(await BrowserStage.open());
    });
    afterAll(async () => await held.disposeAsync());
    afterEach(async () => await visit[Symbol.asyncDispose]());

    test("shows the words as they are spoken, plays the answers, and hangs up", async () => {
      visit = await chromium.visit(stage.url, { colorScheme: "dark" });
      const { page } = visit;
      await page.addInitScript(listenScript);
      await page.goto("/talk");
      await visit.picture("talk-idle-dark");
      // By the keyboard alone.
      await page.locator("#talk-call").focus();
      await page.keyboard.press("Enter");
      await levelRises(page, "talk-level-you");
      await shows(page, "Hi I would like to confirm my call tonight.");
      await levelRises(page, "talk-level-agent");
      await visit.picture("talk-call-dark");
      for (const text of demoCall.texts) await shows(page, text);
      expect(await page.evaluate<number>("window.played.peak")).toBeGreaterThan(0.05);
      await shows(page, "Last answer after");
      expect(await page.locator("#talk-hang-up").isVisible()).toBe(true);
      expect(await page.evaluate<string>("document.activeElement.id")).toBe("talk-hang-up");
      await page.keyboard.press("Enter");
      await shows(page, "The call is over: hung up");
      expect(await page.evaluate<string>("document.activeElement.id")).toBe("talk-call");
      await stage.shows("/api/v1/calls", "by peer: hung up");
      expect(visit.problems).toEqual([]);
    });

    test("says so when the browser has nothing to play sound on, and calls when it has", async () => {
      visit = await chromium.visit(stage.url);
      const { page } = visit;
      await page.clock.install();
      await page.addInitScript(withoutSoundScript);
      await page.goto("/talk");
      await page.locator("#talk-call").click();
      await eventually({
        what: "the attempt to play",
        probe: () => page.evaluate<boolean>("window.resume !== undefined"),
      });
      await page.clock.fastForward(7900);
      expect(await page.locator("#talk-hang-up").isVisible()).toBe(true);
      await page.clock.fastForward(200);
      await shows(page, "The browser cannot play sound.");
      await page.evaluate("AudioContext.prototype.resume = window.resume");
      await page.locator("#talk-call").click();
      await shows(page, "You are connected");
      await page.locator("#talk-hang-up").click();
      await shows(page, "The call is over: hung up");
      expect(visit.problems).toEqual([]);
    });

    test("calls again on a telephone's width, and says that the server is gone", async () => {
      visit = await chromium.visit(stage.url, {
        colorScheme: "light",
        viewport: { width: 360, height: 740 },
      });
      const { page } = visit;
      await page.goto("/talk");
      for (const _ of [1, 2]) {
        await page.locator("#talk-call").click();
        await shows(page, "Hi I would like to confirm my call tonight.");
        expect(await visit.overhang()).toBe(0);
        await visit.picture("talk-call-narrow");
        await page.locator("#talk-hang-up").click();
        await shows(page, "The call is over: hung up");
      }
      await page.locator("#talk-call").click();
      await shows(page, "You are connected");
      await page.locator("#talk-transcript").focus();
      stage.web.signal("SIGKILL");
      await shows(page, "The connection to the server is lost");
      await visit.picture("talk-lost-narrow");
      expect(await page.locator("#talk-call").isVisible()).toBe(true);
      // Whoever reads is not taken to another place.
      expect(await page.evaluate<string>("document.activeElement.id")).toBe("talk-transcript");
    });
  },
  { argv: fakeMicrophone },
);

describeWithChromium("The page Talk without a microphone", (chromium) => {
  test("says that it is not allowed or not there, and what to do", async () => {
    await using stage = await BrowserStage.open();
    await using visit = await chromium.visit(stage.url);
    await visit.page.goto("/talk");
    await visit.page.locator("#talk-call").click();
    await eventually({
      what: "a problem on the page",
      probe: async () =>
        /The microphone is not allowed|There is no microphone/.test(await textOf(visit.page)),
    });
    await visit.picture("talk-no-microphone");
    expect(await visit.page.locator("#talk-call").isVisible()).toBe(true);
    expect(visit.problems).toEqual([]);
  });
});
