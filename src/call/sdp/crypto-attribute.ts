/** SRTP keys in the session description: a=crypto (RFC 4568, "SDES"). */
import { findSuite, masterKeyBytes, type SrtpSuite } from "../rtp/srtp-suite.ts";
import { fieldOf, integerOf, textOf } from "./loose-values.ts";

export interface CryptoLine {
  readonly tag: number;
  readonly suite: SrtpSuite;
  /** Master key and master salt; a secret, never to be logged. */
  readonly key: Uint8Array;
}

/** Key and salt, and a lifetime, which no call reaches; but neither several keys nor an identifier. */
const inlineKey = /^inline:([A-Za-z0-9+/]+={0,2})(?:\|(?:2\^)?\d{1,20})?$/;

/**
 * Reads one a=crypto as sdp-transform gives it. Undefined when we cannot speak it: another suite, a
 * key of the wrong length, a key identifier (MKI), or session parameters, each of which would change
 * how packets look (section 6.3).
 */
export function readCryptoLine(value: unknown): CryptoLine | undefined {
  const tag = integerOf(value, "id", [0, 999_999_999]);
  const suite = findSuite(textOf(value, "suite") ?? "");
  const inline = inlineKey.exec(textOf(value, "config") ?? "")?.[1];
  const hasParameters = fieldOf(value, "sessionConfig") !== undefined;
  if (tag === undefined || suite === undefined || inline === undefined || hasParameters) {
    return undefined;
  }
  const key = new Uint8Array(Buffer.from(inline, "base64"));
  return key.length === masterKeyBytes(suite) ? { tag, suite, key } : undefined;
}

export function formatCryptoLine(line: CryptoLine): string {
  const inline = Buffer.from(line.key).toString("base64");
  return `a=crypto:${line.tag} ${line.suite} inline:${inline}`;
}
