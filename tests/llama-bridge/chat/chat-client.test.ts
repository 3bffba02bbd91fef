import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ToolDeclaration } from "../../../src/llama-bridge/chat/chat-messages.ts";
import {
  calls,
  deltaChunk,
  eventText,
  says,
  ScriptedChatServer,
} from "../../fakes/scripted-chat-server.ts";
import { until } from "../../fakes/until.ts";
import { AskedAnswer, question, testClient } from "./asked-answer.ts";

setDefaultTimeout(30_000);

let server: ScriptedChatServer;

beforeEach(() => void (server = new ScriptedChatServer()));
afterEach(() => server[Symbol.dispose]());

describe("a good answer", () => {
  test("is told piece by piece, with what the server says of it", async () => {
    server.script(says(["We are ", "open ", "until six."], { promptTokens: 21 }));
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({
      kind: "complete",
      finish: "stop",
      usage: { promptTokens: 21, answerTokens: 3 },
      hasBegun: true,
      figures: { tokens: 3, retries: 0 },
    });
    expect(asked.texts).toEqual(["We are ", "open ", "until six."]);
  });

  test("is asked for as configured; what is not configured is left to the server", async () => {
    server.script(says(["Yes."]));
    const tools: ToolDeclaration[] = [
      { name: "hang_up", description: "Ends the call.", parameters: { type: "object" } },
    ];
    const { client } = testClient(`${server.url}/v1/`, {
      model: "qwen",
      key: "sk-secret",
      temperature: 0.2,
      seed: 7,
      maxTokens: 99,
      stop: ["a", "b", "c", "d", "e"],
      headers: { "x-site": "front desk" },
    });
    await new AskedAnswer(client, { tools }).end;
    await new AskedAnswer(testClient(server.url).client).end;
    const [first, second] = server.answers;
    expect(first?.path).toBe("/v1/chat/completions");
    expect(first?.headers.get("authorization")).toBe("Bearer sk-secret");
    expect(first?.headers.get("connection")).toBe("close");
    expect(first?.headers.get("x-site")).toBe("front desk");
    expect(first?.asked).toMatchObject({
      model: "qwen",
      stream: true,
      temperature: 0.2,
      seed: 7,
      max_tokens: 99,
      stop: ["a", "b", "c", "d"],
      tools: [{ type: "function", function: { name: "hang_up" } }],
    });
    expect(Object.keys(Object(second?.asked)).toSorted()).toEqual([
      "cache_prompt",
      "messages",
      "model",
      "stream",
      "stream_options",
    ]);
  });

  test("tool calls and their results go back in the words of the convention", async () => {
    server.script(says(["Yes."]));
    const call = {
      id: "a1",
      name: "hours",
      argumentsText: '{"day":"Monday"}',
      arguments: { kind: "object", value: { day: "Monday" } },
    } as const;
    await new AskedAnswer(testClient(server.url).client, {
      messages: [
        ...question,
        { role: "assistant", content: "", toolCalls: [call] },
        { role: "tool", callId: "a1", content: "9 to 6" },
      ],
    }).end;
    expect(server.answers[0]?.messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        tool_calls: [
          {
            id: "a1",
            type: "function",
            function: { name: "hours", arguments: '{"day":"Monday"}' },
          },
        ],
      },
      { role: "tool", tool_call_id: "a1", content: "9 to 6" },
    ]);
  });

  test.each([1, 2, 3, 7, 64])("survives being cut every %d bytes", async (pieceBytes) => {
    const text = "Grüße aus Zürich: 5 € 👋 日本";
    server.script(async (answer) => {
      answer.head();
      const events = Array.from(text, (char) => eventText(deltaChunk({ content: char }))).join("");
      const end = eventText({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
      await answer.writeCut(`: a comment\r\n\r\n${events}${end}`, pieceBytes);
      answer.done();
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete", finish: "stop" });
    expect(asked.text).toBe(text);
  });

  test("a character whose halves come in two pieces is whole, broken bytes are U+FFFD", async () => {
    server.script((answer) => {
      answer.head();
      answer.write('data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n');
      answer.write('data: {"choices":[{"delta":{"content":"\\udc4bb\\ud83d c"}}]}\n\n');
      answer.write(
        Buffer.concat([
          Buffer.from('data: {"choices":[{"finish_reason":"stop","delta":{"content":"'),
          Buffer.from([0xff, 0xc3, 0x28]),
          Buffer.from('"}}]}\n\n'),
        ]),
      );
      answer.done();
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete" });
    expect(asked.texts).toEqual(["a", "👋b\ufffd c", "\ufffd\ufffd("]);
  });

  test("may come whole from a server that does not stream", async () => {
    server.script((answer) => {
      answer.head({ headers: { "content-type": "application/json; charset=utf-8" } });
      answer.write(
        JSON.stringify({
          choices: [{ message: { role: "assistant", content: "Yes." }, finish_reason: "stop" }],
          usage: { prompt_tokens: 3, completion_tokens: 2 },
        }),
      );
      answer.end();
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete", usage: { answerTokens: 2 } });
    expect(asked.text).toBe("Yes.");
  });

  test("needs no [DONE] where the server has said why it stops", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "Yes." });
      answer.finish("length");
      answer.end();
    });
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(end).toMatchObject({ kind: "complete", finish: "length" });
  });

  test("thoughts of the model are signs of life, and not told", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ reasoning_content: "They ask for hours." });
      answer.delta({ content: "Until six." });
      answer.finish("stop");
      answer.done();
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete", figures: { tokens: 2 } });
    expect(asked.text).toBe("Until six.");
  });

  test("ends at the limit of characters, and the server is told", async () => {
    server.script((answer) => {
      answer.head();
      for (let count = 0; count < 200; count += 1) answer.delta({ content: "ever and " });
    });
    const asked = new AskedAnswer(testClient(server.url, { maxAnswerChars: 100 }).client);
    expect(await asked.end).toMatchObject({ kind: "complete", finish: "limit" });
    expect(asked.text).toHaveLength(100);
    await server.answers[0]?.closed;
  });
});

test("tool calls come after the text, complete", async () => {
  server.script(calls("transfer", { to: "sales" }, "One moment."));
  const asked = new AskedAnswer(testClient(server.url).client);
  expect(await asked.end).toMatchObject({ kind: "complete", finish: "tool-calls" });
  expect(asked.text).toBe("One moment.");
  expect(asked.calls).toMatchObject([
    { id: "a1", name: "transfer", arguments: { kind: "object", value: { to: "sales" } } },
  ]);
});

describe("cancelling", () => {
  test("ends the answer at once, tells nothing more, and closes the connection", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "We are" });
    });
    const { client, memory } = testClient(server.url);
    const asked = new AskedAnswer(client);
    await asked.began();
    asked.abort.abort();
    server.answers[0]?.delta({ content: " open" });
    expect(await asked.end).toMatchObject({ kind: "cancelled", hasBegun: true });
    await server.answers[0]?.closed;
    expect(asked.text).toBe("We are");
    expect(memory.records).toEqual([]);
  });

  test("before the server has answered, and before anything is asked", async () => {
    server.script((answer) => void answer.closed);
    const { client } = testClient(server.url);
    const asked = new AskedAnswer(client);
    await until(() => server.answers.length === 1, "the request");
    asked.abort.abort();
    expect(await asked.end).toMatchObject({ kind: "cancelled", hasBegun: false });
    await server.answers[0]?.closed;
    const late = new AskedAnswer(client, { signal: AbortSignal.abort() });
    expect(await late.end).toMatchObject({ kind: "cancelled" });
    expect(server.answers).toHaveLength(1);
  });

  test("in the middle of a piece: what is in the same packet is not told", async () => {
    server.script(says(["one ", "two ", "three"]));
    const abort = new AbortController();
    const texts: string[] = [];
    const { client } = testClient(server.url);
    const end = await client.ask({
      messages: question,
      tools: [],
      sink: {
        text: (delta) => {
          texts.push(delta);
          abort.abort();
        },
        toolCall: () => undefined,
      },
      signal: abort.signal,
    });
    expect(end.kind).toBe("cancelled");
    expect(texts).toEqual(["one "]);
  });
});
