/** URIs from text and back (RFC 3261 section 19.1): sip and sips in parts, all others as they are. */
import { WildfireError, quote } from "../../../core/errors.ts";
import { passwordCharacters, uriParameterCharacters, userCharacters } from "./character-sets.ts";
import { FieldReader } from "./field-reader.ts";
import { formatHostPort, readHostPort } from "./host-port.ts";
import { addParameter, noParameters } from "./parameters.ts";
import { maxUriLength } from "./sip-limits.ts";
import type { AnyUri, Parameters, SipUri } from "./sip-message.ts";
import { escapeUriPart, unescapeUriPart } from "./uri-escapes.ts";

const impossible = /[\p{Cc} "<>]/u;
const scheme = /^([a-z][a-z\d+.-]*):./i;

/** Undefined when it is no URI, or a SIP URI that breaks the grammar. No white space is allowed. */
export function parseUri(text: string): AnyUri | undefined {
  if (text.length > maxUriLength || impossible.test(text)) return undefined;
  const name = scheme.exec(text)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  if (name === "sip" || name === "sips") return parseSipUri(name, text.slice(name.length + 1));
  return { scheme: name === "tel" ? "tel" : "other", text };
}

/** Throws when host, port or text are none, which is a mistake of the caller. */
export function formatUri(uri: AnyUri): string {
  if ("text" in uri) return checkedUriText(uri.text);
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) text += `${formatUserInfo(uri.user, uri.password)}@`;
  text += formatHostPort(uri);
  for (const [name, value] of uri.parameters) {
    text += `;${escapeUriPart(name, uriParameterCharacters)}`;
    if (value !== undefined) text += `=${escapeUriPart(value, uriParameterCharacters)}`;
  }
  return uri.headers === undefined ? text : `${text}?${checkedUriText(uri.headers)}`;
}

function parseSipUri(name: "sip" | "sips", text: string): SipUri | undefined {
  const at = text.indexOf("@");
  const colon = at < 0 ? -1 : text.slice(0, at).indexOf(":");
  const userEnd = colon < 0 ? at : colon;
  const reader = new FieldReader(text, at + 1);
  const hostPort = readHostPort(reader);
  if (hostPort === undefined) return undefined;
  const question = text.indexOf("?", reader.at);
  const parametersEnd = question < 0 ? text.length : question;
  const parameters = parseUriParameters(text.slice(reader.at, parametersEnd));
  if (parameters === undefined) return undefined;
  return {
    scheme: name,
    user: at < 0 ? undefined : unescapeUriPart(text.slice(0, userEnd)),
    password: colon < 0 ? undefined : unescapeUriPart(text.slice(colon + 1, at)),
    host: hostPort.host,
    port: hostPort.port,
    parameters,
    headers: text.slice(parametersEnd + 1) || undefined,
  };
}

/** All between host and "?": nothing, or parameters that each begin with a semicolon. */
function parseUriParameters(text: string): Parameters | undefined {
  if (text === "") return noParameters;
  const [before, ...parts] = text.split(";");
  if (before !== "") return undefined;
  const parameters = new Map<string, string | undefined>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? "" : part.slice(equals + 1);
    const plainName = unescapeUriPart(name).toLowerCase();
    const plainValue = value === "" ? undefined : unescapeUriPart(value);
    if (name === "" || !addParameter(parameters, plainName, plainValue)) return undefined;
  }
  return parameters;
}

function formatUserInfo(user: string, password: string | undefined): string {
  const escapedUser = escapeUriPart(user, userCharacters);
  if (password === undefined) return escapedUser;
  return `${escapedUser}:${escapeUriPart(password, passwordCharacters)}`;
}

function checkedUriText(text: string): string {
  if (text !== "" && !impossible.test(text)) return text;
  throw new WildfireError("state", `${quote(text)} is no part of a URI`);
}
