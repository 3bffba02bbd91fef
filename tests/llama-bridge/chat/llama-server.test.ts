/** The chat client and llama.cpp's own server, with a model whose answer is known. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ChatMessage } from "../../../src/llama-bridge/chat/chat-messages.ts";
import type { TinyModelOptions } from "../../fakes/tiny-gguf.ts";
import { obtainPeers, type PeerRoot } from "../../interop/peer-packages.ts";
import { AskedAnswer, testClient } from "./asked-answer.ts";
import { LlamaServer, whyNoLlamaServer } from "./llama-server.ts";

setDefaultTimeout(60_000);

const answer = "Zürich 5€";
const bytes = new TextEncoder().encode(answer);
const brief: TinyModelOptions = { answer: bytes, after: "ends" };
const endless: TinyModelOptions = { answer: bytes, after: "repeats" };

function described(root: PeerRoot): void {
  describe("an answer of llama-server", () => {
    let server: LlamaServer;
    beforeAll(async () => void (server = await LlamaServer.start(root, brief)));
    afterAll(async () => await server[Symbol.asyncDispose]());

    test("comes piece by piece, with its count of tokens", async () => {
      const asked = new AskedAnswer(testClient(server.url, { temperature: 0.7, seed: 1 }).client);
      const usage = { answerTokens: bytes.length + 1 };
      expect(await asked.end).toMatchObject({ kind: "complete", finish: "stop", usage });
      expect(asked.text).toBe(answer);
      expect(asked.texts.length).toBe(Array.from(answer).length);
    });

    test("is as long as was asked for, and stops at a stop word", async () => {
      const short = new AskedAnswer(testClient(server.url, { maxTokens: 3 }).client);
      expect(await short.end).toMatchObject({ kind: "complete", finish: "length" });
      expect(short.text).toBe("Zü");
      const stopped = new AskedAnswer(testClient(server.url, { stop: ["ich"] }).client);
      expect(await stopped.end).toMatchObject({ kind: "complete", finish: "stop" });
      expect(stopped.text).toBe("Zür");
    });

    test("never fails for a connection that was kept too long", async () => {
      const { client } = testClient(server.url, { maxTokens: 2 });
      const retries: number[] = [];
      for (let count = 0; count < 300; count += 1) {
        const { kind, figures } = await new AskedAnswer(client).end;
        expect(kind).toBe("complete");
        retries.push(figures.retries);
      }
      expect(retries.filter((count) => count > 0)).toEqual([]);
    });

    test("waits for the one slot when four ask at once", async () => {
      const { client } = testClient(server.url);
      const asked = [1, 2, 3, 4].map(() => new AskedAnswer(client));
      await Promise.all(asked.map(async (each) => await each.end));
      expect(asked.map((each) => each.text)).toEqual([answer, answer, answer, answer]);
    });

    test("is refused with the reason when the conversation is too long", async () => {
      const messages: ChatMessage[] = [{ role: "user", content: "long ".repeat(1000) }];
      const asked = new AskedAnswer(testClient(server.url).client, { messages });
      const end = await asked.end;
      expect(end).toMatchObject({ kind: "failed", failure: { kind: "too-long", status: 400 } });
      expect(end.kind === "failed" && end.failure.message).toContain("context size");
      expect(await new AskedAnswer(testClient(server.url).client).end).toMatchObject({
        kind: "complete",
      });
    });
  });

  test("pieces that are no UTF-8 become U+FFFD, and the answer goes on", async () => {
    const broken = new Uint8Array([0x41, 0xff, 0x42, 0xc3, 0x43, 0xe2, 0x82, 0x44, 0x45]);
    await using server = await LlamaServer.start(root, { answer: broken, after: "ends" });
    const asked = new AskedAnswer(testClient(server.url).client);
    expect(await asked.end).toMatchObject({ kind: "complete", finish: "stop" });
    expect(asked.text).toBe("A\ufffdB\ufffdC\ufffdDE");
  });

  describe("an endless answer of llama-server", () => {
    let server: LlamaServer;
    beforeAll(async () => void (server = await LlamaServer.start(root, endless)));
    afterAll(async () => await server[Symbol.asyncDispose]());

    test("when cancelled is at its end, and the slot is free for the next", async () => {
      const { client } = testClient(server.url);
      const asked = new AskedAnswer(client);
      await asked.began();
      asked.abort.abort();
      expect(await asked.end).toMatchObject({ kind: "cancelled", hasBegun: true });
      const told = asked.text.length;
      await server.isIdle();
      expect(asked.text.length).toBe(told);
      const next = new AskedAnswer(testClient(server.url, { maxTokens: 1 }).client);
      expect(await next.end).toMatchObject({ kind: "complete" });
    });

    test("ends where the context is full", async () => {
      const { client } = testClient(server.url);
      const asked = new AskedAnswer(client);
      expect(await asked.end).toMatchObject({ kind: "complete", finish: "length" });
      expect(asked.text.startsWith(answer.repeat(100))).toBe(true);
    });

    test("that breaks off with its server is told so, and the next one works", async () => {
      const { client } = testClient(server.url);
      const asked = new AskedAnswer(client);
      await asked.began();
      await server.kill();
      expect(await asked.end).toMatchObject({ kind: "failed", failure: { kind: "broken" } });
      const away = await new AskedAnswer(client).end;
      expect(away).toMatchObject({ kind: "failed", failure: { kind: "unreachable" } });
      await server.run();
      const next = new AskedAnswer(testClient(server.url, { maxTokens: 3 }).client);
      expect(await next.end).toMatchObject({ kind: "complete" });
      expect(next.text).toBe("Zü");
    });
  });
}

const peers = await obtainPeers();
const reason = peers.kind === "there" ? whyNoLlamaServer(peers.root) : peers.reason;
if (peers.kind === "there" && reason === undefined) described(peers.root);
else test.skip(`llama-server: ${reason}`, () => undefined);
