import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { openUdp, probeUdp, sourceAddressFor } from "../src/udp.ts";
import { until } from "./fakes/until.ts";

test("a datagram to a port where nobody listens reports ECONNREFUSED, and the socket lives on", async () => {
  const closed = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  const { port } = closed;
  closed.close();
  const errors: string[] = [];
  const endpoint = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => undefined,
    onError: (errno) => errors.push(errno),
  });
  expect(endpoint.send(Uint8Array.of(1), port, "127.0.0.1")).toEqual({ ok: true });
  await until(() => errors.length > 0, "an error report");
  expect(errors[0]).toBe("ECONNREFUSED");
  expect(endpoint.isOpen).toBe(true);
  expect(endpoint.counters).toMatchObject({ sent: 1, errors: 1 });
  endpoint.close();
});

test("what cannot be sent is a value with its errno, never an exception", async () => {
  const endpoint = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  expect(endpoint.send(new Uint8Array(70_000), 9, "127.0.0.1")).toEqual({
    ok: false,
    errno: "EMSGSIZE",
  });
  expect(endpoint.send(Uint8Array.of(1), 9, "no address").ok).toBe(false);
  expect(endpoint.counters.sendFailures).toBe(2);
  endpoint.close();
  expect(endpoint.fd).toBe(-1);
});

test("an error about one peer costs no datagram to the next one", async () => {
  const dead = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => undefined,
    onError: () => undefined,
  });
  const deadPort = dead.port;
  dead.close();
  let received = 0;
  const alive = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => void (received += 1),
    onError: () => undefined,
  });
  const errors: string[] = [];
  const endpoint = await openUdp({
    hostname: "127.0.0.1",
    port: 0,
    onDatagram: () => undefined,
    onError: (errno) => errors.push(errno),
  });
  for (let round = 0; round < 50; round += 1) {
    endpoint.send(Uint8Array.of(1), deadPort, "127.0.0.1");
    expect(endpoint.send(Uint8Array.of(2), alive.port, "127.0.0.1")).toEqual({ ok: true });
  }
  await until(() => received === 50, "all fifty datagrams");
  await until(() => errors.length > 0, "the errors");
  expect(endpoint.counters).toMatchObject({ sent: 100, sendFailures: 0 });
  endpoint.close();
  alive.close();
});

describe("a probe", () => {
  const bytes = Uint8Array.of(13, 10);

  test("of a port where nobody listens is refused, once", async () => {
    const closed = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const { port } = closed;
    closed.close();
    const refusals: string[] = [];
    const onRefused = (errno: string): void => void refusals.push(errno);
    const probe = probeUdp({ address: "127.0.0.1", port, bytes, onRefused });
    await until(() => refusals.length > 0, "the refusal");
    expect(refusals).toEqual(["ECONNREFUSED"]);
    probe.close();
  });

  test("of a peer that listens reaches it and is not refused", async () => {
    const received: number[] = [];
    const peer = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: (datagram) => void received.push(datagram.length),
      onError: () => undefined,
    });
    const refusals: string[] = [];
    const onRefused = (errno: string): void => void refusals.push(errno);
    const probe = probeUdp({ address: "127.0.0.1", port: peer.port, bytes, onRefused });
    await until(() => received.length > 0, "the datagram");
    expect(received).toEqual([2]);
    expect(refusals).toEqual([]);
    probe.close();
    peer.close();
  });

  test("of what is no address is refused later, not thrown", async () => {
    const refusals: string[] = [];
    const onRefused = (errno: string): void => void refusals.push(errno);
    probeUdp({ address: "no address", port: 9, bytes, onRefused });
    expect(refusals).toEqual([]);
    await until(() => refusals.length > 0, "the refusal");
  });
});

describe("the own address towards a peer", () => {
  test("is the one that the kernel would send from", () => {
    expect(sourceAddressFor("127.0.0.1")).toBe("127.0.0.1");
  });

  test("is unknown where there is no way", () => {
    expect(sourceAddressFor("no address")).toBeUndefined();
  });

  test.skipIf(process.platform !== "linux")("leaves no descriptor behind", () => {
    const before = readdirSync("/proc/self/fd").length;
    for (let count = 0; count < 1000; count += 1) sourceAddressFor("127.0.0.1");
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
  });
});
