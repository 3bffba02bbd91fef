import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type AddressSource,
  type LocalAddressChange,
  LocalAddresses,
  LocalAddressWatch,
  systemAddresses,
} from "../../../../src/call/sip/transport/local-addresses.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { until } from "../../../fakes/until.ts";
import { connectTcpPeer, loopbacks, openRig, optionsRequest } from "./transport-rig.ts";

setDefaultTimeout(20_000);

/** A machine whose addresses a test decides. */
class ScriptedAddresses implements AddressSource {
  address: string | undefined = "192.0.2.10";
  asked = 0;

  towards(): string | undefined {
    this.asked += 1;
    return this.address;
  }

  own(): ReadonlySet<string> {
    return new Set(this.address === undefined ? [] : [this.address]);
  }
}

function watched(bound?: string): {
  clock: FakeClock;
  source: ScriptedAddresses;
  addresses: LocalAddresses;
  watch: LocalAddressWatch;
  changes: LocalAddressChange[];
} {
  const clock = new FakeClock();
  const source = new ScriptedAddresses();
  const addresses = new LocalAddresses({ clock, source, bound });
  const changes: LocalAddressChange[] = [];
  const watch = new LocalAddressWatch({
    clock,
    addresses,
    remotes: () => ["198.51.100.1", "198.51.100.1"],
    onChanged: (change) => changes.push(change),
  });
  return { clock, source, addresses, watch, changes };
}

describe("the own address", () => {
  test.each([...loopbacks])("towards %s is the one that the kernel sends from", (host) => {
    expect(systemAddresses.towards(host)).toBe(host);
    expect(systemAddresses.own()).toContain(host);
  });

  test("towards what is no address is unknown, and the best guess is one of this machine", () => {
    const clock = new FakeClock();
    const source = { towards: () => undefined, own: () => new Set<string>() };
    const addresses = new LocalAddresses({ clock, source, bound: undefined });
    expect(systemAddresses.towards("pbx.invalid")).toBeUndefined();
    expect(systemAddresses.own()).toContain(addresses.towards("198.51.100.1"));
  });

  test("is asked for once a second, however many messages there are", () => {
    const { addresses, source, clock } = watched();
    for (let count = 0; count < 100; count += 1) addresses.towards("198.51.100.1");
    expect(source.asked).toBe(1);
    clock.advance(1000);
    addresses.towards("198.51.100.1");
    expect(source.asked).toBe(2);
  });

  test("is the one that the sockets are bound to, and then nobody is asked", () => {
    const { addresses, source } = watched("127.0.0.2");
    expect(addresses.towards("198.51.100.1")).toBe("127.0.0.2");
    expect(addresses.ask("198.51.100.1")).toBe("127.0.0.2");
    expect(source.asked).toBe(0);
  });
});

describe("the watch over the own address", () => {
  test("reports a change once", () => {
    const { clock, source, watch, changes } = watched();
    watch.note("198.51.100.1");
    source.address = "192.0.2.11";
    clock.advance(10_000);
    const change = { remote: "198.51.100.1", from: "192.0.2.10", to: "192.0.2.11" };
    expect(changes).toEqual([change]);
  });

  test("says nothing while the network is away, nor when it comes back as it was", () => {
    const { clock, source, changes } = watched();
    clock.advance(2000);
    source.address = undefined;
    clock.advance(60_000);
    source.address = "192.0.2.10";
    clock.advance(10_000);
    expect(changes).toEqual([]);
  });

  test("reports what is other after the network was away", () => {
    const { clock, source, changes } = watched();
    clock.advance(2000);
    source.address = undefined;
    clock.advance(60_000);
    source.address = "192.0.2.11";
    clock.advance(2000);
    expect(changes.map(({ from, to }) => [from, to])).toEqual([["192.0.2.10", "192.0.2.11"]]);
  });

  test("stops with its timer", () => {
    const { clock, watch } = watched();
    watch.close();
    expect(clock.timers).toBe(0);
  });
});

test("when the address of a kept flow changes, connections from an address that is gone end", async () => {
  const clock = new FakeClock();
  const source = new ScriptedAddresses();
  source.address = "127.0.0.1";
  const changes: LocalAddressChange[] = [];
  using rig = await openRig({
    bind: undefined,
    clock,
    addresses: source,
    onLocalChanged: (change) => changes.push(change),
  });
  using peer = await connectTcpPeer(rig.transport.port);
  peer.link.write(optionsRequest({ transport: "TCP" }));
  await until(() => rig.arrived.length === 1, "the request");
  const udp = await rig.transport.flowTo({ transport: "udp", host: "127.0.0.1", port: 5070 });
  rig.transport.keep(udp);
  source.address = "192.0.2.11";
  clock.advance(2000);
  expect(changes).toEqual([{ remote: "127.0.0.1", from: "127.0.0.1", to: "192.0.2.11" }]);
  expect(rig.closed).toEqual([
    { flow: rig.arrived[0]?.flow ?? expect.unreachable(), errno: "EADDRNOTAVAIL" },
  ]);
  expect(udp.isOpen).toBe(true);
  expect(udp.local.address).toBe("192.0.2.11");
});
