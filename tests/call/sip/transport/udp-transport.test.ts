import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { until } from "../../../fakes/until.ts";
import {
  bytesOf,
  loopbacks,
  openRig,
  openUdpPeer,
  optionsRequest,
  parseAsMessage,
  unusedPort,
} from "./transport-rig.ts";

setDefaultTimeout(20_000);

const answer = bytesOf("SIP/2.0 200 OK\r\n\r\n");

describe.each([...loopbacks])("SIP over UDP on %s", (host) => {
  test("a request comes up with received and rport, and its answer goes to the port it came from", async () => {
    using rig = await openRig({ bind: host });
    using peer = await openUdpPeer(host);
    peer.send(optionsRequest({ viaParameters: ";rport" }), rig.transport.port);
    await until(() => rig.arrived.length === 1, "the request");
    const [arrived] = rig.arrived;
    expect(arrived?.message.via[0]?.parameters.get("received")).toBe(host);
    expect(arrived?.message.via[0]?.parameters.get("rport")).toBe(String(peer.port));
    expect(arrived?.flow).toMatchObject({ transport: "udp", isReliable: false, isOpen: true });
    expect(arrived?.flow.remote).toEqual({ address: host, port: peer.port });
    expect(arrived?.flow.local).toEqual({ address: host, port: rig.transport.port });
    expect(arrived?.flow.send(answer)).toEqual({ ok: true });
    await until(() => peer.received.length === 1, "the answer");
    expect(peer.received[0]).toBe("SIP/2.0 200 OK\r\n\r\n");
  });

  test("without rport the answer goes to the port in Via, at the address it came from", async () => {
    using rig = await openRig({ bind: host });
    using sender = await openUdpPeer(host);
    using listener = await openUdpPeer(host);
    const sentBy = `192.0.2.9:${listener.port}`;
    sender.send(optionsRequest({ sentBy }), rig.transport.port);
    await until(() => rig.arrived.length === 1, "the request");
    rig.arrived[0]?.flow.send(answer);
    await until(() => listener.received.length === 1, "the answer");
    expect(sender.received).toEqual([]);
  });

  test("a response comes up with the flow that reaches its sender", async () => {
    using rig = await openRig({ bind: host });
    using peer = await openUdpPeer(host);
    const flow = await rig.transport.flowTo({ transport: "udp", host, port: peer.port });
    flow.send(optionsRequest());
    await until(() => peer.received.length === 1, "the request");
    const head =
      "Via: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n";
    peer.send(
      bytesOf(`SIP/2.0 200 OK\r\n${head}Call-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n`),
      rig.transport.port,
    );
    await until(() => rig.arrived.length === 1, "the response");
    expect(rig.arrived[0]?.flow).toBe(flow);
    expect(rig.arrived[0]?.message.via[0]?.parameters.has("received")).toBe(false);
  });
});

describe("SIP over UDP", () => {
  test("bound to all addresses it speaks both families, each by its own address", async () => {
    using rig = await openRig({ bind: undefined });
    for (const host of loopbacks) {
      using peer = await openUdpPeer(host);
      peer.send(optionsRequest({ viaParameters: ";rport", callId: host }), rig.transport.port);
      await until(() => rig.arrived.some((each) => each.message.callId === host), host);
      const flow = rig.arrived.at(-1)?.flow;
      expect(flow?.remote).toEqual({ address: host, port: peer.port });
      expect(flow?.local).toEqual({ address: host, port: rig.transport.port });
      flow?.send(answer);
      await until(() => peer.received.length === 1, `the answer over ${host}`);
    }
  });

  test("the advertised address stands in the place of our own", async () => {
    using rig = await openRig({ advertise: "203.0.113.5" });
    const udp = await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port: 5070 });
    expect(udp.local).toEqual({ address: "203.0.113.5", port: rig.transport.port });
  });

  test("the same peer has the same flow", async () => {
    using rig = await openRig();
    const target = { transport: "udp", host: "127.0.0.1", port: 5070 } as const;
    expect(await rig.transport.flowTo(target)).toBe(await rig.transport.flowTo(target));
  });

  test("what cannot be read is answered where its sender can be told, at a bounded rate", async () => {
    using rig = await openRig({ clock: new FakeClock() });
    using peer = await openUdpPeer();
    const bad = new TextDecoder()
      .decode(optionsRequest({ viaParameters: ";rport" }))
      .replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE");
    peer.send(bytesOf("rubbish"), rig.transport.port);
    for (let count = 0; count < 50; count += 1) peer.send(bytesOf(bad), rig.transport.port);
    await until(() => rig.transport.status().messages.refused === 51, "all refusals");
    await until(() => peer.received.length === 20, "the answers");
    const refusal = parseAsMessage(bytesOf(peer.received[0] ?? ""));
    expect(refusal).toMatchObject({ kind: "response", status: 400 });
    expect(refusal.via[0]?.parameters.get("received")).toBe("127.0.0.1");
    expect(refusal.via[0]?.parameters.get("rport")).toBe(String(peer.port));
    expect(rig.transport.status().messages.refusalsAnswered).toBe(20);
    expect(rig.arrived).toEqual([]);
    expect(rig.log.text()).not.toContain("rubbish");
  });

  test("a mistake of ours with one message is logged and ends nothing else", async () => {
    const seen: string[] = [];
    using rig = await openRig({
      onMessage(message) {
        seen.push(message.callId);
        if (seen.length === 1) throw new Error("about 5551234");
      },
    });
    using peer = await openUdpPeer();
    await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port: peer.port });
    for (const callId of ["a", "b"]) peer.send(optionsRequest({ callId }), rig.transport.port);
    await until(() => seen.length === 2, "the message after it");
    expect(rig.transport.status().messages.failed).toBe(1);
    expect(rig.closed).toEqual([]);
    expect(rig.log.text()).toContain("a SIP message could not be handled");
    expect(rig.log.text()).not.toContain("5551234");
  });

  test("keep-alives are counted and go no further", async () => {
    using rig = await openRig();
    using peer = await openUdpPeer();
    for (const bytes of ["\r\n\r\n", "\r\n", "\0\0\0\0"])
      peer.send(bytesOf(bytes), rig.transport.port);
    await until(() => rig.transport.status().messages.keepAlives === 3, "three keep-alives");
    expect(rig.arrived).toEqual([]);
    expect(peer.received).toEqual([]);
  });

  test("a flow that is kept sends a line end 25 s after the last datagram, until it is released", async () => {
    const clock = new FakeClock();
    using rig = await openRig({ clock });
    using peer = await openUdpPeer();
    const target = { transport: "udp", host: "127.0.0.1", port: peer.port } as const;
    const flow = await rig.transport.flowTo(target);
    const lease = rig.transport.keep(flow);
    const second = rig.transport.keep(flow);
    clock.advance(1000);
    await until(() => peer.received.length === 1, "the first keep-alive");
    clock.advance(20_000);
    flow.send(answer);
    clock.advance(24_000);
    second.release();
    second.release();
    clock.advance(1000);
    await until(() => peer.received.length === 3, "the second keep-alive");
    expect(peer.received).toEqual(["\r\n", "SIP/2.0 200 OK\r\n\r\n", "\r\n"]);
    lease.release();
    clock.advance(120_000);
    expect(rig.transport.status().udp.keepAlivesSent).toBe(2);
  });

  test("a flood of senders is forgotten again, but not who is kept", async () => {
    using rig = await openRig();
    const kept = await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port: 5070 });
    const lease = rig.transport.keep(kept);
    for (let port = 10_000; port < 13_000; port += 1) {
      await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port });
    }
    expect(rig.transport.status().udp.flows).toBe(1024);
    expect(await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port: 5070 })).toBe(
      kept,
    );
    lease.release();
  });
});

describe("an ICMP error", () => {
  test("ends the only flow that was sent on, and a new one can be had", async () => {
    using rig = await openRig();
    const target = { transport: "udp", host: "127.0.0.1", port: await unusedPort() } as const;
    const flow = await rig.transport.flowTo(target);
    flow.send(optionsRequest());
    await until(() => rig.closed.length > 0, "the report");
    expect(rig.closed).toEqual([{ flow, errno: "ECONNREFUSED" }]);
    expect(flow.isOpen).toBe(false);
    expect(flow.send(optionsRequest())).toEqual({ ok: false, errno: "EPIPE" });
    const next = await rig.transport.flowTo(target);
    expect(next).not.toBe(flow);
    expect(next.isOpen).toBe(true);
  });

  test("among many peers ends the flow to the one that refuses, and no other", async () => {
    using rig = await openRig();
    using alive = await openUdpPeer();
    using alsoAlive = await openUdpPeer();
    const dead = await unusedPort();
    const flowTo = async (port: number) =>
      await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port });
    const refusing = await flowTo(dead);
    const flows = [await flowTo(alive.port), refusing, await flowTo(alsoAlive.port)];
    for (const flow of flows) expect(flow.send(optionsRequest())).toEqual({ ok: true });
    await until(() => rig.closed.length > 0, "the report");
    await until(() => alive.received.length > 1 && alsoAlive.received.length > 1, "the probes");
    expect(rig.closed).toEqual([{ flow: refusing, errno: "ECONNREFUSED" }]);
    expect(flows.map((flow) => flow.isOpen)).toEqual([true, false, true]);
    expect(alive.received).toEqual([new TextDecoder().decode(optionsRequest()), "\r\n"]);
  });

  test("costs no datagram to another peer", async () => {
    using rig = await openRig();
    using alive = await openUdpPeer();
    const port = await unusedPort();
    const live = await rig.transport.flowTo({
      transport: "udp",
      host: "127.0.0.1",
      port: alive.port,
    });
    for (let round = 0; round < 20; round += 1) {
      const dead = await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port });
      dead.send(optionsRequest());
      expect(live.send(optionsRequest())).toEqual({ ok: true });
    }
    await until(
      () => alive.received.filter((text) => text.startsWith("OPTIONS")).length === 20,
      "all twenty",
    );
  });
});
