/** IP addresses as text, in the one form in which two of them can be compared. */

const ipv4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const mappedIpv4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * The shortest lower-case form (RFC 5952), an IPv4 address within IPv6 as IPv4; undefined when it is
 * no address but, for instance, a name.
 */
export function normaliseAddress(text: string): string | undefined {
  const dotted = ipv4.exec(text);
  if (dotted !== null) return normaliseIpv4(dotted.slice(1));
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return undefined;
  const url = URL.parse(`http://[${text}]/`);
  if (url === null) return undefined;
  const address = url.hostname.slice(1, -1);
  const mapped = mappedIpv4.exec(address);
  if (mapped === null) return address;
  const high = Number.parseInt(mapped[1] ?? "", 16);
  const low = Number.parseInt(mapped[2] ?? "", 16);
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/** A socket for both families shows IPv4 addresses within IPv6; all others are left as they are. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

export function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** The address that says "send nothing": 0.0.0.0 (RFC 3264 section 8.4) and its like in IPv6. */
export function isNullAddress(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function normaliseIpv4(parts: readonly string[]): string | undefined {
  const numbers = parts.map(Number);
  return numbers.every((part) => part <= 255) ? numbers.join(".") : undefined;
}
