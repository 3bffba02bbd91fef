import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { TextBridge } from "../../src/llama-bridge/bridge.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { TextPeer } from "../fakes/text-peer.ts";
import { until } from "../fakes/until.ts";

const memory = createMemoryLog(systemClock);

function createBridge(port: number, limits: { queueLimit?: number; spareLimit?: number } = {}) {
  const bridge = new TextBridge({
    hostname: "127.0.0.1",
    port,
    clock: systemClock,
    log: memory.log,
    ...limits,
  });
  return Object.assign(bridge, { [Symbol.asyncDispose]: async () => void (await bridge.close(0)) });
}

/** A port on which nobody listens now. */
function freePort(): number {
  using peer = new TextPeer();
  return peer.port;
}

describe("LLaMA bridge", () => {
  test("HELLO, texts in order, BYE; the next call with the id uses the same connection", async () => {
    using llama = new TextPeer();
    await using bridge = createBridge(llama.port);
    for (const call of ["first", "second"]) {
      bridge.beginCall("111");
      bridge.send("111", `${call} one`);
      bridge.send("111", `${call} two`);
      bridge.endCall("111");
    }
    await until(() => llama.frames.length === 7, "seven frames");
    expect(llama.frames).toEqual([
      "hello 111",
      "text first one",
      "text first two",
      "bye",
      "text second one",
      "text second two",
      "bye",
    ]);
    expect(llama.connections).toBe(1);
  });

  test("texts wait while the LLaMA is absent and arrive in order when it comes", async () => {
    const port = freePort();
    await using bridge = createBridge(port);
    bridge.beginCall("111");
    for (let i = 0; i < 10; i += 1) bridge.send("111", `text ${i}`);
    await until(() => bridge.status().lastError !== null, "a refused connection");
    using llama = new TextPeer(port);
    await until(() => llama.texts.length === 10, "ten texts");
    expect(llama.texts).toEqual(Array.from({ length: 10 }, (_, i) => `text ${i}`));
    expect(bridge.status()).toMatchObject({ waiting: 0, dropped: 0, sent: 10 });
  });

  test("the queue is bounded: the oldest are dropped, counted and reported once", async () => {
    const port = freePort();
    await using bridge = createBridge(port, { queueLimit: 3 });
    const before = memory.records.length;
    bridge.beginCall("111");
    for (let i = 0; i < 10; i += 1) bridge.send("111", `text ${i}`);
    expect(bridge.status()).toMatchObject({ waiting: 3, dropped: 7 });
    const said = memory.records.slice(before).filter((entry) => entry.message.includes("dropped"));
    expect(said).toHaveLength(1);
    using llama = new TextPeer(port);
    await until(() => llama.texts.length === 3, "the rest");
    expect(llama.texts).toEqual(["text 7", "text 8", "text 9"]);
  });

  test("the BYE of a call costs none of its texts their place", async () => {
    const port = freePort();
    await using bridge = createBridge(port, { queueLimit: 3 });
    bridge.beginCall("111");
    for (let i = 0; i < 3; i += 1) bridge.send("111", `text ${i}`);
    bridge.endCall("111");
    expect(bridge.status()).toMatchObject({ waiting: 3, dropped: 0 });
    using llama = new TextPeer(port);
    await until(() => llama.frames.length === 5, "all of it");
    expect(llama.frames).toEqual(["hello 111", "text text 0", "text text 1", "text text 2", "bye"]);
  });

  test("a call that ends while its connection is being opened is not left open at the LLaMA", async () => {
    using llama = new TextPeer();
    await using bridge = createBridge(llama.port);
    bridge.beginCall("111");
    bridge.endCall("111");
    await until(() => llama.frames.length === 2, "HELLO and BYE");
    expect(llama.frames).toEqual(["hello 111", "bye"]);
  });

  test("a LLaMA that breaks off and comes back loses nothing and gets nothing twice", async () => {
    const port = freePort();
    const received: string[] = [];
    await using bridge = createBridge(port);
    bridge.beginCall("111");
    for (let round = 0; round < 3; round += 1) {
      using llama = new TextPeer(port);
      await until(() => bridge.status().open === 1, "connected");
      for (let i = 0; i < 5; i += 1) bridge.send("111", `round ${round} text ${i}`);
      await until(() => llama.texts.length === 5, "five texts");
      received.push(...llama.texts);
      for (const link of llama.links) link.end();
      await until(() => bridge.status().open === 0, "noticed");
    }
    expect(new Set(received).size).toBe(15);
    expect(bridge.status()).toMatchObject({ resent: 0, dropped: 0 });
  });

  test("a LLaMA that closes each connection at once is not hammered, and is reported once", async () => {
    using llama = new TextPeer();
    llama.onConnection = (link) => link.end();
    await using bridge = createBridge(llama.port);
    const before = memory.records.length;
    bridge.beginCall("111");
    bridge.send("111", "hello");
    await until(() => llama.connections >= 4, "some tries");
    const lines = memory.records.slice(before);
    expect(lines.filter((entry) => entry.message.includes("does not accept"))).toHaveLength(1);
    expect(bridge.status().waiting).toBe(1);
  });

  test("a LLaMA that talks back without end is read and blocks nobody", async () => {
    using llama = new TextPeer();
    llama.onConnection = (link) => {
      for (let i = 0; i < 8; i += 1) link.write(new Uint8Array(64 * 1024).fill(7));
    };
    await using bridge = createBridge(llama.port);
    bridge.beginCall("111");
    bridge.send("111", "hello");
    await until(() => llama.texts.length === 1, "the text");
  });

  test("ids do not disturb each other", async () => {
    using llama = new TextPeer();
    await using bridge = createBridge(llama.port);
    const ids = Array.from({ length: 50 }, (_, i) => String(100 + i));
    for (const id of ids) {
      bridge.beginCall(id);
      bridge.send(id, `from ${id}`);
    }
    await until(() => llama.texts.length === 50, "all texts");
    expect(llama.texts.toSorted()).toEqual(ids.map((id) => `from ${id}`));
  });

  test("thousands of ids in a row leave a bounded number of connections", async () => {
    using llama = new TextPeer();
    await using bridge = createBridge(llama.port, { spareLimit: 8 });
    for (let i = 0; i < 2000; i += 1) {
      const id = String(i);
      bridge.beginCall(id);
      bridge.send(id, `text ${i}`);
      bridge.endCall(id);
      if (i % 20 === 19) await until(() => llama.texts.length === i + 1, `text ${i}`);
    }
    expect(llama.texts).toHaveLength(2000);
    await until(() => llama.links.length <= 8 + 20, "spare connections closed");
    expect(bridge.status()).toMatchObject({ sent: 2000, dropped: 0, waiting: 0 });
    expect(bridge.status().connections).toBeLessThanOrEqual(8 + 20);
  });

  test("closing says BYE for calls that are up, then closes, and gives up what cannot be sent", async () => {
    using llama = new TextPeer();
    const bridge = createBridge(llama.port);
    bridge.beginCall("111");
    await until(() => bridge.status().open === 1, "connected");
    expect(await bridge.close(1000)).toBe(0);
    await until(() => llama.frames.includes("close"), "close");
    expect(llama.frames).toEqual(["hello 111", "bye", "close"]);

    const lonely = createBridge(freePort());
    lonely.beginCall("112");
    lonely.send("112", "never heard");
    expect(await lonely.close(50)).toBe(1);
  });
});
