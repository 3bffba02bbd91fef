import { describe, expect, test } from "bun:test";
import type { ChatMessage, ToolCall } from "../../../src/llama-bridge/chat/chat-messages.ts";
import { Conversation } from "../../../src/llama-bridge/conversation/conversation.ts";

function conversation(budgetTokens = 1000, greeting?: string): Conversation {
  return new Conversation({ system: "Be brief.", greeting, budgetTokens });
}

/** `user: Hello` for each message. */
function lines(messages: readonly ChatMessage[]): string[] {
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

/** One question and its whole answer. */
function exchange(talk: Conversation, user: string, answer: string): number {
  talk.hear(user);
  const turn = talk.beginTurn();
  talk.say(turn, answer);
  return turn;
}

const call: ToolCall = {
  id: "a1",
  name: "hours",
  argumentsText: '{"day":"Monday"}',
  arguments: { kind: "object", value: { day: "Monday" } },
};

describe("conversation", () => {
  test("begins with the system prompt and the greeting", () => {
    const talk = conversation(1000, "Good day.");
    exchange(talk, "Hello", "Hello to you.");
    expect(lines(talk.messages())).toEqual([
      'system: Be brief.\n\nYou have answered the call with these words: "Good day."',
      "user: Hello",
      "assistant: Hello to you.",
    ]);
    const bare = new Conversation({ system: "", greeting: "Good day.", budgetTokens: 1000 });
    bare.heard(0, 5);
    expect(lines(bare.messages())).toEqual([
      'system: You have answered the call with these words: "Good…"',
    ]);
    bare.heard(0, 0);
    expect(bare.messages()).toEqual([]);
    expect(new Conversation({ system: "", budgetTokens: 1000 }).messages()).toEqual([]);
  });

  test("several transcripts before the answer are one question", () => {
    const talk = conversation();
    talk.hear("I would like");
    talk.hear("to know");
    talk.beginTurn();
    talk.hear("when you open.");
    talk.beginTurn();
    expect(lines(talk.messages()).slice(1)).toEqual(["user: I would like to know when you open."]);
  });

  test("an answer of which nothing was heard is void, and its question goes on", () => {
    const talk = conversation();
    const turn = exchange(talk, "When", "We open at nine.");
    talk.heard(turn, 0);
    expect(talk.isOwed).toBe(true);
    talk.hear("on Monday?");
    talk.beginTurn();
    expect(lines(talk.messages()).slice(1)).toEqual(["user: When on Monday?"]);
  });

  test("of an interrupted answer stays what was heard, also when that is told later", () => {
    const talk = conversation();
    const turn = exchange(talk, "When?", "We open at nine in the morning.");
    talk.heard(turn, 3);
    exchange(talk, "And today?", "At ten.");
    talk.heard(turn, 16);
    expect(lines(talk.messages()).slice(1)).toEqual([
      "user: When?",
      "assistant: We open at nine…",
      "user: And today?",
      "assistant: At ten.",
    ]);
  });

  test("of a void answer stays what was heard, when that is told after its question went on", () => {
    const talk = conversation();
    const turn = exchange(talk, "When", "We open at nine.");
    talk.heard(turn, 0);
    exchange(talk, "on Monday?", "At ten.");
    talk.heard(turn, 7);
    expect(lines(talk.messages()).slice(1)).toEqual([
      "user: When",
      "assistant: We open…",
      "user: on Monday?",
      "assistant: At ten.",
    ]);
  });

  test("of an answer to a question that was asked again stays what was heard before", () => {
    const talk = conversation();
    const turn = exchange(talk, "When?", "We open at nine.");
    talk.heard(turn, 0);
    talk.say(talk.beginTurn(), "At nine.");
    talk.heard(turn, 7);
    expect(lines(talk.messages()).slice(1)).toEqual([
      "user: When?",
      "assistant: We open… At nine.",
    ]);
  });

  test("a question that is asked again and again does not grow", () => {
    const talk = conversation();
    talk.hear("When?");
    for (let count = 0; count < 100; count += 1) {
      const turn = talk.beginTurn();
      talk.say(turn, `We open at ${count}.`);
      talk.heard(turn, 0);
    }
    talk.heard(1, 10);
    expect(lines(talk.messages()).slice(1)).toEqual(["user: When?"]);
    for (let turn = 1; turn <= 100; turn += 1) talk.heard(turn, 10);
    expect(
      lines(talk.messages())
        .slice(1)
        .join()
        .match(/We open/g),
    ).toHaveLength(8);
  });

  test("words of another turn than the present one change nothing", () => {
    const talk = conversation();
    const old = exchange(talk, "When?", "At nine.");
    exchange(talk, "Where?", "Here.");
    talk.say(old, " Stale.");
    talk.acted(old, "protocol", [{ call, content: "stale" }]);
    talk.heard(99, 1);
    expect(lines(talk.messages()).slice(1)).toEqual([
      "user: When?",
      "assistant: At nine.",
      "user: Where?",
      "assistant: Here.",
    ]);
  });

  test("tool calls stand with their results, in both conventions", () => {
    const talk = conversation();
    talk.hear("When?");
    const first = talk.beginTurn();
    talk.say(first, "Let me see.");
    talk.acted(first, "protocol", [{ call, content: "9 to 6" }]);
    expect(talk.isOwed).toBe(true);
    talk.say(first, "From nine.");
    talk.hear("And now?");
    const second = talk.beginTurn();
    talk.acted(second, "text", [{ call, content: "open" }]);
    expect(talk.messages().slice(1)).toEqual([
      { role: "user", content: "When?" },
      { role: "assistant", content: "Let me see.", toolCalls: [call] },
      { role: "tool", callId: "a1", content: "9 to 6" },
      { role: "assistant", content: "From nine." },
      { role: "user", content: "And now?" },
      { role: "assistant", content: '[[hours {"day":"Monday"}]]' },
      { role: "user", content: "[[result of hours]] open" },
    ]);
  });

  test("what was heard is counted over all that was said in a turn", () => {
    const talk = conversation();
    talk.hear("When?");
    const turn = talk.beginTurn();
    talk.say(turn, "Let me see.");
    talk.acted(turn, "protocol", [{ call, content: "9 to 6" }]);
    talk.say(turn, "From nine to six.");
    talk.heard(turn, "Let me see.".length + 9);
    expect(lines(talk.messages()).slice(2)).toEqual([
      "assistant: Let me see.",
      "tool: 9 to 6",
      "assistant: From nine…",
    ]);
    expect(talk.isOwed).toBe(false);
  });
});

describe("an answer that goes on", () => {
  const words = "We open at nine, and on Sunday at ten.";

  test("is one answer in the history, of which the words of both turns were heard", () => {
    const talk = conversation();
    const first = exchange(talk, "When?", words);
    talk.heard(first, 22);
    const second = talk.resumeTurn(17, words.length);
    expect(second).toBe(first + 1);
    expect(talk.saidChars(second)).toBe(words.length - 17);
    expect(lines(talk.messages()).at(-1)).toBe(`assistant: ${words}`);
    talk.heard(second, 13);
    expect(lines(talk.messages()).at(-1)).toBe("assistant: We open at nine, and on Sunday…");
  });

  test("late reports of its first turn count for that turn only", () => {
    const talk = conversation();
    const first = exchange(talk, "When?", words);
    talk.heard(first, 20);
    const second = talk.resumeTurn(17, words.length);
    talk.heard(second, 0);
    talk.heard(first, 8);
    expect(lines(talk.messages()).at(-1)).toBe("assistant: We open…");
    talk.heard(second, 3);
    talk.heard(first, 2);
    expect(lines(talk.messages()).at(-1)).toBe("assistant: We open at nine, and…");
  });

  test("is asked for where the model had not finished, without the word it was writing", () => {
    const talk = conversation();
    const first = exchange(talk, "When?", "We open at ni");
    const second = talk.resumeTurn(0, "We open at ".length);
    expect(second).toBe(first + 1);
    talk.goOn(second);
    const request = "user: (The caller said nothing. Go on where you stopped.)";
    expect(lines(talk.messages()).slice(1)).toEqual([
      "user: When?",
      "assistant: We open at",
      request,
    ]);
    talk.say(second, "nine.");
    expect(lines(talk.messages()).slice(3)).toEqual([request, "assistant: nine."]);
    talk.heard(second, 8);
    expect(lines(talk.messages()).slice(1)).toEqual(["user: When?", "assistant: We open…"]);
    expect(talk.isOwed).toBe(false);
  });

  test("after tools is not asked for, since the model goes on anyway", () => {
    const talk = conversation();
    const first = exchange(talk, "When?", "Let me see.");
    talk.acted(first, "protocol", [{ call, content: "9 to 6" }]);
    talk.goOn(talk.resumeTurn(0, 11));
    expect(talk.messages().at(-1)).toEqual({ role: "tool", callId: "a1", content: "9 to 6" });
  });
});

describe("the budget", () => {
  const long = "word ".repeat(80).trim();

  test("drops the oldest questions with their answers, and never the present one", () => {
    const talk = conversation(500);
    for (let count = 0; count < 10; count += 1) exchange(talk, `${count} ${long}`, `${count} yes`);
    talk.hear(`now ${long}`);
    talk.beginTurn();
    const users = lines(talk.messages()).filter((line) => line.startsWith("user"));
    expect(users.at(-1)).toStartWith("user: now");
    expect(talk.messages()[1]?.role).toBe("user");
    expect(users.length).toBeLessThan(6);
    expect(talk.droppedExchanges).toBe(11 - users.length);
  });

  test("drops no part of a question that came in several turns, up to what one may have", () => {
    const talk = conversation(128);
    for (let count = 0; count < 5; count += 1) exchange(talk, `${count} ${long}`, "Yes.");
    for (const part of ["first", "second", "third"]) {
      talk.hear(`${part} ${long}`);
      talk.beginTurn();
    }
    expect(lines(talk.messages()).slice(1)).toEqual([
      `user: first ${long} second ${long} third ${long}`,
    ]);
    for (let count = 0; count < 30; count += 1) {
      talk.hear(`${count} ${long}`);
      talk.beginTurn();
    }
    const question = talk.messages()[1]?.content ?? "";
    expect(question.length).toBeLessThan(4100);
    expect(question).toEndWith(`29 ${long}`);
  });

  test("is not crossed by the estimate, and is left alone for some turns after dropping", () => {
    const talk = conversation(500);
    const firsts = new Set<string>();
    for (let count = 0; count < 20; count += 1) {
      talk.hear(`${count} ${long.slice(0, 100)}`);
      talk.say(talk.beginTurn(), "Yes.");
      const messages = lines(talk.messages());
      expect(messages.join("").length / 4).toBeLessThan(500);
      firsts.add(messages[1] ?? "");
    }
    expect(firsts.size).toBeLessThan(8);
  });

  test("follows what the server counts", () => {
    const talk = conversation(500);
    for (let count = 0; count < 3; count += 1) exchange(talk, `${count} ${long}`, "Yes.");
    expect(talk.messages()).toHaveLength(7);
    // One token for each character, as with models of bytes.
    for (let count = 0; count < 5; count += 1) {
      const chars = lines(talk.messages()).join("").length;
      talk.calibrate(chars + 6 * talk.messages().length);
    }
    expect(talk.messages().length).toBeLessThan(7);
  });

  test("shrinks when the server says that it has less, as long as there is something to drop", () => {
    const talk = conversation(100_000);
    for (let count = 0; count < 8; count += 1) exchange(talk, `${count} ${long}`, "Yes.");
    expect(talk.shrink()).toBe(true);
    expect(talk.messages().length).toBeLessThan(9);
    while (talk.shrink());
    expect(lines(talk.messages()).slice(1)).toEqual([`user: 7 ${long}`, "assistant: Yes."]);
  });

  test("no text of any length gets in whole", () => {
    const talk = conversation();
    talk.hear("x".repeat(10 << 20));
    talk.hear("the end");
    const turn = talk.beginTurn();
    for (let count = 0; count < 100; count += 1) talk.say(turn, "y".repeat(10_000));
    talk.acted(turn, "protocol", [{ call, content: "z".repeat(1 << 20) }]);
    const contents = talk.messages().map((message) => message.content);
    expect(contents.map((content) => content.length)).toEqual([9, 4000, 20_000, 2001]);
    expect(contents[1]).toEndWith("the end");
  });
});
