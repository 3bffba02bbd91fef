import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { AnswerEnd, ToolDeclaration } from "../../../src/llama-bridge/chat/chat-messages.ts";
import {
  calls,
  deltaChunk,
  eventText,
  refuses,
  says,
  ScriptedChatServer,
} from "../../fakes/scripted-chat-server.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { until } from "../../fakes/until.ts";
import { AskedAnswer, question, testClient } from "./asked-answer.ts";

setDefaultTimeout(30_000);

let server: ScriptedChatServer;

beforeEach(() => void (server = new ScriptedChatServer()));
afterEach(() => server[Symbol.dispose]());

function failureOf(end: AnswerEnd): string {
  if (end.kind !== "failed") throw new Error(`the answer is ${end.kind}`);
  return `${end.failure.kind}: ${end.failure.message}; ${end.failure.hint}`;
}

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

describe("a server that says no", () => {
  test.each([
    [
      404,
      { error: { message: "model 'tiny' not found" } },
      'refused: the chat server at HOST answered 404: "model \'tiny\' not found"; check that the server has the model "tiny" and speaks the OpenAI convention at this address',
    ],
    [
      401,
      { error: { message: "Invalid API Key" } },
      'refused: the chat server at HOST answered 401: "Invalid API Key"; set the server\'s key in WILDFIRE_LLAMA_KEY',
    ],
    [
      503,
      { error: { code: 503, message: "Loading model" } },
      'loading: the chat server at HOST answered 503: "Loading model"; wait until it has read its model',
    ],
    [
      400,
      { error: { type: "exceed_context_size_error", message: "too many tokens" } },
      'too-long: the chat server at HOST answered 400: "too many tokens"; start the server with more context or lower the token budget',
    ],
    [
      500,
      { detail: "out of memory\n\u001b[31mnow" },
      'refused: the chat server at HOST answered 500: "out of memory [31mnow"; look into the server\'s own log',
    ],
  ])("%d is one line that quotes it and says what to do", async (status, body, line) => {
    server.script(refuses(status, body));
    const { client, memory } = testClient(server.url);
    const end = await new AskedAnswer(client).end;
    expect(failureOf(end)).toBe(line.replace("HOST", new URL(server.url).host));
    expect(memory.text().split("\n")).toHaveLength(1);
    expect(server.answers).toHaveLength(1);
  });

  test("429 tells when it may be asked again", async () => {
    server.script(refuses(429, { error: "slow down" }, { "retry-after": "7" }));
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(end).toMatchObject({ failure: { kind: "overloaded", retryAfterMs: 7000 } });
    expect(failureOf(end)).toContain("wants 7 s of rest");
  });

  test("its key is in no error and no log, also when the server repeats it", async () => {
    const key = "sk-very-secret";
    server.script(refuses(401, { error: { message: `Incorrect API key provided: ${key}` } }));
    const { client, memory } = testClient(server.url, { key });
    const end = await new AskedAnswer(client).end;
    expect(failureOf(end)).toContain("Incorrect API key provided: [key]");
    expect(JSON.stringify(end) + JSON.stringify(memory.records)).not.toContain(key);
  });

  test("what was asked is in no error and no log, also when the server repeats it", async () => {
    const words = 'My "number" is 5551234, please call me back on Monday.';
    const message = `cannot read {"role":"user","content":${JSON.stringify(words).slice(0, 40)}`;
    server.script(refuses(400, { error: { message } }));
    const { client, memory } = testClient(server.url);
    const messages = [{ role: "user", content: words }] as const;
    const end = await new AskedAnswer(client, { messages }).end;
    expect(failureOf(end)).toContain("cannot read");
    expect(failureOf(end)).toContain("[what was asked]");
    expect(JSON.stringify(end) + JSON.stringify(memory.records)).not.toContain("5551234");
  });

  test("an error object in the stream ends the answer", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "We are" });
      answer.event({ error: { code: 500, message: "context shift is disabled" } });
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(failureOf(await asked.end)).toContain('in its answer: "context shift is disabled"');
    expect(asked.text).toBe("We are");
  });

  test("a redirection is no answer", async () => {
    server.script(refuses(302, {}, { location: "http://127.0.0.1:1/" }));
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain("configure the address to which the server points");
  });
});

describe("content that is no answer", () => {
  const head = { headers: { "content-type": "text/html" } };
  test("another type than promised", async () => {
    server.script((answer) => {
      answer.head(head);
      answer.write("<html>welcome</html>");
      answer.end();
    });
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain('sent "content of type text/html in place of an answer"');
  });

  test("an event that is no JSON", async () => {
    server.script((answer) => {
      answer.head();
      answer.write("data: {oops\n\n");
    });
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain("an event that is no JSON");
    await server.answers[0]?.closed;
  });

  test("a line of 10 MiB is given up early", async () => {
    server.script((answer) => {
      answer.head();
      answer.write(`data: ${"x".repeat(10 << 20)}`);
    });
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain("an event of more than 1048576 characters");
    await server.answers[0]?.closed;
  });

  test("JSON of any shape, event by event", async () => {
    server.script((answer) => {
      answer.head();
      const shapes = [null, 1, [], "x", { choices: 3 }, { choices: [null] }, { choices: [{}] }];
      for (const shape of shapes) answer.write(`data: ${JSON.stringify(shape)}\n\n`);
      answer.event({ choices: [{ delta: { content: 7, tool_calls: "no" }, finish_reason: 9 }] });
      answer.event({ usage: { prompt_tokens: -1, completion_tokens: "many" } });
      answer.done();
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete", finish: "unknown", hasBegun: false });
    expect(asked.text).toBe("");
  });

  test("events that never end are cut off by their bytes", async () => {
    const comment = `: ${"x".repeat(1 << 16)}\n`;
    server.script(async (answer) => {
      answer.head();
      for (let count = 0; count < 400; count += 1) {
        answer.write(comment);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain("more than 16777216 bytes");
  });
});

describe("a failure before the first byte", () => {
  test("is tried once more, and the answer comes", async () => {
    server.script((answer) => answer.breakOff(), says(["Here."]));
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete", figures: { retries: 1 } });
    expect(asked.text).toBe("Here.");
  });

  test("is tried no more than once", async () => {
    server.script((answer) => answer.breakOff());
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain("unreachable: ");
    expect(server.answers).toHaveLength(2);
  });

  test("a server that is away is named with what to do", async () => {
    server.stop();
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toMatch(
      /^unreachable: the chat server at 127\.0\.0\.1:\d+ cannot be reached: ECONNREFUSED \(errno 111\); start it, or check its address and port$/,
    );
  });

  test("one after it is not tried again", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "We are" });
      setTimeout(() => answer.breakOff(), 5);
    });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(failureOf(await asked.end)).toContain("broke off in mid-answer");
    expect(asked.text).toBe("We are");
    expect(server.answers).toHaveLength(1);
  });

  test("a stream that ends in order but without its end is broken too", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "We are" });
      answer.end();
    });
    const end = await new AskedAnswer(testClient(server.url).client).end;
    expect(failureOf(end)).toContain("the stream ended before the answer");
  });
});

describe("time limits", () => {
  test("nothing of an answer within 20 s, whatever else is sent", async () => {
    const clock = new FakeClock();
    server.script((answer) => {
      answer.head();
      answer.write(": still working\n\n");
      answer.delta({ role: "assistant", content: null });
    });
    const asked = new AskedAnswer(testClient(server.url, { clock }).client);
    await until(() => server.answers.length === 1, "the request");
    clock.advance(19_999);
    expect(asked.isOver).toBe(false);
    clock.advance(1);
    expect(failureOf(await asked.end)).toContain("sent nothing of an answer within 20 s");
    await server.answers[0]?.closed;
    expect(clock.timers).toBe(0);
  });

  test("silence of 10 s between two pieces; each piece begins it anew", async () => {
    const clock = new FakeClock();
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "one" });
    });
    const asked = new AskedAnswer(testClient(server.url, { clock }).client);
    await asked.began();
    clock.advance(9000);
    server.answers[0]?.delta({ content: "two" });
    await until(() => asked.texts.length === 2, "the second piece");
    clock.advance(9999);
    expect(asked.isOver).toBe(false);
    clock.advance(1);
    expect(failureOf(await asked.end)).toContain("fell silent in mid-answer within 10 s");
  });

  test("an answer of more than 120 s", async () => {
    const clock = new FakeClock();
    server.script((answer) => answer.head());
    const asked = new AskedAnswer(testClient(server.url, { clock }).client);
    await until(() => server.answers.length === 1, "the request");
    for (let second = 0; second < 120 && !asked.isOver; second += 8) {
      const told = asked.texts.length;
      server.answers[0]?.delta({ content: "on and " });
      await until(() => asked.texts.length > told, "a piece");
      clock.advance(8000);
    }
    expect(failureOf(await asked.end)).toContain(
      "did not come to an end of its answer within 120 s",
    );
  });

  test("no connection within 3 s", async () => {
    const clock = new FakeClock();
    server.script((answer) => answer.head());
    const asked = new AskedAnswer(testClient(server.url, { clock }).client);
    // The event loop has had no turn yet in which a connection could open.
    clock.advance(3000);
    expect(failureOf(await asked.end)).toContain("unreachable: ");
    expect(failureOf(await asked.end)).toContain("accepted no connection within 3 s");
    expect(clock.timers).toBe(0);
  });

  test("a server that takes its time is reached, though it has not answered", async () => {
    server.script(async (answer) => {
      await until(() => server.connections > 1, "a second connection");
      await says(["Here."])(answer);
    });
    const limits = { connectMs: 400 };
    const asked = new AskedAnswer(testClient(server.url, { limits }).client);
    expect(await asked.end).toMatchObject({ kind: "complete" });
    expect(server.answers).toHaveLength(1);
  });
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
