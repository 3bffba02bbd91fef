/** Percent escapes in SIP URIs (RFC 3261 section 19.1.2): any bytes there and back without loss. */
import { isUtf8 } from "node:buffer";
import type { CharacterSet } from "./character-sets.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes that are no UTF-8 become unpaired surrogates from here on, as Python's "surrogateescape". */
const escapedByteBase = 0xdc00;

const outsideAscii = /\P{ASCII}+/gu;
const escapes = /%[0-7][\da-f]|(?:%[89a-f][\da-f])+/gi;

/** A "%" that starts no escape stays as it is. */
export function unescapeUriPart(text: string): string {
  const ascii = text.replace(outsideAscii, escapeBytes);
  return ascii.includes("%") ? ascii.replace(escapes, decodeEscapes) : ascii;
}

export function escapeUriPart(text: string, unescaped: CharacterSet): string {
  let escaped = "";
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (unescaped[text.charCodeAt(at)] === 1) continue;
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    escaped += text.slice(from, at) + escapeBytes(character);
    at += character.length - 1;
    from = at + 1;
  }
  return escaped + text.slice(from);
}

function decodeEscapes(run: string): string {
  const bytes = Uint8Array.from({ length: run.length / 3 }, (_, index) =>
    Number.parseInt(run.slice(index * 3 + 1, index * 3 + 3), 16),
  );
  if (isUtf8(bytes)) return decoder.decode(bytes);
  return String.fromCharCode(...Array.from(bytes, (byte) => escapedByteBase + byte));
}

function escapeBytes(text: string): string {
  const code = text.charCodeAt(0) - escapedByteBase;
  const bytes = code >= 0x80 && code <= 0xff ? [code] : encoder.encode(text);
  return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
    "",
  );
}
