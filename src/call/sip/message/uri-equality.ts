/** When two URIs name the same resource (RFC 3261 section 19.1.4). */
import { parseIpv6 } from "./ip-address.ts";
import type { AnyUri, OtherUri, Parameters, SipUri } from "./sip-message.ts";
import { unescapeUriPart } from "./uri-escapes.ts";

/** Must be in both URIs or in neither; all other parameters count only where both have them. */
const decisiveParameters = ["user", "ttl", "method", "maddr", "transport"];

const visualSeparators = /[-.()]/g;

export function uriEquals(one: AnyUri, other: AnyUri): boolean {
  if ("text" in one) return "text" in other && comparableText(one) === comparableText(other);
  return !("text" in other) && sipUriEquals(one, other);
}

function sipUriEquals(one: SipUri, other: SipUri): boolean {
  if (one.scheme !== other.scheme || one.port !== other.port) return false;
  if (one.user !== other.user || one.password !== other.password) return false;
  if (comparableHost(one.host) !== comparableHost(other.host)) return false;
  if (!parametersAgree(one.parameters, other.parameters)) return false;
  return comparableHeaders(one.headers) === comparableHeaders(other.headers);
}

function comparableHost(host: string): string {
  return parseIpv6(host)?.join(":") ?? host.toLowerCase();
}

function parametersAgree(one: Parameters, other: Parameters): boolean {
  if (decisiveParameters.some((name) => one.has(name) !== other.has(name))) return false;
  for (const [name, value] of one) {
    if (other.has(name) && value?.toLowerCase() !== other.get(name)?.toLowerCase()) return false;
  }
  return true;
}

/** Names in any case, in any order. */
function comparableHeaders(headers: string | undefined): string {
  const fields = headers?.split("&").map((field) => {
    const [name = "", ...value] = field.split("=");
    return `${unescapeUriPart(name).toLowerCase()}=${unescapeUriPart(value.join("="))}`;
  });
  return fields?.toSorted().join("&") ?? "";
}

/** RFC 3966 section 5 for tel, letter by letter for the rest. */
function comparableText({ scheme, text }: OtherUri): string {
  if (scheme === "other") return text;
  const [number = "", ...parameters] = text.toLowerCase().split(";");
  return [number.replaceAll(visualSeparators, ""), ...parameters.toSorted()].join(";");
}
