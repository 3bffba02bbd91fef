import { expect, test } from "bun:test";
import { isPortFree, portProblem } from "../../src/doctor/port-probe.ts";
import { listenTcp } from "../../src/tcp.ts";
import { openUdp } from "../../src/udp.ts";

const ignore = (): void => undefined;
const accept = () => ({ data: ignore, closed: ignore });
const hostname = "127.0.0.1";

test("a TCP port is taken while somebody listens on it, and free before and after", async () => {
  const listener = listenTcp({ hostname, port: 0, maxPendingBytes: 0, accept });
  const { port } = listener;
  expect(await portProblem({ kind: "tcp", port })).toContain("EADDRINUSE");
  expect(await isPortFree({ kind: "tcp", port })).toBe(false);
  listener.stop(true);
  expect(await portProblem({ kind: "tcp", port })).toBe("");
  expect(await isPortFree({ kind: "tcp", port })).toBe(true);
});

test("a UDP port is taken while somebody has it, and free before and after", async () => {
  const endpoint = await openUdp({ hostname, port: 0, onDatagram: ignore, onError: ignore });
  const { port } = endpoint;
  expect(await portProblem({ kind: "udp", port })).toContain("EADDRINUSE");
  endpoint.close();
  expect(await isPortFree({ kind: "udp", port })).toBe(true);
});

test("an address that this host does not have is no free port", async () => {
  for (const kind of ["tcp", "udp"] as const) {
    expect(await portProblem({ kind, port: 40_000, bind: "192.0.2.1" })).toContain("EADDRNOTAVAIL");
  }
});
