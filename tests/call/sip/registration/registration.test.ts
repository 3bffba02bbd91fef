import { describe, expect, test } from "bun:test";
import { headerValue } from "../../../../src/call/sip/message/sip-message.ts";
import { formatUri } from "../../../../src/call/sip/message/uri.ts";
import { scriptedLine } from "./scripted-line.ts";
import { contactsOf, makeFlow, settle } from "./scripted-registrar.ts";
import { authenticating, credential } from "./registrar-answers.ts";

describe("the first registration", () => {
  test("asks the registrar for its own address, with the contact of the flow", async () => {
    const { registrar, registration, start } = scriptedLine("100@pbx.example:5070", {
      headers: [{ name: "User-Agent", value: "wildfire" }],
    });
    await start();
    const { request, hop } = registrar.sent[0] ?? { request: registrar.last, hop: undefined };
    expect(formatUri(request.uri)).toBe("sip:pbx.example:5070");
    expect(formatUri(request.to.uri)).toBe("sip:100@pbx.example");
    expect(formatUri(request.from.uri)).toBe("sip:100@pbx.example");
    expect(request.from.parameters.get("tag")).toBeDefined();
    expect(request.to.parameters.has("tag")).toBe(false);
    expect(request.maxForwards).toBe(70);
    expect(request.routes).toEqual([]);
    expect(contactsOf(request)).toEqual(["sip:100@192.0.2.10:5060;expires=120"]);
    expect(headerValue(request, "Expires")).toBe("120");
    expect(headerValue(request, "User-Agent")).toBe("wildfire");
    expect(hop).toEqual({ transport: "udp", host: "pbx.example", port: 5070 });
    expect(registration.status()).toMatchObject({ state: "registered", grantedSeconds: 120 });
  });

  test("goes by the proxy of the line, with a loose route", async () => {
    const { registrar, start } = scriptedLine("100@pbx.example;transport=tcp;proxy=10.0.0.9:5080");
    await start();
    expect(formatUri(registrar.last.uri)).toBe("sip:pbx.example;transport=tcp");
    expect(registrar.last.routes.map((route) => formatUri(route.uri))).toEqual([
      "sip:10.0.0.9:5080;transport=tcp;lr",
    ]);
    expect(registrar.sent[0]?.hop).toEqual({ transport: "tcp", host: "10.0.0.9", port: 5080 });
  });

  test("is challenged, then refreshed without being asked: one Call-ID, rising CSeq, nc=2", async () => {
    const { registrar, advance, start } = scriptedLine();
    registrar.react = authenticating(() => "n1");
    await start();
    await advance(81_000);
    const requests = registrar.sent.map(({ request }) => request);
    expect(requests.map((request) => request.cseq.number)).toEqual([1, 2, 3]);
    expect(new Set(requests.map((request) => request.callId)).size).toBe(1);
    expect(new Set(requests.map((request) => request.from.parameters.get("tag"))).size).toBe(1);
    expect(requests.map((request) => credential(request, "nc"))).toEqual([
      undefined,
      "00000001",
      "00000002",
    ]);
  });

  test("a nonce that has grown old at the refresh is replaced, with and without stale", async () => {
    for (const stale of ["", ", stale=true"]) {
      let nonce = "n1";
      const { registrar, registration, advance, start } = scriptedLine();
      registrar.react = (request) => {
        if (credential(request, "nonce") === nonce) return { status: 200 };
        const value = `Digest realm="r", nonce="${nonce}", qop="auth"${stale}`;
        return { status: 401, headers: { "WWW-Authenticate": value } };
      };
      await start();
      nonce = "n2";
      await advance(81_000);
      expect(registrar.sent.map(({ request }) => credential(request, "nonce"))).toEqual([
        undefined,
        "n1",
        "n1",
        "n2",
      ]);
      expect(registration.status().state).toBe("registered");
    }
  });

  test("the nonce that a 200 names for next time is used next time", async () => {
    const { registrar, advance, start } = scriptedLine();
    const value = 'Digest realm="r", nonce="n1", qop="auth"';
    registrar.next.push({ status: 401, headers: { "WWW-Authenticate": value } });
    registrar.next.push({ status: 200, headers: { "Authentication-Info": 'nextnonce="n2"' } });
    await start();
    await advance(80_000);
    expect(credential(registrar.last, "nonce")).toBe("n2");
    expect(registrar.sent).toHaveLength(3);
  });

  test("proxy and registrar may both ask", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.react = (request) => {
      if (headerValue(request, "Proxy-Authorization") === undefined) {
        return { status: 407, headers: { "Proxy-Authenticate": 'Digest realm="p", nonce="1"' } };
      }
      if (headerValue(request, "Authorization") === undefined) {
        return { status: 401, headers: { "WWW-Authenticate": 'Digest realm="r", nonce="2"' } };
      }
      return { status: 200 };
    };
    await start();
    expect(registrar.sent).toHaveLength(3);
    expect(registration.status().isRegistered).toBe(true);
  });
});

describe("a change on our side", () => {
  test("is registered within 200 ms, however many events tell it, with the old binding removed", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    await start();
    registrar.flow = makeFlow({ address: "10.0.0.2", port: 5062 });
    for (let n = 0; n < 10; n += 1) registration.networkChanged();
    await advance(200);
    expect(registrar.sent).toHaveLength(2);
    expect(contactsOf(registrar.last)).toEqual([
      "sip:100@10.0.0.2:5062;expires=120",
      "sip:100@192.0.2.10:5060;expires=0",
    ]);
  });

  test("during a request that nobody answers starts a new one at once", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    registrar.next.push("silent");
    await start();
    await advance(1000);
    registration.networkChanged();
    await advance(200);
    expect(registrar.abandoned).toBe(1);
    expect(registration.status().state).toBe("registered");
  });

  test("ends the waiting of a line that was refused or could not reach its PBX", async () => {
    for (const reaction of ["unreachable", { status: 403 }] as const) {
      const { registrar, registration, advance, start } = scriptedLine();
      registrar.next.push(reaction);
      await start();
      expect(registration.status().isRegistered).toBe(false);
      registration.networkChanged();
      await advance(200);
      expect(registration.status().isRegistered).toBe(true);
    }
  });

  test("the loss of the flow is noticed, of another flow is not", async () => {
    const { registrar, registration, advance, start } = scriptedLine("100@pbx;transport=tcp");
    registrar.flow = makeFlow({ address: "192.0.2.10", port: 40_001 }, "tcp");
    await start();
    registration.flowLost(makeFlow({ address: "192.0.2.10", port: 40_002 }, "tcp"));
    expect(registration.status().state).toBe("registered");
    const lost = registrar.flow;
    expect(registration.flow).toBe(lost);
    registrar.flow = makeFlow({ address: "192.0.2.10", port: 40_003 }, "tcp");
    registration.flowLost(lost);
    expect(registration.status()).toMatchObject({ state: "waiting", isRegistered: false });
    expect(registration.flow).toBeUndefined();
    await advance(1500);
    expect(registration.status().state).toBe("registered");
    expect(contactsOf(registrar.last)).toEqual([
      "sip:100@192.0.2.10:40003;expires=120",
      "sip:100@192.0.2.10:40001;expires=0",
    ]);
  });

  test("a PBX that closes each connection at once is not asked more than once in 4 s for long", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    await start();
    for (let n = 0; n < 600; n += 1) {
      registration.flowLost(registrar.flow);
      await advance(100);
    }
    expect(registrar.sent.length).toBeLessThan(25);
  });
});

describe("the goodbye", () => {
  test("removes our binding with the credentials that are known, and leaves no timer", async () => {
    const { registrar, registration, clock, start } = scriptedLine();
    registrar.react = authenticating(() => "n1");
    await start();
    const stopped = registration.stop();
    await settle();
    await stopped;
    expect(contactsOf(registrar.last)).toEqual(["sip:100@192.0.2.10:5060;expires=0"]);
    expect(headerValue(registrar.last, "Expires")).toBe("0");
    expect(credential(registrar.last, "nc")).toBe("00000002");
    expect(registrar.last.cseq.number).toBe(3);
    expect(registration.status()).toMatchObject({ state: "stopped", isRegistered: false });
    expect(clock.timers).toBe(0);
  });

  test("takes a second at most when nobody answers", async () => {
    const { registrar, registration, clock, advance, start } = scriptedLine();
    await start();
    registrar.react = () => "silent";
    let isStopped = false;
    void registration.stop().then(() => {
      isStopped = true;
    });
    await advance(900);
    expect(isStopped).toBe(false);
    await advance(100);
    expect(isStopped).toBe(true);
    expect(clock.timers).toBe(0);
  });

  test("is not said to a PBX that has nothing of us", async () => {
    const { registrar, registration, clock, start } = scriptedLine();
    registrar.react = () => ({ status: 403 });
    await start();
    registration.networkChanged();
    await registration.stop();
    expect(registrar.sent).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test("is said after a refresh that was denied, since the binding is still there", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    await start();
    registrar.next.push({ status: 503, headers: { "Retry-After": "20" } });
    await advance(80_000);
    await registration.stop();
    expect(registrar.sent).toHaveLength(3);
    expect(contactsOf(registrar.last)).toEqual(["sip:100@192.0.2.10:5060;expires=0"]);
  });

  test("is said after a request that was never answered, since it may have arrived", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.next.push("silent");
    await start();
    await registration.stop();
    expect(contactsOf(registrar.last)).toEqual(["sip:100@192.0.2.10:5060;expires=0"]);
  });

  test("while a connection is being opened nothing is sent afterwards", async () => {
    const { registrar, registration, clock } = scriptedLine();
    registration.start();
    await registration.stop();
    await settle();
    expect(registrar.sent).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test("before the start and twice is nothing special", async () => {
    const { registrar, registration } = scriptedLine();
    await registration.stop();
    await registration.stop();
    registration.start();
    registration.networkChanged();
    await settle();
    expect(registrar.sent).toEqual([]);
  });
});

describe("status", () => {
  test("says where, since when, until when, and each change is told", async () => {
    const { registrar, registration, changes, advance, start } =
      scriptedLine("100@pbx.example:5070");
    registrar.next.push("broken");
    await start();
    expect(registration.status()).toEqual({
      line: "100@pbx.example:5070",
      state: "waiting",
      isRegistered: false,
      registrar: "pbx.example:5070 (udp)",
      grantedSeconds: null,
      nextInMs: 1000,
      lastProblem: "pbx.example:5070 (udp): ECONNREFUSED (errno 111)",
      attempts: 1,
      registeredSinceWallMs: null,
    });
    await advance(1000);
    await advance(80_000);
    expect(registration.status()).toMatchObject({
      lastProblem: null,
      attempts: 3,
      nextInMs: 80_000,
      registeredSinceWallMs: Date.UTC(2026, 0, 1) + 1000,
    });
    expect(changes.map((status) => status.state)).toEqual([
      "registering",
      "waiting",
      "registering",
      "registered",
      "refreshing",
      "registered",
    ]);
  });
});
