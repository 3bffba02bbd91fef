/** Which request was the first to carry a nonce: that tells a wrong password from a nonce grown old. */
import type { SipRequest } from "../message/sip-message.ts";

interface NonceUse {
  /** How many fresh nonces in a row were called stale before this one. */
  readonly staleBefore: number;
  first: { readonly callId: string; readonly cseq: number } | undefined;
}

/** Enough for all requests that are under way at once; the oldest are forgotten. */
const maxNonces = 64;

export class NonceHistory {
  readonly #uses = new Map<string, NonceUse>();

  issued(nonce: string, staleBefore: number): void {
    if (this.#uses.has(nonce)) return;
    this.#uses.set(nonce, { staleBefore, first: undefined });
    const oldest = this.#uses.keys().next();
    if (this.#uses.size > maxNonces && oldest.done !== true) this.#uses.delete(oldest.value);
  }

  carried(nonce: string, request: SipRequest): void {
    const use = this.#uses.get(nonce);
    if (use === undefined) return;
    use.first ??= { callId: request.callId, cseq: request.cseq.number };
  }

  /**
   * Undefined when the nonce had served before this request, so that it may simply be too old;
   * else how many fresh nonces in a row were stale before it.
   */
  freshUse(nonce: string, request: SipRequest): number | undefined {
    const use = this.#uses.get(nonce);
    const isFirst = use?.first?.callId === request.callId && use.first.cseq === request.cseq.number;
    return isFirst ? use.staleBefore : undefined;
  }
}
