import { describe, expect, test } from "bun:test";
import type { NameLookup } from "../../../../src/call/sip/transport/name-lookup.ts";
import {
  type FlowTarget,
  ServerLocator,
} from "../../../../src/call/sip/transport/server-locator.ts";
import type { ServiceRecord } from "../../../../src/call/sip/transport/service-order.ts";
import { formatEndpoint } from "../../../../src/call/sip/transport/address-text.ts";
import { WildfireError } from "../../../../src/core/errors.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";

/** What the name servers of a test know; what they do not know is answered with `missing`. */
interface Zone {
  addresses: Record<string, readonly string[]>;
  services?: Record<string, readonly ServiceRecord[]>;
  missing?: string;
}

class ScriptedLookup implements NameLookup {
  zone: Zone;
  readonly asked: string[] = [];

  constructor(zone: Zone) {
    this.zone = zone;
  }

  addresses(name: string): Promise<readonly string[]> {
    this.asked.push(name);
    const found = this.zone.addresses[name];
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(
      Object.assign(new Error("no"), { code: this.zone.missing ?? "ENOTFOUND" }),
    );
  }

  services(name: string): Promise<readonly ServiceRecord[]> {
    this.asked.push(name);
    return Promise.resolve(this.zone.services?.[name] ?? []);
  }
}

function locatorFor(zone: Zone): {
  locator: ServerLocator;
  lookup: ScriptedLookup;
  clock: FakeClock;
  locate: (target: FlowTarget) => Promise<string>;
} {
  const clock = new FakeClock();
  const lookup = new ScriptedLookup(zone);
  const locator = new ServerLocator({ lookup, clock, random: () => 0 });
  const locate = async (target: FlowTarget): Promise<string> =>
    (await locator.locate(target)).map(formatEndpoint).join(" ");
  return { locator, lookup, clock, locate };
}

const pbx = { addresses: { "pbx.example": ["192.0.2.1", "2001:db8::1"] } };

function service(name: string, port: number, priority = 0): ServiceRecord {
  return { name, port, priority, weight: 0 };
}

async function failure(located: Promise<unknown>): Promise<string> {
  return await located.then(
    () => "located",
    (error: unknown) => (error instanceof WildfireError ? error.summary : `threw ${String(error)}`),
  );
}

describe("where a server is (RFC 3263)", () => {
  test.each([
    ["udp", "192.0.2.1:5060"],
    ["tcp", "192.0.2.1:5060"],
    ["tls", "192.0.2.1:5061"],
  ] as const)("an address needs no name server: %s", async (transport, expected) => {
    const { locate, lookup } = locatorFor(pbx);
    expect(await locate({ transport, host: "192.0.2.1" })).toBe(expected);
    expect(await locate({ transport, host: "[2001:DB8::1]", port: 7 })).toBe("[2001:db8::1]:7");
    expect(lookup.asked).toEqual([]);
  });

  test("a name with a port is not asked for services", async () => {
    const { locate, lookup } = locatorFor(pbx);
    const target = { transport: "udp", host: "pbx.example", port: 5070 } as const;
    expect(await locate(target)).toBe("192.0.2.1:5070 [2001:db8::1]:5070");
    expect(lookup.asked).toEqual(["pbx.example"]);
  });

  test.each([
    ["udp", "_sip._udp.pbx.example", 5060],
    ["tcp", "_sip._tcp.pbx.example", 5060],
    ["tls", "_sips._tcp.pbx.example", 5061],
  ] as const)("a name without services has the usual port: %s", async (transport, asked, port) => {
    const { locate, lookup } = locatorFor(pbx);
    expect(await locate({ transport, host: "pbx.example" })).toBe(
      `192.0.2.1:${port} [2001:db8::1]:${port}`,
    );
    expect(lookup.asked).toEqual([asked, "pbx.example"]);
  });

  test("services are tried by priority, each with its port, and those without address are passed over", async () => {
    const { locate } = locatorFor({
      addresses: { "a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"] },
      services: {
        "_sip._udp.example": [
          service("b.example", 5080, 20),
          service("gone.example", 5060, 5),
          service("a.example", 5070, 10),
        ],
      },
    });
    expect(await locate({ transport: "udp", host: "example" })).toBe(
      "192.0.2.1:5070 192.0.2.2:5080",
    );
  });

  test("a domain that offers no such service says so", async () => {
    const { locator } = locatorFor({
      addresses: {},
      services: { "_sips._tcp.example": [service(".", 0)] },
    });
    expect(await failure(locator.locate({ transport: "tls", host: "example" }))).toBe(
      '"example" says that it takes no SIP over TLS; choose another transport, or give its port to ask it all the same',
    );
  });

  test("a name that does not exist is quoted, with what to do", async () => {
    const { locator } = locatorFor({ addresses: {} });
    expect(await failure(locator.locate({ transport: "udp", host: "pbx.exmple" }))).toBe(
      'the name "pbx.exmple" has no address: ENOTFOUND; check its spelling, or give the IP address',
    );
  });

  test("name servers that are silent are told from names that do not exist", async () => {
    const { locator } = locatorFor({ addresses: {}, missing: "EAI_AGAIN" });
    expect(await failure(locator.locate({ transport: "udp", host: "pbx.example" }))).toContain(
      "no name server answers",
    );
  });

  test("a lookup that never ends is given up after five seconds, and leaves no timer", async () => {
    const clock = new FakeClock();
    const never = new Promise<never>(() => undefined);
    const lookup: NameLookup = { addresses: () => never, services: () => never };
    const locator = new ServerLocator({ lookup, clock, random: () => 0 });
    const failed = failure(locator.locate({ transport: "udp", host: "pbx.example", port: 5060 }));
    clock.advance(5000);
    expect(await failed).toContain('the name "pbx.example" has no address: ETIMEOUT');
    expect(clock.timers).toBe(0);
  });
});

describe("what was resolved", () => {
  const target = { transport: "udp", host: "pbx.example", port: 5060 } as const;

  test("serves for half a minute, also who asks at the same time", async () => {
    const { locate, lookup, clock } = locatorFor(pbx);
    await Promise.all([locate(target), locate(target)]);
    clock.advance(29_999);
    await locate(target);
    expect(lookup.asked).toHaveLength(1);
    clock.advance(1);
    await locate(target);
    expect(lookup.asked).toHaveLength(2);
  });

  test("serves on when no name server answers any more", async () => {
    const { locate, lookup, clock } = locatorFor({ ...pbx });
    await locate(target);
    lookup.zone = { addresses: {}, missing: "EAI_AGAIN" };
    clock.advance(60_000);
    expect(await locate(target)).toBe("192.0.2.1:5060 [2001:db8::1]:5060");
    lookup.zone = { addresses: { "pbx.example": ["192.0.2.3"] } };
    expect(await locate(target)).toBe("192.0.2.3:5060");
  });

  test("a failure is not remembered", async () => {
    const { locator, locate, lookup } = locatorFor({ addresses: {} });
    expect(await failure(locator.locate(target))).not.toBe("located");
    lookup.zone = pbx;
    expect(await locate(target)).toBe("192.0.2.1:5060 [2001:db8::1]:5060");
  });

  test("a server that failed comes last for half a minute", async () => {
    const { locator, locate, clock } = locatorFor(pbx);
    locator.avoid({ address: "192.0.2.1", port: 5060 });
    expect(await locate(target)).toBe("[2001:db8::1]:5060 192.0.2.1:5060");
    locator.avoid({ address: "2001:db8::1", port: 5060 });
    expect(await locate(target)).toBe("192.0.2.1:5060 [2001:db8::1]:5060");
    clock.advance(30_000);
    expect(await locate(target)).toBe("192.0.2.1:5060 [2001:db8::1]:5060");
  });
});
