/** Asks the system for addresses and the name servers for SRV records; nothing waits for long. */
import { promises as dns } from "node:dns";
import type { ServiceRecord } from "./service-order.ts";

/** What is asked about names; handed in, so that every rule can be tested without a name server. */
export interface NameLookup {
  /** IPv4 and IPv6 in the system's order; rejects with an error whose code says why there is none. */
  addresses(name: string): Promise<readonly string[]>;
  /** Empty when there are none, or nobody knows. */
  services(name: string): Promise<readonly ServiceRecord[]>;
}

const queryLimitMs = 1000;
const queryTries = 2;

export const systemNameLookup: NameLookup = {
  async addresses(name) {
    // By the system's own rules, so that /etc/hosts counts.
    const found = await dns.lookup(name, { all: true, verbatim: true });
    return found.map((entry) => entry.address);
  },
  async services(name) {
    // Made for each question: it then knows the name servers that the machine has now.
    const resolver = new dns.Resolver({ timeout: queryLimitMs, tries: queryTries });
    // Without an answer the name itself is asked for: it may stand in /etc/hosts.
    return await resolver.resolveSrv(name).catch(() => []);
  },
};
