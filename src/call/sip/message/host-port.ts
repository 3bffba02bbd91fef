/** host and host ":" port, as in URIs and Via (RFC 3261 sections 19.1.1 and 20.42). */
import { WildfireError, quote } from "../../../core/errors.ts";
import { consistsOf, digits, hostCharacters } from "./character-sets.ts";
import type { FieldReader } from "./field-reader.ts";
import { parseIpv6 } from "./ip-address.ts";

export interface HostPort {
  /** Lower case; IPv6 without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

const colon = 0x3a;
const openBracket = 0x5b;
const maxHostLength = 255;

/** Reads a host and, behind a colon, a port; spaces around the colon are Via's. */
export function readHostPort(reader: FieldReader): HostPort | undefined {
  const host = reader.peek() === openBracket ? readIpv6(reader) : reader.takeRun(hostCharacters);
  if (host === undefined || host === "" || host.length > maxHostLength) return undefined;
  const afterHost = reader.at;
  reader.skipSpace();
  if (!reader.take(colon)) {
    reader.at = afterHost;
    return { host: host.toLowerCase(), port: undefined };
  }
  reader.skipSpace();
  const port = reader.takeRun(digits);
  if (port === "" || port.length > 5 || !isPort(Number(port))) return undefined;
  return { host: host.toLowerCase(), port: Number(port) };
}

/** Throws for what is no host or no port: that would be a mistake of ours. */
export function formatHostPort({ host, port }: HostPort): string {
  const isName = consistsOf(host, hostCharacters);
  if (!isName && parseIpv6(host) === undefined) {
    throw new WildfireError("state", `${quote(host)} is no host for a SIP message`);
  }
  const shownHost = isName ? host : `[${host}]`;
  if (port === undefined) return shownHost;
  if (!isPort(port)) throw new WildfireError("state", `${port} is no port for a SIP message`);
  return `${shownHost}:${port}`;
}

function readIpv6(reader: FieldReader): string | undefined {
  const end = reader.text.indexOf("]", reader.at);
  if (end < 0) return undefined;
  // The grammar of RFC 3261 has three colons before an embedded IPv4 address by mistake.
  const address = reader.text.slice(reader.at + 1, end).replace(/:::(?=\d+\.\d+\.\d+\.\d+$)/, "::");
  reader.at = end + 1;
  return parseIpv6(address) === undefined ? undefined : address;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
