import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SocketControl } from "../../../../src/core/socket-control.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { until } from "../../../fakes/until.ts";
import { bytesOf, openRig } from "./transport-rig.ts";
import { listenAsPeer, request } from "./stream-rig.ts";

setDefaultTimeout(20_000);

/** A kernel that says how many bytes are not acknowledged. */
function controlWith(unacknowledged: { bytes: number }): SocketControl {
  const health = {
    callErrno: 0,
    socketErrno: 0,
    receiveBufferBytes: 0,
    queuedBytes: 0,
    drops: -1,
  };
  return {
    requestReceiveBuffer: () => -1,
    readHealth: () => health,
    unacknowledgedBytes: () => unacknowledged.bytes,
  };
}

async function openKept(unacknowledged = { bytes: 0 }) {
  const clock = new FakeClock();
  const rig = await openRig({ clock, control: controlWith(unacknowledged) });
  const server = listenAsPeer();
  const flow = await rig.transport.flowTo({
    transport: "tcp",
    host: "127.0.0.1",
    port: server.port,
  });
  rig.transport.keep(flow);
  await until(() => server.links.length === 1, "accepted");
  return {
    clock,
    rig,
    server,
    flow,
    unacknowledged,
    [Symbol.dispose]() {
      rig.transport.close();
      server[Symbol.dispose]();
    },
  };
}

describe("a connection that is kept", () => {
  test("pings after 25 quiet seconds, and again 25 s later", async () => {
    using kept = await openKept();
    kept.clock.advance(24_000);
    kept.flow.send(bytesOf("x"));
    kept.clock.advance(25_000);
    await until(() => kept.server.received === "x\r\n\r\n", "the ping");
    kept.clock.advance(25_000);
    await until(() => kept.server.received === "x\r\n\r\n\r\n\r\n", "the second ping");
    expect(kept.rig.closed).toEqual([]);
  });

  test("to a peer that answered a ping once ends when the next is not answered", async () => {
    using kept = await openKept();
    kept.clock.advance(25_000);
    await until(() => kept.server.received !== "", "the ping");
    kept.server.links[0]?.write(bytesOf("\r\n"));
    await until(() => kept.server.links[0]?.pendingBytes === 0, "the pong to be sent");
    kept.server.links[0]?.write(request);
    await until(() => kept.rig.arrived.length === 1, "what came behind the pong");
    kept.clock.advance(25_000);
    await until(() => kept.server.received.length === 8, "the second ping");
    kept.clock.advance(9000);
    expect(kept.rig.closed).toEqual([]);
    kept.clock.advance(1000);
    expect(kept.rig.closed).toEqual([{ flow: kept.flow, errno: "ETIMEDOUT" }]);
  });

  test("to a peer that never answers pings lives on while its kernel takes what is sent", async () => {
    using kept = await openKept();
    kept.clock.advance(600_000);
    expect(kept.rig.closed).toEqual([]);
    expect(kept.flow.isOpen).toBe(true);
  });

  test("ends when the kernel of the peer acknowledges nothing for ten seconds", async () => {
    using kept = await openKept();
    kept.flow.send(request);
    kept.unacknowledged.bytes = 300;
    kept.clock.advance(10_000);
    expect(kept.rig.closed).toEqual([]);
    kept.clock.advance(1000);
    expect(kept.rig.closed).toEqual([{ flow: kept.flow, errno: "ETIMEDOUT" }]);
  });

  test("has its ten seconds anew when something was acknowledged in between", async () => {
    using kept = await openKept();
    kept.flow.send(request);
    kept.unacknowledged.bytes = 300;
    kept.clock.advance(9000);
    kept.unacknowledged.bytes = 0;
    kept.clock.advance(1000);
    kept.unacknowledged.bytes = 300;
    kept.flow.send(request);
    kept.clock.advance(9000);
    expect(kept.rig.closed).toEqual([]);
  });
});
