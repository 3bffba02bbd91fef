/** Via, the way that a response goes back (RFC 3261 section 20.42). */
import { tokenCharacters } from "./character-sets.ts";
import { FieldReader } from "./field-reader.ts";
import { formatHostPort, readHostPort } from "./host-port.ts";
import { formatParameters, readParameters } from "./parameters.ts";
import { maxListMembers } from "./sip-limits.ts";
import type { Parameters, Via } from "./sip-message.ts";
import { checkedToken } from "./text-safety.ts";

const comma = 0x2c;
const slash = 0x2f;

/** With commas between them, topmost first; at least one. */
export function parseVias(text: string): readonly Via[] | undefined {
  const reader = new FieldReader(text);
  const vias: Via[] = [];
  do {
    const via = readVia(reader);
    if (via === undefined || vias.length >= maxListMembers) return undefined;
    vias.push(via);
  } while (reader.take(comma));
  return reader.isAtEnd ? vias : undefined;
}

export function formatVia(via: Via): string {
  const transport = checkedToken(via.transport, "transport");
  return `SIP/2.0/${transport} ${formatHostPort(via)}${formatParameters(via.parameters)}`;
}

function readVia(reader: FieldReader): Via | undefined {
  if (readPart(reader).toUpperCase() !== "SIP" || !reader.take(slash)) return undefined;
  if (readPart(reader) === "" || !reader.take(slash)) return undefined;
  const transport = readPart(reader).toUpperCase();
  if (transport === "") return undefined;
  const hostPort = readHostPort(reader);
  if (hostPort === undefined) return undefined;
  const parameters = readParameters(reader);
  if (parameters === undefined) return undefined;
  return { transport, ...hostPort, parameters: withPlainReceived(parameters) };
}

/** A token with spaces around it, as between the slashes of "SIP / 2.0 / UDP". */
function readPart(reader: FieldReader): string {
  reader.skipSpace();
  const part = reader.takeRun(tokenCharacters);
  reader.skipSpace();
  return part;
}

/** The grammar has an IPv6 address in `received` without brackets, many peers write them (RFC 5118). */
function withPlainReceived(parameters: Parameters): Parameters {
  const received = parameters.get("received");
  if (received === undefined || !received.startsWith("[")) return parameters;
  return new Map(parameters).set("received", received.replace(/^\[(.*)\]$/, "$1"));
}
