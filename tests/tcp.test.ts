import { describe, expect, test } from "bun:test";
import { systemClock } from "../src/core/clock.ts";
import { type ConnectError, connectTcp, listenTcp } from "../src/tcp.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../src/tcp-link.ts";
import { FakeClock } from "./fakes/fake-clock.ts";
import { until } from "./fakes/until.ts";

interface Pair extends Disposable {
  readonly client: TcpLink;
  readonly server: TcpLink;
  readonly received: { client: number; server: number };
  readonly closes: { client?: TcpClose; server?: TcpClose };
}

async function connectPair(maxPendingBytes = 1 << 20): Promise<Pair> {
  const received = { client: 0, server: 0 };
  const closes: Pair["closes"] = {};
  const handlersOf = (side: "client" | "server"): TcpHandlers => ({
    data: (bytes) => void (received[side] += bytes.length),
    closed: (reason) => void (closes[side] = reason),
  });
  let accepted: TcpLink | undefined;
  const listener = listenTcp({
    hostname: "127.0.0.1",
    port: 0,
    maxPendingBytes,
    accept(link) {
      accepted = link;
      return handlersOf("server");
    },
  });
  const options = { hostname: "127.0.0.1", timeoutMs: 2000, clock: systemClock, maxPendingBytes };
  const client = await connectTcp({ ...options, port: listener.port }, handlersOf("client")).link;
  await until(() => accepted !== undefined, "accepted");
  if (accepted === undefined) throw new Error("not accepted");
  return {
    client,
    server: accepted,
    received,
    closes,
    [Symbol.dispose]() {
      listener.stop(true);
      client.destroy();
    },
  };
}

describe("TCP link", () => {
  test("sixteen megabytes through a reader that pauses arrive whole", async () => {
    using pair = await connectPair(32 << 20);
    pair.server.pause();
    for (let i = 0; i < 16; i += 1) expect(pair.client.write(new Uint8Array(1 << 20))).toBe(true);
    expect(pair.client.pendingBytes).toBeGreaterThan(0);
    pair.server.resume();
    await until(() => pair.received.server === 16 << 20, "all bytes");
    expect(pair.client.pendingBytes).toBe(0);
  });

  test("a write beyond the limit of waiting bytes is refused whole and never waits", async () => {
    using pair = await connectPair(1 << 20);
    pair.server.pause();
    let accepted = 0;
    while (pair.client.write(new Uint8Array(1 << 19))) accepted += 1 << 19;
    expect(pair.client.pendingBytes).toBeLessThanOrEqual(1 << 20);
    pair.server.resume();
    await until(() => pair.received.server === accepted, "what was accepted");
  });

  test("end delivers what waits before it closes", async () => {
    using pair = await connectPair(32 << 20);
    pair.server.pause();
    for (let i = 0; i < 8; i += 1) pair.client.write(new Uint8Array(1 << 20));
    pair.client.end();
    expect(pair.client.write(Uint8Array.of(1))).toBe(false);
    pair.server.resume();
    await until(() => pair.closes.server !== undefined, "the end");
    expect(pair.received.server).toBe(8 << 20);
    expect(pair.closes.server).toEqual({ kind: "ended", writesInDoubt: false });
  });

  test("each side hears of the end once, with its kind", async () => {
    using pair = await connectPair();
    pair.client.destroy();
    pair.client.destroy();
    expect(pair.closes.client?.kind).toBe("local");
    await until(() => pair.closes.server !== undefined, "the end");
    expect(pair.server.write(Uint8Array.of(1))).toBe(false);
  });
});

async function errnoOf(attempt: Promise<TcpLink>): Promise<string> {
  return await attempt.then(
    () => "connected",
    (error: ConnectError) => error.errno,
  );
}

describe("connecting", () => {
  const handlers: TcpHandlers = { data: () => undefined, closed: () => undefined };
  test("a refused connection names peer and errno", async () => {
    const listener = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes: 0,
      accept: () => handlers,
    });
    const { port } = listener;
    listener.stop(true);
    const options = {
      hostname: "127.0.0.1",
      port,
      timeoutMs: 2000,
      clock: systemClock,
      maxPendingBytes: 0,
    };
    expect(await errnoOf(connectTcp(options, handlers).link)).toBe("ECONNREFUSED");
    expect(connectTcp(options, handlers).link).rejects.toThrow(
      `cannot connect to 127.0.0.1:${port}: ECONNREFUSED`,
    );
  });

  test("the limit ends an attempt, and a connection that opens too late is closed", async () => {
    const clock = new FakeClock();
    let accepted = 0;
    let closed = 0;
    const listener = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes: 0,
      accept() {
        accepted += 1;
        return { data: () => undefined, closed: () => void (closed += 1) };
      },
    });
    const options = {
      hostname: "127.0.0.1",
      port: listener.port,
      timeoutMs: 2000,
      clock,
      maxPendingBytes: 0,
    };
    const attempt = connectTcp(options, handlers);
    clock.advance(2000);
    expect(await errnoOf(attempt.link)).toBe("ETIMEDOUT");
    await until(() => accepted === closed && accepted > 0, "the late connection to be closed");
    expect(clock.timers).toBe(0);
    listener.stop(true);
  });

  test("an attempt can be given up", async () => {
    const clock = new FakeClock();
    const options = { hostname: "127.0.0.1", port: 1, timeoutMs: 2000, clock, maxPendingBytes: 0 };
    const attempt = connectTcp(options, handlers);
    attempt.cancel();
    expect(await errnoOf(attempt.link)).toBe("ECANCELED");
    expect(clock.timers).toBe(0);
  });
});
