import { describe, expect, test } from "bun:test";
import { parseSchemes } from "../../../../src/call/sip/digest/authentication-header.ts";
import {
  headerValue,
  type NameAddress,
  type SipRequest,
} from "../../../../src/call/sip/message/sip-message.ts";
import { formatUri } from "../../../../src/call/sip/message/uri.ts";
import { address, sipUri } from "../digest/challenged.ts";
import { scriptedLine } from "./scripted-line.ts";
import { contactsOf, makeFlow, type Reaction, settle } from "./scripted-registrar.ts";

function credential(request: SipRequest, name: string): string | undefined {
  return parseSchemes(headerValue(request, "Authorization") ?? "")[0]?.parameters.get(name);
}

/** Asks for credentials once for each nonce, as Asterisk does; `nonce` names the one that is valid. */
function authenticating(nonce: () => string): (request: SipRequest) => Reaction {
  return (request) => {
    if (credential(request, "nonce") === nonce()) return { status: 200 };
    const value = `Digest realm="asterisk", nonce="${nonce()}", algorithm=MD5, qop="auth"`;
    return { status: 401, headers: { "WWW-Authenticate": value } };
  };
}

function own(port = 5060, expires?: string): NameAddress {
  const parameters = new Map(expires === undefined ? [] : [["expires", expires]]);
  return { ...address(sipUri("100", "192.0.2.10", port)), parameters };
}

function foreign(expires: string): NameAddress {
  const parameters = new Map([["expires", expires]]);
  return { ...address(sipUri("100", "203.0.113.7", 44_444)), parameters };
}

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

describe("the granted time", () => {
  const cases: readonly [rule: string, answer: Reaction, seconds: number, refreshMs: number][] = [
    ["of our own Contact", { status: 200, contacts: [own(5060, "60")] }, 60, 40_000],
    [
      "not of the Contacts of others",
      { status: 200, contacts: [foreign("3600"), own(5060, "90"), foreign("7")] },
      90,
      60_000,
    ],
    [
      "of our own Contact before Expires",
      { status: 200, contacts: [own(5060, "60")], headers: { Expires: "30" } },
      60,
      40_000,
    ],
    [
      "of Expires where Contact has none",
      { status: 200, contacts: [own()], headers: { Expires: "90" } },
      90,
      60_000,
    ],
    [
      "of Expires where there is no Contact",
      { status: 200, contacts: [], headers: { Expires: "75" } },
      75,
      50_000,
    ],
    ["as asked where nothing says otherwise", { status: 200, contacts: [] }, 120, 80_000],
    [
      "of the youngest binding where the PBX has rewritten ours",
      { status: 200, contacts: [foreign("20"), foreign("110")] },
      110,
      73_333,
    ],
    [
      "longer than asked, if the PBX wants that",
      { status: 200, contacts: [own(5060, "600")] },
      600,
      400_000,
    ],
    [
      "a very short one is refreshed every 3 s at most",
      { status: 200, contacts: [own(5060, "2")] },
      2,
      3000,
    ],
    [
      "an endless one is refreshed each day",
      { status: 200, contacts: [own(5060, "4294967295")] },
      4_294_967_295,
      86_400_000,
    ],
    ["nonsense counts as nothing", { status: 200, contacts: [own(5060, "soon")] }, 120, 80_000],
  ];

  test.each(cases)("%s", async (_rule, answer, seconds, refreshMs) => {
    const { registrar, registration, start } = scriptedLine();
    registrar.next.push(answer);
    await start();
    const status = registration.status();
    expect(status).toMatchObject({
      state: "registered",
      grantedSeconds: seconds,
      nextInMs: refreshMs,
    });
  });

  test("the refresh is sent at two thirds of it, not before", async () => {
    const { registrar, advance, start } = scriptedLine();
    await start();
    await advance(79_900);
    expect(registrar.sent).toHaveLength(1);
    await advance(100);
    expect(registrar.sent).toHaveLength(2);
  });

  test("none at all is no registration", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.next.push({ status: 200, contacts: [own(5060, "0")] });
    await start();
    expect(registration.status()).toMatchObject({ state: "waiting", isRegistered: false });
    expect(registration.status().lastProblem).toContain("no time");
  });

  test("too brief for the PBX: its Min-Expires is asked for at once and from then on", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    registrar.next.push({ status: 423, headers: { "Min-Expires": "300" } });
    await start();
    expect(contactsOf(registrar.last)).toEqual(["sip:100@192.0.2.10:5060;expires=300"]);
    expect(registration.status()).toMatchObject({ grantedSeconds: 300, nextInMs: 200_000 });
    await advance(200_000);
    expect(headerValue(registrar.last, "Expires")).toBe("300");
    expect(registrar.sent).toHaveLength(3);
  });

  test("a 423 without a longer time is a refusal, not a loop", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.react = () => ({ status: 423, headers: { "Min-Expires": "60" } });
    await start();
    expect(registrar.sent).toHaveLength(1);
    expect(registration.status()).toMatchObject({ state: "refused" });
  });
});

describe("redirection", () => {
  test("302: the other registrar is asked, and refreshed; after a failure ours again", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    const elsewhere = address(sipUri(undefined, "other.example", 5080));
    registrar.next.push({ status: 302, contacts: [elsewhere] });
    await start();
    await advance(80_000);
    expect(registrar.sent.map(({ hop }) => hop.host)).toEqual([
      "pbx.example",
      "other.example",
      "other.example",
    ]);
    expect(formatUri(registrar.last.uri)).toBe("sip:other.example:5080");
    expect(formatUri(registrar.last.to.uri)).toBe("sip:100@pbx.example");
    registrar.next.push("broken");
    await advance(82_000);
    expect(registrar.sent.at(-1)?.hop.host).toBe("pbx.example");
    expect(registration.status().state).toBe("registered");
  });

  test("305: the same registrar is asked by way of the proxy", async () => {
    const { registrar, start } = scriptedLine();
    registrar.next.push({ status: 305, contacts: [address(sipUri(undefined, "192.0.2.99"))] });
    await start();
    expect(formatUri(registrar.last.uri)).toBe("sip:pbx.example");
    expect(registrar.last.routes.map((route) => formatUri(route.uri))).toEqual([
      "sip:192.0.2.99;lr",
    ]);
    expect(registrar.sent.at(-1)?.hop.host).toBe("192.0.2.99");
  });

  test("a line with TLS is not led away from TLS", async () => {
    const { registrar, start } = scriptedLine("100@pbx.example;transport=tls");
    registrar.next.push({ status: 301, contacts: [address(sipUri(undefined, "other.example"))] });
    await start();
    expect(registrar.sent.at(-1)?.hop).toEqual({
      transport: "tls",
      host: "other.example",
      port: undefined,
    });
  });

  test("round in circles it ends, as it does without a target", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.react = () => ({ status: 302, contacts: [address(sipUri(undefined, "a.example"))] });
    await start();
    expect(registrar.sent).toHaveLength(4);
    expect(registration.status().state).toBe("refused");
    const nowhere = scriptedLine();
    nowhere.registrar.react = () => ({ status: 302, contacts: [] });
    await nowhere.start();
    expect(nowhere.registrar.sent).toHaveLength(1);
    expect(nowhere.registration.status().lastProblem).toContain("check the host of the line");
  });
});

describe("the address that the PBX sees", () => {
  const seen = { received: "203.0.113.5", rport: "61000" };

  test("learnt from a 401 it is in the next request already, and nothing is removed", async () => {
    const { registrar, start } = scriptedLine();
    const value = 'Digest realm="r", nonce="1"';
    registrar.next.push({ status: 401, headers: { "WWW-Authenticate": value }, via: seen });
    registrar.react = () => ({ status: 200, via: seen });
    await start();
    expect(registrar.sent).toHaveLength(2);
    expect(contactsOf(registrar.last)).toEqual(["sip:100@203.0.113.5:61000;expires=120"]);
  });

  test("learnt from the 200 it is registered at once and the old binding removed", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.react = () => ({ status: 200, via: seen });
    await start();
    expect(registrar.sent).toHaveLength(2);
    expect(contactsOf(registrar.last)).toEqual([
      "sip:100@203.0.113.5:61000;expires=120",
      "sip:100@192.0.2.10:5060;expires=0",
    ]);
    expect(registration.status().state).toBe("registered");
  });

  test("the same as ours, it changes nothing; also when IPv6 is written in another way", async () => {
    const { registrar, start } = scriptedLine();
    registrar.react = () => ({ status: 200, via: { received: "192.0.2.10", rport: "5060" } });
    await start();
    expect(registrar.sent).toHaveLength(1);
    const six = scriptedLine();
    six.registrar.flow = makeFlow({ address: "2001:db8::1", port: 5060 });
    six.registrar.react = () => ({
      status: 200,
      via: { received: "[2001:DB8:0:0::1]", rport: "5060" },
    });
    await six.start();
    expect(six.registrar.sent).toHaveLength(1);
  });

  test("a NAT that changes its mind each time does not make us ask without end", async () => {
    const { registrar, advance, start } = scriptedLine();
    let port = 61_000;
    registrar.react = () => {
      port += 1;
      return { status: 200, via: { received: "203.0.113.5", rport: String(port) } };
    };
    await start();
    await advance(3_600_000);
    expect(registrar.sent.length).toBeLessThan(100);
  });

  test("is not learnt where the option says so, nor from nonsense", async () => {
    const { registrar, start } = scriptedLine(undefined, { learnsAddress: false });
    registrar.react = () => ({ status: 200, via: seen });
    await start();
    expect(registrar.sent).toHaveLength(1);
    for (const via of [
      { received: "evil host" },
      { rport: "99999" },
      { rport: "0" },
      { rport: "x" },
    ]) {
      const other = scriptedLine();
      other.registrar.react = () => ({ status: 200, via });
      await other.start();
      expect(other.registrar.sent).toHaveLength(1);
    }
  });

  test("belongs to its flow: from another local address it is not used", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    registrar.next.push({ status: 200, via: seen }, { status: 200, via: seen });
    await start();
    registrar.flow = makeFlow({ address: "10.0.0.2", port: 5060 });
    registration.contactChanged();
    await advance(200);
    expect(contactsOf(registrar.last)).toEqual([
      "sip:100@10.0.0.2:5060;expires=120",
      "sip:100@203.0.113.5:61000;expires=0",
    ]);
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
