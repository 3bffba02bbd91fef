/** Which own address a peer sees, and when that changes: a new lease, another network, a tunnel. */
import { networkInterfaces } from "node:os";
import type { Clock, Timer } from "../../../core/clock.ts";
import { sourceAddressFor } from "../../../udp.ts";
import { canonicalAddress, isIpv6 } from "./address-text.ts";
import { ExpiringMap } from "./expiring-map.ts";

/** What the operating system says about addresses; handed in for tests. */
export interface AddressSource {
  /** The own address towards `remote`, undefined without a route. */
  towards(remote: string): string | undefined;
  /** All addresses that this machine has now. */
  own(): ReadonlySet<string>;
}

export const systemAddresses: AddressSource = {
  towards(remote) {
    const address = sourceAddressFor(remote);
    return address === undefined ? undefined : canonicalAddress(address);
  },
  own: () => new Set(interfaceAddresses().map((entry) => entry.address)),
};

export interface LocalAddressesOptions {
  readonly clock: Clock;
  readonly source: AddressSource;
  /** What the sockets are bound to; undefined: all addresses. */
  readonly bound: string | undefined;
}

/** Asking costs microseconds, but there may be thousands of messages a second. */
const trustMs = 1000;
const remembered = 256;

export class LocalAddresses {
  readonly #options: LocalAddressesOptions;
  readonly #known: ExpiringMap<string, string>;

  constructor(options: LocalAddressesOptions) {
    this.#options = options;
    this.#known = new ExpiringMap({ clock: options.clock, lifeMs: trustMs, limit: remembered });
  }

  /** Never fails: without a route it is the best guess there is. */
  towards(remote: string): string {
    const { bound, source } = this.#options;
    if (bound !== undefined) return bound;
    const known = this.#known.get(remote);
    if (known !== undefined) return known;
    const address = source.towards(remote) ?? likelyAddress(isIpv6(remote));
    this.#known.set(remote, address);
    return address;
  }

  /** Asks the system anew; undefined without a route. */
  ask(remote: string): string | undefined {
    const { bound, source } = this.#options;
    const address = bound ?? source.towards(remote);
    if (address !== undefined) this.#known.set(remote, address);
    return address;
  }

  own(): ReadonlySet<string> {
    return this.#options.source.own();
  }
}

export interface LocalAddressChange {
  readonly remote: string;
  readonly from: string;
  readonly to: string;
}

export interface LocalAddressWatchOptions {
  readonly clock: Clock;
  readonly addresses: LocalAddresses;
  /** The peers that matter now. */
  readonly remotes: () => Iterable<string>;
  readonly onChanged: (change: LocalAddressChange) => void;
}

const watchEveryMs = 2000;

/** Asks every 2 s. A route that is gone is no change; another address after it is. */
export class LocalAddressWatch {
  readonly #options: LocalAddressWatchOptions;
  readonly #timer: Timer;
  #last = new Map<string, string>();

  constructor(options: LocalAddressWatchOptions) {
    this.#options = options;
    this.#timer = options.clock.every(watchEveryMs, () => this.check());
  }

  /** Remembers the address towards a peer that begins to matter, so that no change is missed. */
  note(remote: string): void {
    const address = this.#options.addresses.ask(remote);
    if (address !== undefined && !this.#last.has(remote)) this.#last.set(remote, address);
  }

  check(): void {
    const { addresses, remotes, onChanged } = this.#options;
    const before = this.#last;
    this.#last = new Map();
    const changes: LocalAddressChange[] = [];
    for (const remote of new Set(remotes())) {
      const from = before.get(remote);
      const to = addresses.ask(remote) ?? from;
      if (to === undefined) continue;
      this.#last.set(remote, to);
      if (from !== undefined && from !== to) changes.push({ remote, from, to });
    }
    for (const change of changes) onChanged(change);
  }

  close(): void {
    this.#timer.cancel();
  }
}

/** An address of the wanted family that others can reach, else one of loopback. */
function likelyAddress(wantsIpv6: boolean): string {
  const all = interfaceAddresses().filter((entry) => isIpv6(entry.address) === wantsIpv6);
  const reachable = all.find((entry) => !entry.internal && !entry.address.startsWith("fe80:"));
  return (reachable ?? all[0])?.address ?? (wantsIpv6 ? "::1" : "127.0.0.1");
}

function interfaceAddresses(): readonly { readonly address: string; readonly internal: boolean }[] {
  const found: { address: string; internal: boolean }[] = [];
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const address = canonicalAddress(entry.address);
      if (address !== undefined) found.push({ address, internal: entry.internal });
    }
  }
  return found;
}
