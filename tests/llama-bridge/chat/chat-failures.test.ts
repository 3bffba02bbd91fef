import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { refuses, says, ScriptedChatServer } from "../../fakes/scripted-chat-server.ts";
import { AskedAnswer, testClient, failureOf } from "./asked-answer.ts";

setDefaultTimeout(30_000);

let server: ScriptedChatServer;

beforeEach(() => void (server = new ScriptedChatServer()));
afterEach(() => server[Symbol.dispose]());

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
