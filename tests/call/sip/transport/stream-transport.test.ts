import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { until } from "../../../fakes/until.ts";
import {
  bytesOf,
  connectTcpPeer,
  hasIpv6,
  loopbacks,
  openRig,
  parseAsMessage,
  unusedPort,
} from "./transport-rig.ts";
import { listenAsPeer, request, requestText } from "./stream-rig.ts";

setDefaultTimeout(20_000);

describe.each([...loopbacks])("a connection that a peer opens on %s", (host) => {
  test("brings messages up one by one, stamped, and answers go back on it", async () => {
    using rig = await openRig({ bind: host });
    using peer = await connectTcpPeer(rig.transport.port, host);
    const two = bytesOf(requestText.replace("Call-ID: a", "Call-ID: b"));
    peer.link.write(request.subarray(0, 50));
    peer.link.write(Buffer.concat([request.subarray(50), two]));
    await until(() => rig.arrived.length === 2, "both requests");
    expect(rig.arrived.map((each) => each.message.callId)).toEqual(["a", "b"]);
    const [arrived] = rig.arrived;
    expect(arrived?.message.via[0]?.parameters.get("received")).toBe(host);
    expect(arrived?.flow).toMatchObject({ transport: "tcp", isReliable: true });
    expect(arrived?.flow.local).toEqual({ address: host, port: rig.transport.port });
    expect(arrived?.flow.remote).toEqual({ address: host, port: peer.link.ports.local });
    arrived?.flow.send(bytesOf("answer"));
    await until(() => peer.received === "answer", "the answer");
  });

  test("is used for what goes to its far end", async () => {
    using rig = await openRig({ bind: host });
    using peer = await connectTcpPeer(rig.transport.port, host);
    peer.link.write(request);
    await until(() => rig.arrived.length === 1, "the request");
    const port = peer.link.ports.local;
    expect(await rig.transport.flowTo({ transport: "tcp", host, port })).toBe(
      rig.arrived[0]?.flow ?? expect.unreachable(),
    );
  });
});

describe("a connection that a peer opens", () => {
  test("is answered with pong when it pings, and two pongs to us are no ping", async () => {
    using rig = await openRig();
    using peer = await connectTcpPeer(rig.transport.port);
    peer.link.write(bytesOf("\r\n"));
    peer.link.write(request);
    await until(() => rig.arrived.length === 1, "the request");
    peer.link.write(bytesOf("\r\n"));
    peer.link.write(request);
    await until(() => rig.arrived.length === 2, "the second request");
    expect(peer.received).toBe("");
    peer.link.write(bytesOf("\r\n\r\n"));
    await until(() => peer.received !== "", "the pong");
    expect(peer.received).toBe("\r\n");
  });

  test("that speaks no SIP is closed, and what it said stays out of the log", async () => {
    using rig = await openRig();
    using peer = await connectTcpPeer(rig.transport.port);
    peer.link.write(bytesOf("\x16\x03\x01secret"));
    await until(() => peer.close !== undefined, "the end");
    expect(rig.closed.map((each) => each.errno)).toEqual(["EPROTO"]);
    expect(rig.transport.status()).toMatchObject({
      messages: { refused: 1 },
      streams: { connections: 0, accepted: 0 },
    });
    expect(rig.log.text()).toContain("its messages cannot be told apart");
    expect(rig.log.text()).not.toContain("secret");
  });

  test("with a request that cannot be read is answered and lives on", async () => {
    using rig = await openRig();
    using peer = await connectTcpPeer(rig.transport.port);
    peer.link.write(bytesOf(requestText.replace("1 OPTIONS", "1 INVITE")));
    await until(() => peer.received !== "", "the refusal");
    expect(parseAsMessage(bytesOf(peer.received))).toMatchObject({ status: 400 });
    peer.link.write(request);
    await until(() => rig.arrived.length === 1, "the next request");
  });

  test.each([
    ["nothing", ""],
    ["a ping now and then", "\r\n\r\n"],
  ])("and says %s is closed after ten seconds", async (_, text) => {
    const clock = new FakeClock();
    using rig = await openRig({ clock });
    using peer = await connectTcpPeer(rig.transport.port);
    await until(() => rig.transport.status().streams.accepted === 1, "accepted");
    clock.advance(9000);
    if (text !== "") {
      peer.link.write(bytesOf(text));
      await until(() => peer.received === "\r\n", "the pong");
    }
    expect(rig.transport.status().streams.accepted).toBe(1);
    clock.advance(1000);
    expect(rig.transport.status().streams.accepted).toBe(0);
    expect(rig.closed.map((each) => each.errno)).toEqual(["ETIMEDOUT"]);
    await until(() => peer.close !== undefined, "the end");
  });

  test("and begins a message is closed when the rest does not come within ten seconds", async () => {
    const clock = new FakeClock();
    using rig = await openRig({ clock });
    using peer = await connectTcpPeer(rig.transport.port);
    peer.link.write(bytesOf(requestText + requestText.slice(0, 60)));
    await until(() => rig.arrived.length === 1, "the message before it");
    clock.advance(9000);
    expect(rig.closed).toEqual([]);
    clock.advance(1000);
    expect(rig.closed.map((each) => each.errno)).toEqual(["ETIMEDOUT"]);
  });

  test("is closed after five quiet minutes, unless it is kept", async () => {
    const clock = new FakeClock();
    using rig = await openRig({ clock });
    using peer = await connectTcpPeer(rig.transport.port);
    using keptPeer = await connectTcpPeer(rig.transport.port);
    keptPeer.link.write(request);
    await until(() => rig.arrived.length === 1, "the first request");
    const lease = rig.transport.keep(rig.arrived[0]?.flow ?? expect.unreachable());
    peer.link.write(request);
    await until(() => rig.arrived.length === 2, "the second request");
    clock.advance(299_000);
    expect(rig.closed).toEqual([]);
    clock.advance(1000);
    expect(rig.closed.map((each) => each.flow)).toEqual([
      rig.arrived[1]?.flow ?? expect.unreachable(),
    ]);
    lease.release();
    clock.advance(300_000);
    expect(rig.closed).toHaveLength(2);
  });

  test("beyond 256 is turned away, and room that gets free is given to the next", async () => {
    using rig = await openRig();
    const peers = [];
    for (let count = 0; count < 256; count += 1) {
      peers.push(await connectTcpPeer(rig.transport.port));
    }
    await until(() => rig.transport.status().streams.accepted === 256, "all accepted");
    using late = await connectTcpPeer(rig.transport.port);
    await until(() => late.close !== undefined, "the refusal");
    expect(rig.transport.status().streams).toMatchObject({ accepted: 256, turnedAway: 1 });
    peers[0]?.link.destroy();
    await until(() => rig.transport.status().streams.accepted === 255, "room");
    using next = await connectTcpPeer(rig.transport.port);
    next.link.write(request);
    await until(() => rig.arrived.length === 1, "its request");
    for (const peer of peers) peer.link.destroy();
  });
});

describe("a connection that we open", () => {
  test("is one for all who ask, at once or later", async () => {
    using rig = await openRig();
    using server = listenAsPeer();
    const target = { transport: "tcp", host: "127.0.0.1", port: server.port } as const;
    const both = await Promise.all([rig.transport.flowTo(target), rig.transport.flowTo(target)]);
    expect(both[0]).toBe(both[1] ?? expect.unreachable());
    expect(await rig.transport.flowTo(target)).toBe(both[0] ?? expect.unreachable());
    expect(server.links).toHaveLength(1);
    expect(both[0]?.local).toEqual({ address: "127.0.0.1", port: rig.transport.port });
    both[0]?.send(request);
    await until(() => server.received === requestText, "the request");
    expect(rig.transport.status().streams).toMatchObject({ connections: 1, connected: 1 });
  });

  test.each([
    ["in order", false, "EPIPE"],
    ["at once", true, "ECONNRESET"],
  ])(
    "and that its peer closes %s is reported once, and opened anew on demand",
    async (_, isAbrupt, errno) => {
      using rig = await openRig();
      using server = listenAsPeer();
      const target = { transport: "tcp", host: "127.0.0.1", port: server.port } as const;
      const flow = await rig.transport.flowTo(target);
      await until(() => server.links.length === 1, "accepted");
      if (isAbrupt) server.links[0]?.destroy();
      else server.links[0]?.end();
      await until(() => rig.closed.length > 0, "the report");
      expect(rig.closed).toEqual([{ flow, errno }]);
      expect(flow.isOpen).toBe(false);
      expect(flow.send(request)).toEqual({ ok: false, errno: "EPIPE" });
      expect(await rig.transport.flowTo(target)).not.toBe(flow);
    },
  );

  test("to a peer that does not read ends when too much waits", async () => {
    using rig = await openRig();
    using server = listenAsPeer();
    const target = { transport: "tcp", host: "127.0.0.1", port: server.port } as const;
    const flow = await rig.transport.flowTo(target);
    await until(() => server.links.length === 1, "accepted");
    server.links[0]?.pause();
    let outcome = flow.send(request);
    const large = new Uint8Array(1 << 16);
    while (outcome.ok) outcome = flow.send(large);
    expect(outcome).toEqual({ ok: false, errno: "ENOBUFS" });
    expect(rig.closed).toEqual([]);
    await until(() => rig.closed.length > 0, "the report");
    expect(rig.closed).toEqual([{ flow, errno: "ENOBUFS" }]);
  });

  test("is refused with one line that names the peer", async () => {
    using rig = await openRig();
    const port = await unusedPort();
    expect(rig.transport.flowTo({ transport: "tcp", host: "127.0.0.1", port })).rejects.toThrow(
      `cannot connect to 127.0.0.1:${port}: ECONNREFUSED`,
    );
    await until(() => rig.transport.status().streams.connectFailures === 1, "the failure");
    expect(rig.closed).toEqual([]);
  });

  test.skipIf(!hasIpv6)(
    "goes to the next address of a name when the first one refuses",
    async () => {
      using server = listenAsPeer("::1");
      using rig = await openRig({
        bind: undefined,
        lookup: {
          addresses: () => Promise.resolve(["127.0.0.1", "::1"]),
          services: () => Promise.resolve([]),
        },
      });
      const flow = await rig.transport.flowTo({
        transport: "tcp",
        host: "pbx.example",
        port: server.port,
      });
      expect(flow.remote).toEqual({ address: "::1", port: server.port });
    },
  );

  test("needs an address of a family that SIP is bound to", async () => {
    using rig = await openRig({ bind: "127.0.0.1" });
    expect(
      rig.transport.flowTo({ transport: "tcp", host: "::1", port: 5060 }),
    ).rejects.toMatchObject({
      message: '"::1" has no IPv4 address, only IPv6',
      hint: "SIP is bound to 127.0.0.1: bind it to an IPv6 address or to all addresses",
    });
  });
});
