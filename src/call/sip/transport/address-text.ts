/** One spelling for each IP address, so that two of them can be compared as text. */
import { parseIpv4, parseIpv6 } from "../message/ip-address.ts";

/**
 * The usual spelling (RFC 5952) of an IP address with or without brackets; undefined for a name.
 * An IPv4 address inside an IPv6 one, as a socket for both shows it, becomes the IPv4 address.
 */
export function canonicalAddress(text: string): string | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (parseIpv4(bare) !== undefined) return bare;
  const { address, zone } = splitZone(bare);
  const groups = parseIpv6(address);
  if (groups === undefined) return undefined;
  return mappedIpv4(groups) ?? formatIpv6(groups) + zone;
}

export function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060` */
export function formatEndpoint({ address, port }: { address: string; port: number }): string {
  return isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A link-local address says behind "%" through which interface it is reached. */
function splitZone(text: string): { readonly address: string; readonly zone: string } {
  const at = text.indexOf("%");
  if (at < 0 || !/^%[\w.-]{1,20}$/.test(text.slice(at))) return { address: text, zone: "" };
  return { address: text.slice(0, at), zone: text.slice(at) };
}

function mappedIpv4(groups: readonly number[]): string | undefined {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

function formatIpv6(groups: readonly number[]): string {
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** The first of the longest runs of groups that are zero. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
