import { describe, expect, test } from "bun:test";
import { headerValue } from "../../../../src/call/sip/message/sip-message.ts";
import { formatUri } from "../../../../src/call/sip/message/uri.ts";
import { address, sipUri } from "../digest/challenged.ts";
import { scriptedLine } from "./scripted-line.ts";
import { contactsOf, makeFlow, type Reaction } from "./scripted-registrar.ts";
import { foreign, own } from "./registrar-answers.ts";

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
