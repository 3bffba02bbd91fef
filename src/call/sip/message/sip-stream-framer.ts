/** Cuts the bytes of a TCP or TLS connection into SIP messages (RFC 3261 section 18.3, RFC 5626). */
import { quote } from "../../../core/errors.ts";
import { tokenCharacters } from "./character-sets.ts";
import { readHeader, unfoldedLines } from "./header-block.ts";
import { afterEmptyLine } from "./message-head.ts";
import { maxBodyBytes, maxHeaderBlockBytes } from "./sip-limits.ts";
import { SipProblem } from "./sip-problem.ts";

/** What a stream holds, in its order. After `violation` nothing follows. */
export interface SipStreamSink {
  /** One whole message, ready for `parseSipMessage`; the bytes are the sink's to keep. */
  message(bytes: Uint8Array): void;
  /** Two line ends between messages, the keep-alive of RFC 5626: answer with one, "\r\n". */
  ping(): void;
  /** One line end between messages: the answer to our ping, or the first half of one. */
  pong(): void;
  /** Where the next message begins cannot be known any more: close the connection. */
  violation(reason: string): void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const firstBufferBytes = 4_096;
const keptBufferBytes = 16_384;
const latin1 = new TextDecoder("latin1");

/** Bytes may come split and joined in any way. Memory follows what came, and is bounded. */
export class SipStreamFramer {
  #buffer = new Uint8Array(firstBufferBytes);
  #length = 0;
  /** Up to here the header block was searched for its end. */
  #searched = 0;
  /** Length of the message whose headers are all there; 0 before. */
  #messageBytes = 0;
  #lineEnds = 0;
  #isDone = false;

  /** True after a violation or `stop`; further bytes are ignored. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Bytes that came and are no whole message yet: a connection that keeps them for long is stuck. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Ends framing, from within a sink method too. */
  stop(): void {
    this.#isDone = true;
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }

  push(bytes: Uint8Array, sink: SipStreamSink): void {
    if (this.#isDone) return;
    this.#append(bytes);
    let start = 0;
    while (!this.#isDone) {
      const end = this.#step(start, sink);
      if (end < 0) break;
      start = end;
    }
    if (!this.#isDone) this.#drop(start);
  }

  /** Reports what begins at `start`; the place behind it, or -1 when more bytes are needed. */
  #step(start: number, sink: SipStreamSink): number {
    if (this.#messageBytes === 0) {
      const next = this.#skipLineEnds(start, sink);
      if (next !== start || this.#isDone) return next;
      if (!this.#findMessageEnd(start, sink)) return -1;
    }
    const end = start + this.#messageBytes;
    if (end > this.#length) return -1;
    const message = this.#buffer.slice(start, end);
    this.#messageBytes = 0;
    this.#searched = 0;
    this.#lineEnds = 0;
    sink.message(message);
    return end;
  }

  #skipLineEnds(start: number, sink: SipStreamSink): number {
    let at = start;
    let next = afterEmptyLine(this.#visible, at);
    while (next >= 0 && !this.#isDone) {
      at = next;
      this.#lineEnds += 1;
      sink.pong();
      if (this.#lineEnds === 2) this.#lineEnds = 0;
      if (this.#lineEnds === 0 && !this.#isDone) sink.ping();
      next = afterEmptyLine(this.#visible, at);
    }
    return at;
  }

  /** True when the header block is whole and says how long its message is. */
  #findMessageEnd(start: number, sink: SipStreamSink): boolean {
    if (!this.#beginsLikeSip(start, sink)) return false;
    const bodyStart = this.#findBodyStart(start);
    const headBytes = (bodyStart < 0 ? this.#length : bodyStart) - start;
    if (headBytes > maxHeaderBlockBytes) {
      this.#violate(`headers of more than ${maxHeaderBlockBytes} bytes`, sink);
      return false;
    }
    if (bodyStart < 0) return false;
    const bodyBytes = readBodyBytes(latin1.decode(this.#buffer.subarray(start, bodyStart)));
    if (typeof bodyBytes === "string") {
      this.#violate(bodyBytes, sink);
      return false;
    }
    this.#messageBytes = headBytes + bodyBytes;
    return true;
  }

  #beginsLikeSip(start: number, sink: SipStreamSink): boolean {
    const first = start < this.#length ? this.#buffer[start] : undefined;
    if (first === undefined) return false;
    const isLoneReturn = first === carriageReturn && start + 1 === this.#length;
    if (isLoneReturn || tokenCharacters[first] === 1) return !isLoneReturn;
    const shown = latin1.decode(this.#visible.subarray(start, start + 41));
    this.#violate(`not SIP: ${quote(shown)}`, sink);
    return false;
  }

  #findBodyStart(start: number): number {
    const bytes = this.#visible;
    let at = bytes.indexOf(lineFeed, start + this.#searched);
    while (at >= 0) {
      const bodyStart = afterEmptyLine(bytes, at + 1);
      if (bodyStart >= 0) return bodyStart;
      // What follows this line end has not all come yet.
      if (at + 2 >= bytes.length) break;
      at = bytes.indexOf(lineFeed, at + 1);
    }
    this.#searched = (at < 0 ? bytes.length : at) - start;
    return -1;
  }

  get #visible(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#visible);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Forgets what was reported, and the room that a long message took. */
  #drop(count: number): void {
    const rest = this.#length - count;
    if (rest <= firstBufferBytes && this.#buffer.length > keptBufferBytes) {
      const small = new Uint8Array(firstBufferBytes);
      small.set(this.#buffer.subarray(count, this.#length));
      this.#buffer = small;
    } else if (count > 0) this.#buffer.copyWithin(0, count, this.#length);
    this.#length = rest;
  }

  #violate(reason: string, sink: SipStreamSink): void {
    this.stop();
    sink.violation(reason);
  }
}

/** The length of the body, or why nobody can know it. Without a body it may be left out. */
function readBodyBytes(head: string): number | string {
  const lengths = new Set<string>();
  let hasType = false;
  for (const line of unfoldedLines(head)) {
    const header = readHeader(line);
    if (header instanceof SipProblem) continue;
    if (header.name === "Content-Type") hasType = true;
    if (header.name === "Content-Length") lengths.add(header.value);
  }
  if (lengths.size > 1) return "Content-Length comes twice";
  const [length] = lengths;
  if (length === undefined) return hasType ? "Content-Length is missing" : 0;
  if (!/^\d{1,9}$/.test(length)) return `Content-Length is malformed: ${quote(length)}`;
  return Number(length) <= maxBodyBytes ? Number(length) : `a body of ${length} bytes`;
}
