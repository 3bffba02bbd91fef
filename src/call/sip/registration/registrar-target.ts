/** Which registrar is asked and by which way: the line's own, or where it sent us. */
import type { AnyUri, NameAddress, SipResponse, SipUri } from "../message/sip-message.ts";
import type { SipTransportName } from "../transport/sip-flow.ts";
import type { SipLine } from "./sip-line.ts";

export interface RegistrarTarget {
  /** Request-URI of the REGISTER: no user (RFC 3261 section 10.2). */
  readonly registrar: SipUri;
  /** Topmost Route, where requests go instead. */
  readonly proxy: SipUri | undefined;
}

/** Where the next request is sent; a name is still to be resolved. */
export interface NextHop {
  readonly transport: SipTransportName;
  readonly host: string;
  readonly port: number | undefined;
}

export function lineTarget(line: SipLine): RegistrarTarget {
  const parameters = transportParameter(line.transport);
  const registrar = hostUri({ host: line.host, port: line.port, parameters });
  if (line.proxy === undefined) return { registrar, proxy: undefined };
  const { host, port } = line.proxy;
  return { registrar, proxy: hostUri({ host, port, parameters: looseRouter(parameters) }) };
}

export function nextHop(target: RegistrarTarget): NextHop {
  const { host, port, parameters } = target.proxy ?? target.registrar;
  const name = parameters.get("transport")?.toLowerCase();
  return { transport: name === "tcp" || name === "tls" ? name : "udp", host, port };
}

/** `pbx.example:5060 (udp)`, for people. */
export function describeTarget(target: RegistrarTarget): string {
  const { transport, host, port } = nextHop(target);
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return `${shownHost}${port === undefined ? "" : `:${port}`} (${transport})`;
}

/**
 * Where a 3xx sends us: to the first Contact that is a SIP URI, by that proxy for 305, to that
 * registrar for all others. A line with TLS stays with TLS. Undefined when there is no such Contact.
 */
export function redirectedTarget(
  target: RegistrarTarget,
  response: SipResponse,
): RegistrarTarget | undefined {
  const contacts: readonly NameAddress[] = response.contacts === "*" ? [] : response.contacts;
  const uri = contacts.map((contact) => contact.uri).find(isSipUri);
  if (uri === undefined) return undefined;
  const { transport } = nextHop(target);
  const named = uri.scheme === "sips" || transport === "tls" ? "tls" : namedTransport(uri);
  const parameters = transportParameter(named ?? "udp");
  const { host, port } = uri;
  if (response.status !== 305) return { ...target, registrar: hostUri({ host, port, parameters }) };
  return { ...target, proxy: hostUri({ host, port, parameters: looseRouter(parameters) }) };
}

export function isSipUri(uri: AnyUri): uri is SipUri {
  return uri.scheme === "sip" || uri.scheme === "sips";
}

function namedTransport(uri: SipUri): SipTransportName | undefined {
  const name = uri.parameters.get("transport")?.toLowerCase();
  return name === "udp" || name === "tcp" || name === "tls" ? name : undefined;
}

/** UDP is what a URI without the parameter means. */
function transportParameter(transport: SipTransportName): ReadonlyMap<string, string | undefined> {
  return new Map(transport === "udp" ? [] : [["transport", transport]]);
}

function looseRouter(
  parameters: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, string | undefined> {
  return new Map([...parameters, ["lr", undefined]]);
}

function hostUri(parts: Pick<SipUri, "host" | "port" | "parameters">): SipUri {
  return { scheme: "sip", user: undefined, password: undefined, headers: undefined, ...parts };
}
