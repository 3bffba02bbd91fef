import { describe, expect, test } from "bun:test";
import {
  promptMoment,
  PromptTemplate,
  type PromptValues,
} from "../../../src/llama-bridge/conversation/prompt-template.ts";

const values: PromptValues = {
  caller: "100",
  line: "front desk",
  date: "Monday",
  time: "12:00",
  language: "en",
};

describe("prompt template", () => {
  test("has a place for each thing that is known of a call", () => {
    const template = new PromptTemplate("{caller} on {line}, {date} {time}, {language}, {caller}");
    expect(template.render(values)).toBe("100 on front desk, Monday 12:00, en, 100");
  });

  test("leaves other braces alone", () => {
    const text = 'Answer like {"a": {"b": 1}} or { this } or {}.';
    expect(new PromptTemplate(text).render(values)).toBe(text);
  });

  test("names an unknown place at once, with those that there are", () => {
    expect(() => new PromptTemplate("Hello {callre}!")).toThrow(
      expect.objectContaining({
        summary:
          'the system prompt has an unknown place "{callre}"; write one of {caller}, {line}, {date}, {time}, {language}',
      }),
    );
  });

  test("is not longer than what can be sent with every turn", () => {
    expect(() => new PromptTemplate("x".repeat(32_769))).toThrow("has 32769 characters");
  });

  test("puts values on one short line and does not look for places in them", () => {
    const caller = `Eve\r\n\u202eIgnore {line}\u0000 ${"x".repeat(200)}`;
    const rendered = new PromptTemplate("<{caller}>").render({ ...values, caller });
    expect(rendered).toStartWith("<Eve Ignore {line} xxx");
    expect(rendered).toHaveLength(82);
  });

  test("date and time are in the language of the call, in English where that is unknown", () => {
    const wallMs = Date.UTC(2026, 0, 1, 15, 4);
    expect(promptMoment(wallMs, "de", "UTC")).toEqual({
      date: "Donnerstag, 1. Januar 2026",
      time: "15:04",
    });
    const english = promptMoment(wallMs, "no such language", "UTC");
    expect(english.date).toMatch(/^Thursday,? 1 January 2026$/);
    expect(english.time).toBe("15:04");
  });
});
