import { expect, test } from "bun:test";
import { openUdp } from "../src/udp.ts";
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
