/** Calls from a browser through all services, by the wire protocol. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { joinSamples } from "../../src/audio/join-samples.ts";
import { BrowserStage, speak, wordsOf } from "./browser-call-rig.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { demoCall, samplesOf, sentences, shortest, silence } from "./speech.ts";

setDefaultTimeout(2 * testLimitMs);

const answerMs = 4000;

test("the words of the recording come back as they are spoken, and the agent's sound with them", async () => {
  await using stage = await BrowserStage.open();
  using browser = await stage.call();
  await speak(browser, joinSamples([samplesOf(demoCall), silence(answerMs)]));
  await eventually({ what: "all words", probe: () => wordsOf(browser).length >= 3 });
  expect(wordsOf(browser)).toEqual(demoCall.texts);

  // While it was spoken, and before each final text.
  const kinds = browser.events.map(({ kind }) => kind);
  expect(kinds.indexOf("partial")).toBeLessThan(kinds.indexOf("said"));
  expect(kinds.indexOf("partial")).toBeGreaterThan(0);
  // The echo answers with the caller's words, spoken by the built-in voice.
  expect(browser.find("answer")?.["text"]).toContain("confirm");
  expect(browser.heard.length).toBeGreaterThan(16_000);
  expect(Math.max(...browser.heard.map(Math.abs))).toBeGreaterThan(3000);
  const turn = await browser.event("turn");
  expect(Number(turn["totalMs"])).toBeGreaterThan(0);

  const now = await stage.shows("/api/v1/calls", "browser (local)");
  for (const text of demoCall.texts) expect(now).toContain(text);
  browser.hangUp();
  expect(await browser.event("ended")).toMatchObject({ by: "peer", reason: "hung up" });
  const history = await stage.shows("/api/v1/history", "browser (local)");
  expect(history).toContain('"line":"browser"');

  using second = await stage.call();
  await speak(second, joinSamples([samplesOf(shortest), silence(1000)]));
  await eventually({ what: "the words", probe: () => wordsOf(second).length > 0 });
  expect(wordsOf(second)).toEqual(shortest.texts);
});

test("two browsers are two calls, and one that vanishes is over at once", async () => {
  await using stage = await BrowserStage.open();
  const [one, two] = [await stage.call(), await stage.call()];
  const [first = shortest, second = shortest] = sentences;
  await Promise.all([
    speak(one, joinSamples([samplesOf(first), silence(1000)])),
    speak(two, joinSamples([samplesOf(second), silence(1000)])),
  ]);
  await eventually({
    what: "the words of both",
    probe: () => wordsOf(one).length > 0 && wordsOf(two).length > 0,
  });
  expect(wordsOf(one)).toEqual(first.texts);
  expect(wordsOf(two)).toEqual(second.texts);
  one.kill();
  await stage.shows("/api/v1/calls", "the connection to the browser is gone");
  using third = await stage.call();
  expect(third.callId).not.toBe(two.callId);
  two.hangUp();
  await two.closed();
});

test("whisper may die in mid-call: what is said meanwhile is heard when it is back", async () => {
  await using stage = await BrowserStage.open();
  using browser = await stage.call();
  await speak(browser, joinSamples([samplesOf(shortest), silence(1000)]));
  await eventually({ what: "the first words", probe: () => wordsOf(browser).length === 1 });
  const [sentence = shortest] = sentences;
  const said = speak(browser, joinSamples([samplesOf(sentence), silence(3000)]));
  await stage.crashWhisper();
  await said;
  await eventually({
    what: "the words that were said meanwhile",
    probe: () => wordsOf(browser).length >= 2,
    explain: () => `${JSON.stringify(browser.events.slice(-10))}\n${stage.web.explain()}`,
  });
  expect(wordsOf(browser)).toEqual([...shortest.texts, ...sentence.texts]);
  expect(browser.find("ended")).toBeUndefined();
});
