import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ChatMessage, ToolCall } from "../../../src/llama-bridge/chat/chat-messages.ts";
import { Conversation } from "../../../src/llama-bridge/conversation/conversation.ts";
import { alternating } from "../../../src/llama-bridge/conversation/strict-messages.ts";
import { SeededRandom } from "../../fuzz/seeded-random.ts";
import { expectStrict } from "./strict-order.ts";

setDefaultTimeout(60_000);

const call: ToolCall = {
  id: "a1",
  name: "hours",
  argumentsText: "{}",
  arguments: { kind: "object", value: {} },
};

function user(content: string): ChatMessage {
  return { role: "user", content };
}

function assistant(content: string): ChatMessage {
  return { role: "assistant", content };
}

const called: ChatMessage = { role: "assistant", content: "", toolCalls: [call] };
const result: ChatMessage = { role: "tool", callId: "a1", content: "9 to 6" };

describe("the order of messages", () => {
  test("messages of one role become one, marks of tools on lines of their own", () => {
    expect(
      alternating([
        user("a"),
        user("b"),
        assistant("c"),
        assistant("d"),
        user("[[result of x]] y"),
        user("z"),
      ]),
    ).toEqual([user("a b"), assistant("c d"), user("[[result of x]] y\nz")]);
  });

  test("words before a call belong to it", () => {
    expect(alternating([user("a"), assistant("b"), called, result, assistant("c")])).toEqual([
      user("a"),
      { role: "assistant", content: "b", toolCalls: [call] },
      result,
      assistant("c"),
    ]);
  });

  test("between the result of a tool and a question there is an answer", () => {
    expect(alternating([user("a"), called, result, user("b")])).toEqual([
      user("a"),
      called,
      result,
      assistant("…"),
      user("b"),
    ]);
  });

  test("the user is first", () => {
    expect(alternating([assistant("a"), result, user("b")])).toEqual([user("b")]);
    expect(alternating([])).toEqual([]);
  });
});

type Event = (talk: Conversation, random: SeededRandom) => void;

const events: readonly [Event, ...Event[]] = [
  (talk, random) => talk.hear(`question ${random.between(1, 99)}`),
  (talk, random) => talk.hear(`and ${random.between(1, 99)}`),
  (talk) => void (talk.isOwed && talk.beginTurn()),
  (talk) => void (talk.isOwed && talk.beginTurn()),
  (talk, random) => talk.say(talk.turn, random.pick([" ", "We open at nine, or ten. ", "Yes."])),
  (talk, random) => {
    if (talk.turn === 0) return;
    talk.acted(talk.turn, random.pick(["protocol", "text"]), [{ call, content: "9 to 6" }]);
  },
  (talk, random) => {
    const turn = random.between(Math.max(0, talk.turn - 3), talk.turn + 1);
    talk.heard(turn, random.pick([0, 3, 8, 20, 99]));
  },
  (talk, random) => talk.heard(talk.turn, random.pick([0, 3, 8, 20])),
  (talk, random) => {
    const to = random.between(0, talk.saidChars(talk.turn));
    const isGreeting = talk.messages().every(({ role }) => role === "system");
    const turn = talk.resumeTurn(random.between(0, to), to);
    if (!isGreeting && random.unit() < 0.5) talk.goOn(turn);
  },
  (talk, random) => void (random.unit() < 0.1 && talk.shrink()),
];

test("whatever happens in a call, user and assistant take turns", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = new SeededRandom(seed);
    const talk = new Conversation({
      system: random.pick(["", "Be brief."]),
      greeting: random.pick(["", "Good day, how can I help?"]),
      budgetTokens: random.pick([128, 300, 10_000]),
    });
    for (let step = 0; step < 80; step += 1) {
      random.pick(events)(talk, random);
      expectStrict(talk.messages());
    }
  }
});
