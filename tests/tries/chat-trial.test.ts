import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import {
  type ChatTrial,
  type ChatTry,
  judgeFirstToken,
  tryChat,
} from "../../src/tries/chat-trial.ts";
import { readModelList } from "../../src/tries/model-list.ts";
import {
  type ChatScript,
  refuses,
  says,
  ScriptedChatServer,
} from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";

setDefaultTimeout(20_000);

const key = "sk-very-secret";
const log = createLogger({ level: "error", clock: systemClock, sink: () => undefined });

let server: ScriptedChatServer;

beforeEach(() => {
  server = new ScriptedChatServer();
});

afterEach(() => {
  server.stop();
});

async function tried(more: Partial<ChatTry> = {}): Promise<ChatTrial> {
  return await tryChat({
    backend: "openai",
    url: server.url,
    model: "small",
    key,
    clock: systemClock,
    log,
    signal: new AbortController().signal,
    ...more,
  });
}

/** The list of models where it is asked for, and this for questions. */
function having(models: readonly string[], chat: ChatScript): ChatScript {
  const list = { object: "list", data: models.map((id) => ({ id, owned_by: "vllm" })) };
  return (answer) => (answer.path === "/v1/models" ? refuses(200, list)(answer) : chat(answer));
}

test("an answer comes in pieces, with its figures", async () => {
  server.script(says(["Yes", ", of", " course."]));
  const pieces: string[] = [];
  const onText = (delta: string): void => void pieces.push(delta);
  const trial = await tried({ prompt: "Are you there?", system: "Be brief.", onText });
  expect(trial).toMatchObject({ level: "ok", verdict: "answered", text: "Yes, of course." });
  expect(pieces).toEqual(["Yes", ", of", " course."]);
  expect(trial.firstTokenMs).toBeGreaterThan(0);
  expect(trial.tokens).toBe(3);
  expect(trial.seen).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions began to answer after \d+ ms/,
  );
  expect(server.answers[0]?.contents("system")).toEqual(["Be brief."]);
  expect(server.answers[0]?.contents("user")).toEqual(["Are you there?"]);
  expect(server.answers[0]?.headers.get("authorization")).toBe(`Bearer ${key}`);
});

test("the echo answers without any server", async () => {
  const trial = await tried({ backend: "echo", prompt: "Good morning." });
  expect(trial).toMatchObject({ level: "ok", verdict: "answered", text: "Good morning." });
  expect(server.connections).toBe(0);
});

test("first words that take long are a warning", () => {
  const figures = { firstTokenMs: 4000, totalMs: 5000, tokens: 9, tokensPerSecond: 8, retries: 0 };
  expect(judgeFirstToken("http://x", { figures })).toMatchObject({
    level: "warning",
    seen: "http://x began to answer after 4000 ms, 8.0 tokens a second",
  });
});

describe("a fault is named", () => {
  test("a key that the server refuses, without showing it", async () => {
    server.script(refuses(401, { error: { message: `no such key: ${key}` } }));
    const trial = await tried();
    expect(trial).toMatchObject({ level: "fault", verdict: "wrong-key" });
    expect(JSON.stringify(trial)).not.toContain(key);
  });

  test("a model that the server does not have, with those that it has", async () => {
    server.script(having(["large", "huge"], refuses(404, { error: { message: "not found" } })));
    const trial = await tried();
    expect(trial).toMatchObject({
      level: "fault",
      verdict: "unknown-model",
      models: ["large", "huge"],
      fix: "choose one that it has: large, huge",
    });
    expect(trial.seen).toContain('has no model "small"');
  });

  test("a model that it has and refuses all the same is the server's own trouble", async () => {
    server.script(having(["small"], refuses(400, { error: { message: "no slot" } })));
    const trial = await tried();
    expect(trial).toMatchObject({ level: "fault", verdict: "trouble" });
    expect(trial.seen).toContain("no slot");
  });

  test("a web server that is no chat server", async () => {
    server.script(refuses(404, {}));
    expect(await tried()).toMatchObject({ level: "fault", verdict: "not-compatible" });
  });

  test("an answer that is no answer", async () => {
    server.script(refuses(200, { hello: "world" }));
    expect(await tried()).toMatchObject({ level: "fault", verdict: "not-compatible" });
  });

  test("an answer without a word", async () => {
    server.script(says([""], { finish: "length" }));
    expect(await tried()).toMatchObject({ level: "warning", verdict: "no-words" });
  });

  test("nobody there", async () => {
    server.stop();
    const trial = await tried();
    expect(trial).toMatchObject({ level: "fault", verdict: "unreachable" });
    expect(trial.seen).toContain("ECONNREFUSED");
  });

  test("an answer that does not end within the limit", async () => {
    server.script((answer) => {
      answer.head();
      answer.delta({ content: "Well" });
    });
    const trial = await tried({ limitMs: 200 });
    expect(trial).toMatchObject({ level: "fault", verdict: "slow", text: "Well" });
    await until(() => server.openConnections === 0, "the end of the connection");
  });

  test.each([
    ["ftp://x", "is no web address"],
    ["http://me:hunter2@x", "holds a user name or password"],
  ])("the address %s", async (url, words) => {
    const trial = await tried({ url });
    expect(trial).toMatchObject({ level: "fault", verdict: "wrong-settings" });
    expect(trial.seen).toContain(words);
    expect(JSON.stringify(trial)).not.toContain("hunter2");
  });
});

test("whoever stops the trial ends the server's work", async () => {
  server.script((answer) => {
    answer.head();
    answer.delta({ content: "Once upon" });
  });
  const stop = new AbortController();
  const trial = tried({ signal: stop.signal, onText: () => stop.abort() });
  expect(await trial).toMatchObject({ level: "skipped", verdict: "stopped" });
  await until(() => server.openConnections === 0, "the end of the connection");
});

test("lists of models are read whatever is in them", () => {
  const odd = [{ id: "a", owned_by: "me" }, { id: 7 }, null, { id: "a" }, { id: "b\u001b[2J" }];
  expect(readModelList({ data: odd })).toEqual({ models: ["a"], owner: "me" });
  expect(readModelList({ object: "list", data: null })).toEqual({ models: [], owner: "" });
  expect(readModelList({ data: "none" })).toBeUndefined();
  expect(readModelList("x")).toBeUndefined();
});
