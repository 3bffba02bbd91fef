import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../../../fakes/until.ts";
import { hasOpenssl, makeCertificates } from "./certificates.ts";
import { listenTls } from "./tls-peer.ts";
import { openRig, optionsRequest } from "./transport-rig.ts";

setDefaultTimeout(20_000);

const lookup = {
  addresses: () => Promise.resolve(["127.0.0.1"]),
  services: () => Promise.resolve([]),
};

// Skipped where there is no openssl to make certificates with.
describe.skipIf(!hasOpenssl)("SIP over TLS", () => {
  const { ca, good } = hasOpenssl ? makeCertificates() : { ca: "", good: { cert: "", key: "" } };

  test("goes to a server whose certificate has the name of the target, and back", async () => {
    using server = listenTls(good);
    using rig = await openRig({ tls: { ca }, lookup });
    const flow = await rig.transport.flowTo({
      transport: "tls",
      host: "pbx.example",
      port: server.port,
    });
    expect(flow).toMatchObject({ transport: "tls", isReliable: true, isOpen: true });
    flow.send(optionsRequest({ transport: "TLS" }));
    await until(() => server.received.startsWith("OPTIONS"), "the request");
    server.write(optionsRequest({ transport: "TLS" }));
    await until(() => rig.arrived.length === 1, "a request on the same connection");
    expect(rig.arrived[0]?.flow).toBe(flow);
  });

  test("is reached on its connection only, so its port is the one of that", async () => {
    using server = listenTls(good);
    using rig = await openRig({ tls: { ca }, lookup, advertise: "203.0.113.5" });
    const flow = await rig.transport.flowTo({
      transport: "tls",
      host: "pbx.example",
      port: server.port,
    });
    expect(flow.local.address).toBe("203.0.113.5");
    expect(flow.local.port).not.toBe(rig.transport.port);
    expect(flow.local.port).toBeGreaterThan(1023);
  });

  test("a checked connection serves the address of its server, but no other name", async () => {
    using server = listenTls(good);
    using rig = await openRig({ tls: { ca }, lookup });
    const { port } = server;
    const flow = await rig.transport.flowTo({ transport: "tls", host: "pbx.example", port });
    expect(await rig.transport.flowTo({ transport: "tls", host: "127.0.0.1", port })).toBe(flow);
    expect(
      rig.transport.flowTo({ transport: "tls", host: "other.example", port }),
    ).rejects.toMatchObject({
      message: `cannot connect to 127.0.0.1:${port}: its certificate is for "pbx.example, 127.0.0.1", not for "other.example"`,
    });
  });

  test("checks certificates by the system's authorities unless it is told otherwise", async () => {
    using server = listenTls(good);
    const target = { transport: "tls", host: "pbx.example", port: server.port } as const;
    using strict = await openRig({ lookup });
    expect(strict.transport.flowTo(target)).rejects.toThrow(
      "an authority that is not trusted here",
    );
    using lax = await openRig({ lookup, tls: { verify: false } });
    expect((await lax.transport.flowTo(target)).isOpen).toBe(true);
  });
});
