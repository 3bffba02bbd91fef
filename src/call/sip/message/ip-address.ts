/** IP addresses as SIP writes them (RFC 3261 section 25.1, RFC 4291, RFC 5118 section 4.10). */

const groupCount = 8;
const group = /^[\da-f]{1,4}$/i;
const decimalByte = /^(?:0|[1-9]\d{0,2})$/;

/** The eight groups of an IPv6 address without brackets; undefined for anything else. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split("::", 3);
  if (text.length > 45 || halves.length > 2) return undefined;
  const isShort = halves.length === 2;
  const head = readGroups(halves[0] ?? "", !isShort);
  const tail = readGroups(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = groupCount - head.length - tail.length;
  if (isShort ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** The four bytes of an IPv4 address. */
export function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split(".", 5);
  if (parts.length !== 4 || !parts.every((part) => decimalByte.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** Groups between colons; the last may be an IPv4 address where the whole address ends. */
function readGroups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":", groupCount + 1);
  const last = parts.at(-1) ?? "";
  const ipv4 = endsAddress && last.includes(".") ? parseIpv4(last) : undefined;
  if (ipv4 !== undefined) parts.pop();
  if (!parts.every((part) => group.test(part))) return undefined;
  const groups = parts.map((part) => Number.parseInt(part, 16));
  if (ipv4 !== undefined) groups.push(...pairs(ipv4));
  return groups;
}

function pairs([a = 0, b = 0, c = 0, d = 0]: readonly number[]): [number, number] {
  return [a * 256 + b, c * 256 + d];
}
