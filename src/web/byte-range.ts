/** Which bytes of a file a request wants, RFC 9110 section 14; pure. */

export type ByteRange =
  | { readonly kind: "all" }
  /** From `start` to before `end`. */
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  /** Nothing of it is there. */
  | { readonly kind: "none" };

const all: ByteRange = { kind: "all" };

/** Several ranges, other units and what makes no sense count as no range, as they may. */
export function readByteRange(header: string | null, bytes: number): ByteRange {
  const found = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(header?.trim() ?? "");
  const [, first, last = "", length] = found ?? [];
  if (length !== undefined) return suffix(Number(length), bytes);
  if (first === undefined) return all;
  const [start, end] = [Number(first), last === "" ? bytes : Number(last) + 1];
  if (last !== "" && end <= start) return all;
  return start >= bytes ? { kind: "none" } : { kind: "part", start, end: Math.min(bytes, end) };
}

function suffix(length: number, bytes: number): ByteRange {
  if (length === 0 || bytes === 0) return { kind: "none" };
  return { kind: "part", start: Math.max(0, bytes - length), end: bytes };
}
