import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { until } from "../../../fakes/until.ts";
import { connectTcpPeer, openRig } from "./transport-rig.ts";
import { listenAsPeer, request } from "./stream-rig.ts";

setDefaultTimeout(20_000);

describe("the transport", () => {
  test("has the same free port on UDP and TCP, and says which", async () => {
    using rig = await openRig();
    expect(rig.transport.port).toBeGreaterThan(1023);
    using peer = await connectTcpPeer(rig.transport.port);
    expect(peer.link.isOpen).toBe(true);
    expect(rig.transport.status()).toMatchObject({
      address: "127.0.0.1",
      port: rig.transport.port,
    });
  });

  test("says what is wrong with a port that another program has", async () => {
    using taken = listenAsPeer();
    const opening = openRig({ port: taken.port });
    expect(opening).rejects.toMatchObject({
      message: `cannot listen on TCP 127.0.0.1:${taken.port}: EADDRINUSE`,
    });
    await opening.catch(() => undefined);
  });

  test("is bound to addresses, not to names", async () => {
    expect(openRig({ bind: "pbx.example" })).rejects.toMatchObject({
      message: 'SIP cannot be bound to "pbx.example"',
    });
  });

  test("closed, it frees its sockets and timers, reports nothing and opens no flow", async () => {
    const clock = new FakeClock();
    const rig = await openRig({ clock });
    using server = listenAsPeer();
    const target = { transport: "tcp", host: "127.0.0.1", port: server.port } as const;
    const flow = await rig.transport.flowTo(target);
    const udp = await rig.transport.flowTo({ ...target, transport: "udp" });
    rig.transport.close();
    rig.transport.close();
    expect([flow.isOpen, udp.isOpen]).toEqual([false, false]);
    expect(clock.timers).toBe(0);
    expect(rig.closed).toEqual([]);
    expect(rig.transport.flowTo(target)).rejects.toThrow("the SIP transport is closed");
    await until(() => server.closes.length === 1, "the end at the peer");
    using again = await openRig({ port: rig.transport.port });
    expect(again.transport.port).toBe(rig.transport.port);
  });

  test("closed while a connection is being opened, it leaves none behind", async () => {
    const rig = await openRig();
    using server = listenAsPeer();
    const opening = rig.transport.flowTo({
      transport: "tcp",
      host: "127.0.0.1",
      port: server.port,
    });
    rig.transport.close();
    expect(opening).rejects.toThrow();
    await opening.catch(() => undefined);
    await until(() => server.links.length === server.closes.length, "no connection");
  });

  test.skipIf(process.platform !== "linux")(
    "a thousand connections in and a thousand out leave no descriptor",
    async () => {
      using rig = await openRig();
      using server = listenAsPeer();
      const ended = (): number => rig.transport.status().streams.closed;
      const round = async (): Promise<void> => {
        const before = ended();
        const target = { transport: "tcp", host: "127.0.0.1", port: server.port } as const;
        const flow = await rig.transport.flowTo(target);
        flow.send(request);
        using peer = await connectTcpPeer(rig.transport.port);
        peer.link.write(request);
        await until(() => rig.arrived.length === 1, "the request");
        rig.arrived.length = 0;
        server.links.pop()?.destroy();
        peer.link.destroy();
        await until(() => ended() === before + 2, "both ends");
      };
      for (let count = 0; count < 10; count += 1) await round();
      const before = readdirSync("/proc/self/fd").length;
      for (let count = 0; count < 1000; count += 1) await round();
      expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
      expect(rig.transport.status().streams).toMatchObject({ connections: 0, accepted: 0 });
    },
    60_000,
  );
});
