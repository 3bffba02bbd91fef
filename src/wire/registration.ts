/**
 * The datagrams that announce and end a call, `REGISTER:111` and `BYE:111`, and four of our own, which
 * tell of the caller: SPEECH and SILENCE, they began and stopped to talk; PAUSE, they may have begun,
 * so the agent waits; RESUME, they had not, and it goes on.
 */
import { quote } from "../core/errors.ts";
import { isCallNumber, type CallId } from "./call-id.ts";
import { isUtf8 } from "./utf8.ts";

/** The most bytes that a datagram may have, white space included. */
export const maxDatagramBytes = 256;

export type SignalKind = "register" | "bye" | "speech" | "silence" | "pause" | "resume";

export interface Signal {
  readonly kind: SignalKind;
  readonly callId: CallId;
}

export type RefusalReason = "empty" | "oversized" | "not-utf8" | "unknown-verb" | "bad-call-id";

export interface RefusedDatagram {
  readonly kind: "refused";
  readonly reason: RefusalReason;
  /**
   * The start of the datagram, quoted for a log. Made when it is read, from the bytes that were
   * parsed: read it before they are reused.
   */
  readonly quoted: string;
}

interface Verb {
  readonly kind: SignalKind;
  readonly prefix: Uint8Array;
}

const verbTexts: Readonly<Record<SignalKind, string>> = {
  register: "REGISTER:",
  bye: "BYE:",
  speech: "SPEECH:",
  silence: "SILENCE:",
  pause: "PAUSE:",
  resume: "RESUME:",
};

const encoder = new TextEncoder();
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

const verbs: readonly Verb[] = [
  { kind: "register", prefix: encoder.encode(verbTexts.register) },
  { kind: "bye", prefix: encoder.encode(verbTexts.bye) },
  { kind: "speech", prefix: encoder.encode(verbTexts.speech) },
  { kind: "silence", prefix: encoder.encode(verbTexts.silence) },
  { kind: "pause", prefix: encoder.encode(verbTexts.pause) },
  { kind: "resume", prefix: encoder.encode(verbTexts.resume) },
];

class Refusal implements RefusedDatagram {
  readonly kind = "refused";
  readonly reason: RefusalReason;
  readonly #bytes: Uint8Array;

  constructor(reason: RefusalReason, bytes: Uint8Array) {
    this.reason = reason;
    this.#bytes = bytes;
  }

  get quoted(): string {
    return quote(lenientDecoder.decode(this.#bytes.subarray(0, maxDatagramBytes)));
  }
}

/**
 * Reads one datagram; ASCII white space around it is ignored. Works on the bytes themselves and
 * never throws: only who logs a refusal pays for making text of it.
 */
export function parseRegistration(bytes: Uint8Array): Signal | RefusedDatagram {
  if (bytes.length > maxDatagramBytes) return new Refusal("oversized", bytes);
  let start = 0;
  let end = bytes.length;
  while (start < end && isWhiteSpace(bytes[start])) start += 1;
  while (end > start && isWhiteSpace(bytes[end - 1])) end -= 1;
  if (start === end) return new Refusal("empty", bytes);

  const verb = findVerb(bytes, start);
  if (verb === undefined) return new Refusal(isUtf8(bytes) ? "unknown-verb" : "not-utf8", bytes);
  const callId = readCallId(bytes, start + verb.prefix.length, end);
  if (callId === undefined) return new Refusal(isUtf8(bytes) ? "bad-call-id" : "not-utf8", bytes);
  return { kind: verb.kind, callId };
}

/** The datagram for a signal, such as the 12 bytes of `REGISTER:111`. */
export function encodeRegistration(kind: SignalKind, callId: CallId): Uint8Array {
  return encoder.encode(verbTexts[kind] + callId.text);
}

function findVerb(bytes: Uint8Array, start: number): Verb | undefined {
  for (const verb of verbs) {
    const { prefix } = verb;
    let matched = 0;
    while (matched < prefix.length && bytes[start + matched] === prefix[matched]) matched += 1;
    if (matched === prefix.length) return verb;
  }
  return undefined;
}

/** The rules of `parseCallId`, on bytes. */
function readCallId(bytes: Uint8Array, start: number, end: number): CallId | undefined {
  if (end - start < 1 || end - start > 5) return undefined;
  let number = 0;
  let text = "";
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
    text += String.fromCharCode(0x30 + digit);
  }
  return isCallNumber(number) ? { number, text } : undefined;
}

/** Tab, line feed, vertical tab, form feed, carriage return, space. */
function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
