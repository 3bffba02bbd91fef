import { describe, expect, test } from "bun:test";
import { CallContext } from "../../src/whisper/call-context.ts";
import { type HeardOptions, transcribedText } from "./heard-texts.ts";

interface Utterance extends HeardOptions {
  readonly text?: string;
  readonly audioMs?: number;
  readonly endMs?: number;
}

function learn(context: CallContext, utterance: Utterance): void {
  const { text = "good morning", audioMs = 2_000, endMs = 2_000 } = utterance;
  context.learn(transcribedText(text, utterance), audioMs, endMs);
}

describe("the language", () => {
  test("that is given stays, whatever is heard", () => {
    const context = new CallContext({ language: "en", prompt: "" });
    learn(context, { language: "de" });
    expect(context.language).toBe("en");
  });

  test("auto becomes that of the first good utterance, and stays", () => {
    const context = new CallContext({ language: "auto", prompt: "" });
    expect(context.language).toBe("auto");
    learn(context, { language: "de" });
    expect(context.language).toBe("de");
    learn(context, { language: "fr" });
    expect(context.language).toBe("de");
  });

  test.each([
    ["one without words", { text: "" }],
    ["one below a second", { audioMs: 999 }],
    ["an unsure one", { averageLogProbability: -0.71 }],
    ["one that repeats itself", { text: "see you then see you then see you then" }],
  ])("is not learnt from %s, but from the good one after it", (_name, bad) => {
    const context = new CallContext({ language: "auto", prompt: "" });
    learn(context, { language: "nn", ...bad });
    expect(context.language).toBe("auto");
    learn(context, { language: "de", audioMs: 1_000, averageLogProbability: -0.7 });
    expect(context.language).toBe("de");
  });
});

describe("the prompt", () => {
  const prompt = "Wildfire, Ms Okonkwo";

  test("is given to the first utterance, however late in the call", () => {
    const context = new CallContext({ language: "en", prompt });
    expect(context.promptAt(0)).toBe(prompt);
    expect(context.promptAt(60_000)).toBe(prompt);
  });

  test("is left out after a silence of more than 10 s, and comes back with the talk", () => {
    const context = new CallContext({ language: "en", prompt });
    learn(context, { endMs: 5_000 });
    expect(context.promptAt(15_000)).toBe(prompt);
    expect(context.promptAt(15_001)).toBe("");
    learn(context, { endMs: 17_000 });
    expect(context.promptAt(18_000)).toBe(prompt);
  });

  test("is left out after an unsure text, until a sure one", () => {
    const context = new CallContext({ language: "en", prompt });
    learn(context, { averageLogProbability: -0.8 });
    expect(context.promptAt(2_500)).toBe(prompt);
    learn(context, { averageLogProbability: -0.81 });
    expect(context.promptAt(2_500)).toBe("");
    learn(context, { text: "" });
    expect(context.promptAt(2_500)).toBe("");
    learn(context, { averageLogProbability: -0.1 });
    expect(context.promptAt(2_500)).toBe(prompt);
  });

  test("does not mind that an earlier utterance was decoded later", () => {
    const context = new CallContext({ language: "en", prompt });
    learn(context, { endMs: 20_000 });
    learn(context, { endMs: 4_000 });
    expect(context.promptAt(21_000)).toBe(prompt);
  });

  test("that is empty stays empty", () => {
    expect(new CallContext({ language: "en", prompt: "" }).promptAt(0)).toBe("");
  });
});
