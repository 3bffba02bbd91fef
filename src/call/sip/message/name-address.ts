/** Addresses with a display name and parameters: From, To, Contact, Route … (RFC 3261 section 20.10). */
import { FieldReader, quoteMark, trimSpace } from "./field-reader.ts";
import { formatParameters, quoteString, readParameters } from "./parameters.ts";
import { maxListMembers } from "./sip-limits.ts";
import type { AnyUri, NameAddress } from "./sip-message.ts";
import { formatUri, parseUri } from "./uri.ts";

const comma = 0x2c;
const openAngle = 0x3c;

/** What ends an address without angle brackets: from here on parameters belong to the header. */
const bareEnd = /[\s;,?<>"]/g;

/** One address and nothing else, as in From. */
export function parseNameAddress(text: string): NameAddress | undefined {
  const reader = new FieldReader(text);
  const address = readNameAddress(reader, text.length);
  return reader.isAtEnd ? address : undefined;
}

/** Addresses with commas between them, as in Contact; at least one. */
export function parseAddressList(text: string): readonly NameAddress[] | undefined {
  const reader = new FieldReader(text);
  const addresses: NameAddress[] = [];
  do {
    const nextComma = text.indexOf(",", reader.at);
    const address = readNameAddress(reader, nextComma < 0 ? text.length : nextComma);
    if (address === undefined || addresses.length >= maxListMembers) return undefined;
    addresses.push(address);
  } while (reader.take(comma));
  return reader.isAtEnd ? addresses : undefined;
}

/** With angle brackets always, so that parameters cannot change sides. */
export function formatNameAddress({ displayName, uri, parameters }: NameAddress): string {
  const name = displayName === undefined ? "" : `${quoteString(displayName)} `;
  return `${name}<${formatUri(uri)}>${formatParameters(parameters)}`;
}

/** Reads an address with its parameters; one without quotes has its "<" before `nameLimit`. */
function readNameAddress(reader: FieldReader, nameLimit: number): NameAddress | undefined {
  reader.skipSpace();
  const displayName = readDisplayName(reader, nameLimit);
  if (displayName === undefined) return undefined;
  const uri = reader.peek() === openAngle ? readBracketed(reader) : readBare(reader);
  if (uri === undefined) return undefined;
  const parameters = readParameters(reader);
  if (parameters === undefined) return undefined;
  return { displayName: displayName === "" ? undefined : displayName, uri, parameters };
}

/**
 * What stands before "<"; "" when there is nothing or the address is bare. Without quotes any text
 * is taken, not tokens only: PBXs send names with brackets, slashes and umlauts like that.
 */
function readDisplayName(reader: FieldReader, nameLimit: number): string | undefined {
  const start = reader.at;
  if (reader.peek() === quoteMark) {
    const name = reader.takeQuoted();
    reader.skipSpace();
    return reader.peek() === openAngle ? name : undefined;
  }
  const bracket = reader.text.indexOf("<", start);
  if (bracket < 0 || bracket > nameLimit) return "";
  const name = reader.text.slice(start, bracket);
  if (name.includes(":")) return "";
  reader.at = bracket;
  return name.includes('"') ? undefined : trimSpace(name);
}

/** Spaces just within the brackets are no part of the grammar, and no riddle either. */
function readBracketed(reader: FieldReader): AnyUri | undefined {
  const end = reader.text.indexOf(">", reader.at);
  if (end < 0) return undefined;
  const text = trimSpace(reader.text.slice(reader.at + 1, end));
  reader.at = end + 1;
  return parseUri(text);
}

/** "?" needs brackets (section 20.10), so what has one without them is refused. */
function readBare(reader: FieldReader): AnyUri | undefined {
  bareEnd.lastIndex = reader.at;
  const end = bareEnd.exec(reader.text)?.index ?? reader.text.length;
  const text = reader.text.slice(reader.at, end);
  reader.at = end;
  return parseUri(text);
}
