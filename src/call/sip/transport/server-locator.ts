/** From a host name to the addresses to try, in order (RFC 3263 section 4). */
import type { Clock } from "../../../core/clock.ts";
import { errnoOf } from "../../../core/errno.ts";
import { WildfireError, quote } from "../../../core/errors.ts";
import { canonicalAddress, formatEndpoint } from "./address-text.ts";
import { ExpiringMap } from "./expiring-map.ts";
import type { NameLookup } from "./name-lookup.ts";
import { orderServices } from "./service-order.ts";
import type { SipEndpoint, SipTransportName } from "./sip-flow.ts";
import { defaultPorts } from "./via-stamp.ts";

export interface FlowTarget {
  readonly transport: SipTransportName;
  /** Name or IP address, IPv6 with or without brackets. */
  readonly host: string;
  readonly port?: number | undefined;
}

export interface LocatorOptions {
  readonly lookup: NameLookup;
  readonly clock: Clock;
  readonly random: () => number;
}

const serviceNames: Readonly<Record<SipTransportName, string>> = {
  udp: "_sip._udp.",
  tcp: "_sip._tcp.",
  tls: "_sips._tcp.",
};

/** Short, since a PBX that moves must be found again. */
const cacheMs = 30_000;
const cacheLimit = 256;
/** When no name server answers, the last answer is still the best guess. */
const staleMs = 24 * 3_600_000;
/** What did not answer goes to the end of the line for this long (section 4.3). */
const avoidMs = 30_000;
const lookupLimitMs = 5000;
const maxServices = 8;
const maxEndpoints = 16;

export class ServerLocator {
  readonly #options: LocatorOptions;
  readonly #known: ExpiringMap<string, Promise<readonly SipEndpoint[]>>;
  readonly #lastGood: ExpiringMap<string, readonly SipEndpoint[]>;
  readonly #avoided: ExpiringMap<string, true>;

  constructor(options: LocatorOptions) {
    this.#options = options;
    const { clock } = options;
    this.#known = new ExpiringMap({ clock, lifeMs: cacheMs, limit: cacheLimit });
    this.#lastGood = new ExpiringMap({ clock, lifeMs: staleMs, limit: cacheLimit });
    this.#avoided = new ExpiringMap({ clock, lifeMs: avoidMs, limit: cacheLimit });
  }

  /**
   * At least one endpoint, those that failed lately last. Rejects with a WildfireError("socket") that
   * names the host.
   */
  async locate(target: FlowTarget): Promise<readonly SipEndpoint[]> {
    const address = canonicalAddress(target.host);
    if (address !== undefined) {
      return [{ address, port: target.port ?? defaultPorts[target.transport] }];
    }
    const key = targetKey(target);
    let found = this.#known.get(key);
    if (found === undefined) {
      found = this.#resolve(target);
      this.#known.set(key, found);
    }
    try {
      const endpoints = await found;
      this.#lastGood.set(key, endpoints);
      return this.#inOrder(endpoints);
    } catch (error) {
      // Asked again next time: the network may be on its way up.
      this.#known.delete(key);
      const before = this.#lastGood.get(key);
      if (before === undefined) throw error;
      return this.#inOrder(before);
    }
  }

  /** It did not answer or refused: others of the same name come first for a while. */
  avoid(endpoint: SipEndpoint): void {
    this.#avoided.set(formatEndpoint(endpoint), true);
  }

  #inOrder(endpoints: readonly SipEndpoint[]): readonly SipEndpoint[] {
    const isAvoided = (endpoint: SipEndpoint): boolean =>
      this.#avoided.get(formatEndpoint(endpoint)) !== undefined;
    return [
      ...endpoints.filter((endpoint) => !isAvoided(endpoint)),
      ...endpoints.filter((endpoint) => isAvoided(endpoint)),
    ];
  }

  async #resolve(target: FlowTarget): Promise<readonly SipEndpoint[]> {
    const { host, port, transport } = target;
    if (port !== undefined) return await this.#addressesOf(host, port);
    const { lookup, random } = this.#options;
    const asked = lookup.services(serviceNames[transport] + host);
    const records = await this.#limited(asked).catch(() => []);
    if (records.length === 0) return await this.#addressesOf(host, defaultPorts[transport]);
    const offered = records.filter((record) => record.name !== "" && record.name !== ".");
    if (offered.length === 0) throw notOffered(target);
    const ordered = orderServices(offered.slice(0, maxServices), random);
    const each = await Promise.allSettled(
      ordered.map((record) => this.#addressesOf(record.name, record.port)),
    );
    const endpoints = each.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const failed = each.find((one) => one.status === "rejected");
    if (endpoints.length === 0) throw failed?.reason ?? unresolved(host, "ENOTFOUND");
    return endpoints.slice(0, maxEndpoints);
  }

  async #addressesOf(host: string, port: number): Promise<readonly SipEndpoint[]> {
    let found: readonly string[];
    try {
      found = await this.#limited(this.#options.lookup.addresses(host));
    } catch (error) {
      throw unresolved(host, errnoOf(error), error);
    }
    const endpoints = found.slice(0, maxEndpoints).flatMap((text) => {
      const address = canonicalAddress(text);
      return address === undefined ? [] : [{ address, port }];
    });
    if (endpoints.length === 0) throw unresolved(host, "ENODATA");
    return endpoints;
  }

  /** The system's own limits add up to half a minute, which is longer than a caller waits. */
  async #limited<T>(answer: Promise<T>): Promise<T> {
    const limit = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(lookupLimitMs, () =>
      limit.reject(new Error("ETIMEOUT")),
    );
    try {
      return await Promise.race([answer, limit.promise]);
    } finally {
      timer.cancel();
    }
  }
}

/** What makes two targets the same. */
function targetKey({ transport, host, port }: FlowTarget): string {
  return `${transport} ${host.toLowerCase()} ${port ?? "-"}`;
}

function unresolved(host: string, code: string, cause?: unknown): WildfireError {
  const isSilent = code.includes("TIMEOUT") || code.includes("EAI_AGAIN");
  return new WildfireError("socket", `the name ${quote(host)} has no address: ${code}`, {
    cause,
    hint: isSilent
      ? "no name server answers: check the network, or give the IP address"
      : "check its spelling, or give the IP address",
  });
}

function notOffered({ transport, host }: FlowTarget): WildfireError {
  const shown = transport.toUpperCase();
  return new WildfireError("socket", `${quote(host)} says that it takes no SIP over ${shown}`, {
    hint: "choose another transport, or give its port to ask it all the same",
  });
}
