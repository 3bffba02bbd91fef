/** SIP messages as the small peers of these tests write and read them. Pure. */

export interface SipText {
  /** First line and headers; Content-Length is added. */
  readonly lines: readonly string[];
  readonly body?: string;
}

export function writeSip({ lines, body = "" }: SipText): string {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return `${[...lines, length].join("\r\n")}\r\n\r\n${body}`;
}

/** All values of a header, in order; compact forms are not known here. */
export function sipHeaders(text: string, name: string): string[] {
  const [head = ""] = text.split("\r\n\r\n", 1);
  const pattern = new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)[ \\t]*\\r?$`, "gim");
  return [...head.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** 0 for a request. */
export function sipStatus(text: string): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? 0);
}

/** Copies what an answer has to repeat of its request. */
export function answerTo(request: string, status: string, more: readonly string[] = []): string {
  const copied = ["Via", "From", "To", "Call-ID", "CSeq"].flatMap((name) =>
    sipHeaders(request, name).map((value) => `${name}: ${value}`),
  );
  return writeSip({ lines: [`SIP/2.0 ${status}`, ...copied, ...more] });
}
