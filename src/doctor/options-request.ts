/** A SIP OPTIONS request (RFC 3261 section 11) and what its answer tells of us: pure. */

export interface OptionsRequest {
  readonly host: string;
  /** Our own end, as we see it. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Hexadecimal text that nobody else uses. */
  readonly token: string;
}

export function optionsRequest(request: OptionsRequest): Uint8Array {
  const { host, token, localPort } = request;
  const local = bracketed(request.localAddress);
  const lines = [
    `OPTIONS sip:${bracketed(host)} SIP/2.0`,
    `Via: SIP/2.0/UDP ${local}:${localPort};branch=z9hG4bK${token};rport`,
    "Max-Forwards: 70",
    `From: <sip:wildfire@${local}>;tag=${token}`,
    `To: <sip:${bracketed(host)}>`,
    `Call-ID: ${token}@wildfire`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
    "",
    "",
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}

export interface OptionsAnswer {
  readonly status: number;
  /** Where the PBX saw the request come from (RFC 3581), if it says so. */
  readonly seenAs: string | undefined;
}

const maxBytes = 8192;

/** Undefined for what is no answer to the request with that token. */
export function parseOptionsAnswer(bytes: Uint8Array, token: string): OptionsAnswer | undefined {
  if (bytes.length > maxBytes) return undefined;
  const text = new TextDecoder().decode(bytes);
  const status = /^SIP\/2\.0 (\d{3}) /.exec(text)?.[1];
  if (status === undefined || !text.includes(`z9hG4bK${token}`)) return undefined;
  const via = /^(?:Via|v)\s*:\s*([^\r\n]*)/im.exec(text)?.[1] ?? "";
  const received = /;\s*received\s*=\s*\[?([\da-fA-F.:]{2,45})\]?/.exec(via)?.[1];
  return { status: Number(status), seenAs: received };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
