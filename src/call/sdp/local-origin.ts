/** Our o= line through the life of a call: its version rises with each change (RFC 3264 section 8). */
import { isIpv6 } from "./ip-address.ts";

export class LocalOrigin {
  readonly #sessionId: string;
  #version = 1;
  #described: string | undefined;

  /** `randomBytes` makes the session id, which must differ between calls. */
  constructor(randomBytes: (count: number) => Uint8Array) {
    let id = 1;
    for (const byte of randomBytes(6)) id = id * 256 + byte;
    this.#sessionId = String(id);
  }

  /** The line for a description that says `described` apart from its o= line. */
  line(address: string, described: string): string {
    if (this.#described !== undefined && this.#described !== described) this.#version += 1;
    this.#described = described;
    return `o=- ${this.#sessionId} ${this.#version} ${addressText(address)}`;
  }
}

/** `IN IP4 192.0.2.1`, as it stands in o= and c=. */
export function addressText(address: string): string {
  return `IN ${isIpv6(address) ? "IP6" : "IP4"} ${address}`;
}
