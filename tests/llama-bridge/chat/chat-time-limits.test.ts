import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { says, ScriptedChatServer } from "../../fakes/scripted-chat-server.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { until } from "../../fakes/until.ts";
import { AskedAnswer, testClient, failureOf } from "./asked-answer.ts";

setDefaultTimeout(30_000);

let server: ScriptedChatServer;

beforeEach(() => void (server = new ScriptedChatServer()));
afterEach(() => server[Symbol.dispose]());

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
