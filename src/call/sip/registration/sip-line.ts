/** `USER@HOST[:PORT][;transport=udp|tcp|tls]…`: one extension at a PBX, as it is given to `--line`. */
import { quote } from "../../../core/errors.ts";
import { consistsOf, hostCharacters } from "../message/character-sets.ts";
import { formatHostPort, type HostPort } from "../message/host-port.ts";
import { parseIpv4, parseIpv6 } from "../message/ip-address.ts";
import type { SipTransportName } from "../transport/sip-flow.ts";

export interface SipLine extends HostPort {
  readonly user: string;
  readonly transport: SipTransportName;
  /** The name for authentication; the user unless `;auth=` says otherwise. */
  readonly authUser: string;
  /** What the registrar is asked for. */
  readonly expiresSeconds: number;
  /** Where all requests go instead of to the host itself. */
  readonly proxy: HostPort | undefined;
}

export type LineResult =
  | { readonly ok: true; readonly line: SipLine }
  /** One line that quotes the part and shows a right example; never a password. */
  | { readonly ok: false; readonly problem: string };

/** Short enough that a PBX that has forgotten us is noticed within two minutes. */
export const defaultExpiresSeconds = 120;
const minExpiresSeconds = 20;
const maxExpiresSeconds = 86_400;
const maxCharacters = 512;

const example = "--line '100@192.168.1.10;transport=udp'";
const optionNames = ["transport", "auth", "expires", "proxy"] as const;
type OptionName = (typeof optionNames)[number];

/** Refuses the line; `parseLine` turns it into a result. */
class LineRefusal extends Error {}

export function parseLine(text: string): LineResult {
  try {
    return { ok: true, line: readLine(text) };
  } catch (error) {
    if (error instanceof LineRefusal) return { ok: false, problem: error.message };
    throw error;
  }
}

/** `100@pbx.example`, for people. */
export function lineName(line: SipLine): string {
  return `${line.user}@${formatHostPort(line)}`;
}

function readLine(text: string): SipLine {
  if (text.length > maxCharacters) {
    refuse(`a line has at most ${maxCharacters} characters, this one has ${text.length}`);
  }
  const [address = "", ...parts] = text.trim().split(";");
  const { user, host, port } = readAddress(address);
  const options = readOptions(parts);
  const proxy = options.get("proxy");
  return {
    user,
    host,
    port,
    transport: readTransport(options.get("transport")),
    authUser: readAuthUser(options.get("auth"), user),
    expiresSeconds: readExpires(options.get("expires")),
    proxy: proxy === undefined ? undefined : readHostPort(proxy, "proxy"),
  };
}

function readAddress(address: string): HostPort & { readonly user: string } {
  const plain = address.replace(/^sip:/i, "");
  const at = plain.lastIndexOf("@");
  if (at <= 0) refuse(`${quote(plain)} has no USER@HOST`);
  const user = plain.slice(0, at);
  // What stands behind the colon may be a password, so it is not shown.
  if (user.includes(":")) {
    refuse("a line holds no password: take away the colon and what follows it in front of the @");
  }
  if (!isPlainName(user)) refuse(`the user ${quote(user)} has characters that no user may have`);
  return { user, ...readHostPort(plain.slice(at + 1), "host") };
}

function readHostPort(text: string, what: string): HostPort {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const [, address = "", port] = bracketed;
    if (parseIpv6(address) === undefined) refuse(`${quote(address)} is no IPv6 address`);
    return { host: address.toLowerCase(), port: readPort(port) };
  }
  const [host = "", port, ...rest] = text.split(":");
  if (rest.length > 0)
    refuse(`the ${what} ${quote(text)} needs brackets if it is IPv6: [::1]:5060`);
  if (!isHost(host)) refuse(`the ${what} ${quote(host)} is neither a name nor an IP address`);
  return { host: host.toLowerCase(), port: readPort(port) };
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) refuse(`the port ${quote(text)} is not 1 to 65535`);
  return port;
}

function readOptions(parts: readonly string[]): ReadonlyMap<OptionName, string> {
  const options = new Map<OptionName, string>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name.includes("pass") || name === "secret") {
      refuse("a line holds no password: set WILDFIRE_LINE_PASSWORD or --password-file");
    }
    const known = optionNames.find((option) => option === name);
    if (known === undefined) {
      refuse(`${quote(`;${name}`)} is no option of a line (${optionNames.join(", ")})`);
    }
    if (equals < 0) refuse(`${quote(`;${name}`)} needs a value, as in ;${known}=…`);
    if (options.has(known)) refuse(`${quote(`;${name}`)} is there twice`);
    options.set(known, part.slice(equals + 1).trim());
  }
  return options;
}

function readTransport(text: string | undefined): SipTransportName {
  const name = (text ?? "udp").toLowerCase();
  if (name === "udp" || name === "tcp" || name === "tls") return name;
  return refuse(`the transport ${quote(name)} is not udp, tcp or tls`);
}

function readAuthUser(text: string | undefined, user: string): string {
  if (text === undefined) return user;
  if (!isPlainName(text))
    refuse(`the name ${quote(text)} in ;auth= is empty or has odd characters`);
  return text;
}

function readExpires(text: string | undefined): number {
  if (text === undefined) return defaultExpiresSeconds;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < minExpiresSeconds || seconds > maxExpiresSeconds) {
    refuse(`;expires=${text} is not ${minExpiresSeconds} to ${maxExpiresSeconds} seconds`);
  }
  return seconds;
}

/** No white space, control characters, quotes or brackets: such a name was cut out of something else. */
function isPlainName(name: string): boolean {
  return name.length > 0 && /^[^\s\p{C}<>"\\]+$/u.test(name);
}

/** A name whose last part is a number would be an IPv4 address, and then it must be a right one. */
function isHost(host: string): boolean {
  if (parseIpv4(host) !== undefined) return true;
  if (!consistsOf(host, hostCharacters) || host.length > 253) return false;
  const labels = host.replace(/\.$/, "").split(".");
  return labels.every((label) => label !== "") && !/^\d+$/.test(labels.at(-1) ?? "");
}

function refuse(what: string): never {
  throw new LineRefusal(`${what}; write it as in ${example}`);
}
