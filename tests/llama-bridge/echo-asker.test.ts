import { describe, expect, test } from "bun:test";
import type { AnswerEnd, ChatMessage } from "../../src/llama-bridge/chat/chat-messages.ts";
import { EchoAsker } from "../../src/llama-bridge/echo-asker.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

interface Asked {
  readonly end: AnswerEnd;
  readonly pieces: readonly string[];
}

interface Asking {
  readonly clock?: FakeClock;
  readonly maxChars?: number;
  /** Told of each piece. */
  readonly onPiece?: (pieces: number, controller: AbortController) => void;
}

async function ask(messages: readonly ChatMessage[], asking: Asking = {}): Promise<Asked> {
  const { clock = new FakeClock(), maxChars, onPiece } = asking;
  const controller = new AbortController();
  const pieces: string[] = [];
  const asker = new EchoAsker(clock, maxChars);
  onPiece?.(0, controller);
  const end = await asker.ask({
    messages,
    tools: [],
    sink: {
      text: (delta) => {
        pieces.push(delta);
        onPiece?.(pieces.length, controller);
      },
      toolCall: () => {
        throw new Error("the echo calls no tools");
      },
    },
    signal: controller.signal,
  });
  return { end, pieces };
}

function user(content: string): ChatMessage {
  return { role: "user", content };
}

const sentence = "What are your opening hours on Monday, please, and do you speak German as well?";

describe("the echo", () => {
  test("says the words of the last message of the user, and nothing else", async () => {
    const { pieces, end } = await ask([
      { role: "system", content: "You are polite." },
      user("first"),
      { role: "assistant", content: "first" },
      user(" second  words\n"),
      { role: "assistant", content: "so far" },
    ]);
    expect(pieces.join("")).toBe("second  words");
    expect(end).toMatchObject({ kind: "complete", finish: "stop", hasBegun: true });
  });

  test("says a sentence in a few pieces that end behind a space", async () => {
    const { pieces } = await ask([user(sentence)]);
    expect(pieces.join("")).toBe(sentence);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.length).toBeLessThanOrEqual(6);
    for (const piece of pieces.slice(0, -1)) expect(piece).toEndWith(" ");
  });

  test("says a long text in few pieces too, and one without spaces in one", async () => {
    expect((await ask([user("word ".repeat(3000))])).pieces.length).toBeLessThanOrEqual(6);
    expect((await ask([user("x".repeat(3000))])).pieces).toEqual(["x".repeat(3000)]);
  });

  test.each([
    [[]],
    [[user("")]],
    [[user(" \n\t ")]],
    [[{ role: "system", content: "x" } as const]],
  ])("to %j says nothing, which is a complete answer", async (messages) => {
    const { pieces, end } = await ask(messages);
    expect(pieces).toEqual([]);
    expect(end).toEqual({
      kind: "complete",
      finish: "stop",
      hasBegun: false,
      figures: { totalMs: 0, tokens: 0, tokensPerSecond: 0, retries: 0 },
    });
  });

  test("says no more than an answer may have, and no half character", async () => {
    const { pieces, end } = await ask([user("ab \u{1F600}\u{1F600}")], { maxChars: 6 });
    expect(pieces.join("")).toBe("ab \u{1F600}");
    expect(end).toMatchObject({ kind: "complete", finish: "limit" });
    expect((await ask([user("x".repeat(100_000))])).pieces.join("")).toHaveLength(20_000);
  });
});

describe("a cancelled echo", () => {
  test.each([0, 1, 2])("says nothing more after %i pieces", async (limit) => {
    const { pieces, end } = await ask([user(sentence)], {
      onPiece: (count, controller) => {
        if (count === limit) controller.abort();
      },
    });
    expect(pieces).toHaveLength(limit);
    expect(end).toMatchObject({ kind: "cancelled", hasBegun: limit > 0 });
    expect(end.figures.tokens).toBe(limit);
  });

  test("is one too when the signal comes between two pieces, or with the last one", async () => {
    const between = await ask([user(sentence)], {
      onPiece: (count, controller) => {
        if (count === 1) queueMicrotask(() => controller.abort());
      },
    });
    expect(between.pieces).toHaveLength(1);
    expect(between.end.kind).toBe("cancelled");
    const last = await ask([user("word")], { onPiece: (_, controller) => controller.abort() });
    expect(last.end.kind).toBe("cancelled");
  });
});

test("the figures tell the time to the first piece and the pace of the others", async () => {
  const clock = new FakeClock();
  const { end, pieces } = await ask([user(sentence)], { clock, onPiece: () => clock.advance(10) });
  // The first call of onPiece comes before asking; the last piece costs its 10 ms as well.
  expect(end.figures).toEqual({
    firstTokenMs: 0,
    totalMs: 10 * pieces.length,
    tokens: pieces.length,
    tokensPerSecond: 100,
    retries: 0,
  });
});
