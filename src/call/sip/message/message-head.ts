/** Where the headers of a message end and its body begins. */
import { SipProblem } from "./sip-problem.ts";

export interface HeadEnd {
  /** Behind the line end of the last header. */
  readonly headersEnd: number;
  readonly bodyStart: number;
  readonly problem: SipProblem | undefined;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Finds the empty line. `lineEnd` is the line feed of the start line. A datagram that ends with a
 * whole header instead has no body; within one, it was cut off.
 */
export function findHeadEnd(bytes: Uint8Array, lineEnd: number): HeadEnd {
  let at = lineEnd;
  while (at >= 0) {
    const bodyStart = afterEmptyLine(bytes, at + 1);
    if (bodyStart >= 0) return { headersEnd: at + 1, bodyStart, problem: undefined };
    at = bytes.indexOf(lineFeed, at + 1);
  }
  const end = bytes.length;
  const isWhole = bytes[end - 1] === lineFeed;
  const problem = isWhole ? undefined : new SipProblem(400, "the last header is cut off");
  return { headersEnd: bytes.lastIndexOf(lineFeed) + 1, bodyStart: end, problem };
}

/** The place behind an empty line that begins here; -1 when none does. */
export function afterEmptyLine(bytes: Uint8Array, at: number): number {
  if (bytes[at] === lineFeed) return at + 1;
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed ? at + 2 : -1;
}
