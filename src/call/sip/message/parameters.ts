/** Parameters of header values: `;tag=1928;lr;reason="a b"` (RFC 3261 section 7.3.1). */
import {
  consistsOf,
  plainValueCharacters,
  tokenCharacters,
  tolerantValueCharacters,
} from "./character-sets.ts";
import { quoteMark, type FieldReader } from "./field-reader.ts";
import { maxParameters } from "./sip-limits.ts";
import type { Parameters } from "./sip-message.ts";
import { checkedToken, safeText } from "./text-safety.ts";

export const noParameters: Parameters = new Map<string, string | undefined>();

const semicolon = 0x3b;
const equalsSign = 0x3d;

/** Reads all parameters that follow; undefined when one is malformed or there are too many. */
export function readParameters(reader: FieldReader): Parameters | undefined {
  reader.skipSpace();
  if (reader.peek() !== semicolon) return noParameters;
  const parameters = new Map<string, string | undefined>();
  while (reader.take(semicolon)) {
    if (!readParameter(reader, parameters)) return undefined;
    reader.skipSpace();
  }
  return parameters;
}

/**
 * Adds a parameter; false when there are too many or it contradicts one of the same name, which
 * must not be there twice. Peers do repeat flags, so a mere repetition is taken.
 */
export function addParameter(
  parameters: Map<string, string | undefined>,
  name: string,
  value: string | undefined,
): boolean {
  if (parameters.has(name)) return parameters.get(name) === value;
  parameters.set(name, value);
  return parameters.size <= maxParameters;
}

export function formatParameters(parameters: Parameters): string {
  let text = "";
  for (const [name, value] of parameters) {
    text += `;${checkedToken(name, "parameter name")}`;
    if (value !== undefined) text += `=${formatValue(name, value)}`;
  }
  return text;
}

/** In quotes, with the backslashes that this needs. */
export function quoteString(text: string): string {
  return safeText(`"${text.replaceAll(/(?![\t\r\n])[\p{Cc}"\\]/gu, "\\$&")}"`, "text");
}

function readParameter(reader: FieldReader, parameters: Map<string, string | undefined>): boolean {
  reader.skipSpace();
  const name = reader.takeRun(tokenCharacters);
  if (name === "") return false;
  reader.skipSpace();
  if (!reader.take(equalsSign)) return addParameter(parameters, name.toLowerCase(), undefined);
  reader.skipSpace();
  if (reader.peek() !== quoteMark) {
    const value = reader.takeRun(tolerantValueCharacters);
    return addParameter(parameters, name.toLowerCase(), value === "" ? undefined : value);
  }
  const quoted = reader.takeQuoted();
  return quoted !== undefined && addParameter(parameters, name.toLowerCase(), quoted);
}

/**
 * Feature tags have their value in quotes always (RFC 3840 section 9). A peer knows its tag and its
 * branch letter by letter only, so they stay bare even where they are no token.
 */
function formatValue(name: string, value: string): string {
  if (name.startsWith("+")) return quoteString(value);
  const isIdentifier = name === "tag" || name === "branch";
  const bare = isIdentifier ? tolerantValueCharacters : plainValueCharacters;
  return consistsOf(value, bare) ? value : quoteString(value);
}
