/** Under which names and addresses this host is opened in a browser. */
import { hostname, networkInterfaces } from "node:os";

export interface HostNames {
  /** A certificate without one of these is of no use. */
  readonly needed: readonly string[];
  /** Addresses of IPv6, some of which change every day. */
  readonly more: readonly string[];
}

const hostForm = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const maxAddresses = 50;

export function hostNames(): HostNames {
  const own = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal }) => !internal);
  const name = hostname().toLowerCase();
  const plain = own.filter(({ family }) => family === "IPv4").map(({ address }) => address);
  // A link-local address is written with a zone in a browser, which no certificate has.
  const long = own.filter(({ family, address }) => family === "IPv6" && !/^fe80:/i.test(address));
  return {
    needed: [
      ...new Set([
        ...(hostForm.test(name) ? [name] : []),
        "localhost",
        "127.0.0.1",
        ...plain.slice(0, maxAddresses),
      ]),
    ],
    more: ["::1", ...long.map(({ address }) => address).slice(0, maxAddresses)],
  };
}
