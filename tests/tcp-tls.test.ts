import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../src/core/clock.ts";
import { WildfireError } from "../src/core/errors.ts";
import { connectTcp, listenTcp, type TlsClientOptions } from "../src/tcp.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../src/tcp-link.ts";
import {
  type Certificate,
  hasOpenssl,
  makeCertificates,
} from "./call/sip/transport/certificates.ts";
import { listenTls } from "./call/sip/transport/tls-peer.ts";
import { FakeClock } from "./fakes/fake-clock.ts";
import { until } from "./fakes/until.ts";

setDefaultTimeout(20_000);

if (!hasOpenssl) console.log("skipped: TLS, since there is no openssl to make certificates with");

const made = hasOpenssl ? makeCertificates() : undefined;
const none: Certificate = { cert: "", key: "" };
const { ca, good, other, expired, selfSigned } = made ?? {
  ca: "",
  good: none,
  other: none,
  expired: none,
  selfSigned: none,
};
const quiet: TcpHandlers = { data: () => undefined, closed: () => undefined };
const trusting: TlsClientOptions = { serverName: "pbx.example", ca, verify: true };

interface ConnectTo {
  readonly port: number;
  readonly tls?: TlsClientOptions;
  readonly handlers?: TcpHandlers;
  readonly clock?: FakeClock;
}

async function connect(to: ConnectTo): Promise<TcpLink> {
  const { port, tls = trusting, handlers = quiet, clock = systemClock } = to;
  const limits = { timeoutMs: 4000, clock, maxPendingBytes: 32 << 20 };
  return await connectTcp({ hostname: "127.0.0.1", port, tls, ...limits }, handlers).link;
}

async function failure(to: ConnectTo): Promise<string> {
  return await connect(to).then(
    () => "connected",
    (error: unknown) =>
      error instanceof WildfireError
        ? error.summary
            .replace(`127.0.0.1:${to.port}`, "PEER")
            .replace(/"\w+ +\d+ [^"]+GMT"/, "DATE")
        : `threw ${String(error)}`,
  );
}

describe.skipIf(!hasOpenssl)("a TLS connection", () => {
  test("to a server whose certificate is in order carries data both ways", async () => {
    using server = listenTls(good, true);
    let received = "";
    const data = (bytes: Uint8Array): void => void (received += new TextDecoder().decode(bytes));
    const link = await connect({ port: server.port, handlers: { ...quiet, data } });
    expect(link.write(new TextEncoder().encode("OPTIONS"))).toBe(true);
    await until(() => received === "OPTIONS", "the echo");
    link.destroy();
    await until(() => server.closed === 1, "the end");
  });

  test("names the server by its address where that is all there is", async () => {
    using server = listenTls(good);
    const link = await connect({
      port: server.port,
      tls: { ...trusting, serverName: "127.0.0.1" },
    });
    expect(link.isOpen).toBe(true);
    link.destroy();
  });

  test("carries megabytes whole through a peer that echoes them", async () => {
    using server = listenTls(good);
    const link = await connect({ port: server.port });
    const megabytes = 8;
    for (let count = 0; count < megabytes; count += 1) {
      expect(link.write(new Uint8Array(1 << 20).fill(0x61 + count))).toBe(true);
    }
    await until(() => server.received.length === megabytes << 20, "all of it", 15_000);
    for (let count = 0; count < megabytes; count += 1) {
      const piece = server.received.slice(count << 20, (count + 1) << 20);
      expect(piece === String.fromCharCode(0x61 + count).repeat(1 << 20)).toBe(true);
    }
    expect(link.pendingBytes).toBe(0);
    link.destroy();
  });

  test("reports its end once", async () => {
    const closes: TcpClose[] = [];
    const server = listenTls(good);
    await connect({
      port: server.port,
      handlers: { ...quiet, closed: (reason) => closes.push(reason) },
    });
    await until(() => server.handshakes === 1, "the handshake");
    server[Symbol.dispose]();
    await until(() => closes.length > 0, "the report");
    expect(closes).toHaveLength(1);
  });
});

describe.skipIf(!hasOpenssl)("a TLS connection is refused, with the reason and what to do,", () => {
  test.each([
    [
      "by another name",
      other,
      trusting,
      'cannot connect to PEER: its certificate is for "other.example", not for "pbx.example"; use the name that the certificate has, or give the peer a certificate for this one',
    ],
    [
      "by another address",
      other,
      { ...trusting, serverName: "127.0.0.1" },
      'cannot connect to PEER: its certificate is for "other.example", not for "127.0.0.1"; use the name that the certificate has, or give the peer a certificate for this one',
    ],
    [
      "when it expired",
      expired,
      trusting,
      "cannot connect to PEER: its certificate expired on DATE; renew it there, or put the clock of this machine right",
    ],
    [
      "when it is self-signed",
      selfSigned,
      trusting,
      "cannot connect to PEER: its certificate is self-signed; give that certificate as the one to trust, or have it signed by an authority",
    ],
    [
      "when nobody here knows its authority",
      good,
      { serverName: "pbx.example", verify: true },
      "cannot connect to PEER: its certificate is signed by an authority that is not trusted here; give the certificate of that authority as the one to trust, or let the peer send its whole chain",
    ],
    [
      "when what shall be trusted is no certificate",
      good,
      { ...trusting, ca: "rubbish" },
      "cannot connect to PEER: the certificates to trust cannot be read; the file must hold certificates as PEM text (-----BEGIN CERTIFICATE-----)",
    ],
  ])("%s", async (_, certificate, tls, expected) => {
    using server = listenTls(certificate);
    expect(await failure({ port: server.port, tls })).toBe(expected);
    await until(() => server.closed === server.opened, "no connection to be left");
    expect(server.received).toBe("");
  });

  test("by a server that does not speak TLS", async () => {
    const sip = new TextEncoder().encode("SIP/2.0 400 Bad Request\r\n\r\n");
    const server = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes: 1000,
      accept: (link) => ({ data: () => void link.write(sip), closed: () => undefined }),
    });
    expect(await failure({ port: server.port })).toBe(
      "cannot connect to PEER: what answers there does not speak TLS; use its TLS port (usually 5061), or TCP or UDP as the transport",
    );
    server.stop(true);
  });

  test.each(["end", "destroy"] as const)(
    "by a server that closes in the handshake: %s",
    async (how) => {
      const server = listenTcp({
        hostname: "127.0.0.1",
        port: 0,
        maxPendingBytes: 1000,
        accept: (link) => ({ data: () => link[how](), closed: () => undefined }),
      });
      expect(await failure({ port: server.port })).toStartWith(
        "cannot connect to PEER: it closed the connection in the middle of the TLS handshake; ",
      );
      server.stop(true);
    },
  );

  test("by a server that says nothing, after the limit, and nothing is left open", async () => {
    const clock = new FakeClock();
    let asked = 0;
    let closed = 0;
    const server = listenTcp({
      hostname: "127.0.0.1",
      port: 0,
      maxPendingBytes: 1000,
      accept: () => ({ data: () => void (asked += 1), closed: () => void (closed += 1) }),
    });
    const failed = failure({ port: server.port, clock });
    await until(() => asked > 0, "the greeting of the client");
    clock.advance(4000);
    expect(await failed).toBe(
      "cannot connect to PEER: it does not answer the TLS handshake; check that this is its TLS port (usually 5061)",
    );
    await until(() => closed === 1, "the end");
    expect(clock.timers).toBe(0);
    server.stop(true);
  });
});

describe.skipIf(!hasOpenssl)("without checking", () => {
  test.each([
    ["self-signed", selfSigned],
    ["expired", expired],
    ["wrong name", other],
  ])("any certificate will do: %s", async (_, certificate) => {
    using server = listenTls(certificate);
    const link = await connect({
      port: server.port,
      tls: { serverName: "pbx.example", verify: false },
    });
    expect(link.write(new TextEncoder().encode("hello"))).toBe(true);
    await until(() => server.received === "hello", "what was written");
    link.destroy();
  });
});

test("the environment cannot switch certificate checking off", async () => {
  if (!hasOpenssl) return;
  using server = listenTls(selfSigned);
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    expect(await failure({ port: server.port })).toContain("self-signed");
  } finally {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  }
});
