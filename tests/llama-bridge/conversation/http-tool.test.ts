import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  httpTool,
  type HttpToolOptions,
} from "../../../src/llama-bridge/conversation/http-tool.ts";
import type { Tool, ToolOutcome } from "../../../src/llama-bridge/conversation/tool.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { refuses, ScriptedChatServer } from "../../fakes/scripted-chat-server.ts";
import { until } from "../../fakes/until.ts";

setDefaultTimeout(30_000);

let server: ScriptedChatServer;
let clock: FakeClock;

beforeEach(() => {
  server = new ScriptedChatServer();
  clock = new FakeClock();
});
afterEach(() => server[Symbol.dispose]());

const idle = new AbortController().signal;

function tool(options: Partial<HttpToolOptions>): Tool {
  return httpTool(
    {
      name: "order",
      description: "Looks an order up.",
      parameters: { type: "object" },
      url: `${server.url}/orders?site=1`,
      method: "GET",
      ...options,
    },
    clock,
  );
}

async function run(
  args: Readonly<Record<string, unknown>>,
  options: Partial<HttpToolOptions> = {},
  signal: AbortSignal = idle,
): Promise<ToolOutcome> {
  return await tool(options).run(args, signal);
}

describe("an HTTP tool", () => {
  test("asks with the arguments in the query", async () => {
    server.script(refuses(200, { state: "sent" }));
    expect(await run({ id: "7&x=/..", list: [1] }, { headers: { "x-key": "k" } })).toEqual({
      kind: "result",
      text: '{"state":"sent"}',
    });
    expect(server.answers[0]?.path).toBe("/orders?site=1&id=7%26x%3D%2F..&list=%5B1%5D");
    expect(server.answers[0]?.headers.get("x-key")).toBe("k");
    expect(clock.timers).toBe(0);
  });

  test("asks with the arguments in a body", async () => {
    server.script(refuses(200, {}));
    await run({ id: 7 }, { method: "POST" });
    expect(server.answers[0]?.asked).toEqual({ id: 7 });
  });

  test("fails with the status, and follows no redirection", async () => {
    server.script(refuses(404, { error: "no such order" }), refuses(302, {}, { location: "/x" }));
    expect(await run({})).toEqual({
      kind: "failed",
      text: 'it answered 404: {"error":"no such order"}',
    });
    expect((await run({})).text).toStartWith("it answered 302");
    expect(server.answers).toHaveLength(2);
  });

  test("tells the model the beginning of a long answer only", async () => {
    server.script((answer) => {
      answer.head({ headers: { "content-type": "text/plain" } });
      answer.write("x".repeat(1 << 20));
    });
    expect((await run({})).text).toHaveLength(2001);
    await server.answers[0]?.closed;
  });

  test("fails when nobody is there, or in time", async () => {
    server.script((answer) => void answer.closed);
    const late = run({}, { timeoutMs: 2500 });
    await until(() => server.answers.length === 1, "the request");
    clock.advance(2500);
    expect(await late).toEqual({ kind: "failed", text: "it did not answer within 2.5 s" });
    await server.answers[0]?.closed;
    server.stop();
    expect((await run({})).text).toBe("it cannot be reached: ECONNREFUSED");
  });

  test("ends when the caller interrupts", async () => {
    server.script((answer) => void answer.closed);
    const abort = new AbortController();
    const outcome = run({}, {}, abort.signal);
    await until(() => server.answers.length === 1, "the request");
    abort.abort();
    expect((await outcome).kind).toBe("failed");
    await server.answers[0]?.closed;
  });

  test("has a web address, or there is an error at start", () => {
    expect(() => tool({ url: "file:///etc/passwd" })).toThrow(
      'the address "file:///etc/passwd" of the tool "order" is no web address',
    );
  });
});
