/** SIP over UDP to one peer: nothing is open but our own socket, so a flow is a direction to send in. */
import type { FlowSendOutcome, SipEndpoint, SipFlow } from "./sip-flow.ts";

export interface UdpFlowOptions {
  readonly remote: SipEndpoint;
  readonly local: () => SipEndpoint;
  readonly send: (bytes: Uint8Array, remote: SipEndpoint) => FlowSendOutcome;
  readonly nowMs: () => number;
}

export class UdpFlow implements SipFlow {
  readonly transport = "udp";
  readonly isReliable = false;
  readonly remote: SipEndpoint;
  readonly #options: UdpFlowOptions;
  #leases = 0;
  #isOpen = true;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  constructor(options: UdpFlowOptions) {
    this.#options = options;
    this.remote = options.remote;
  }

  get local(): SipEndpoint {
    return this.#options.local();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Somebody asked to keep the way to this peer open. */
  get isKept(): boolean {
    return this.#leases > 0;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  send(bytes: Uint8Array): FlowSendOutcome {
    if (!this.#isOpen) return { ok: false, errno: "EPIPE" };
    this.#lastSentMs = this.#options.nowMs();
    return this.#options.send(bytes, this.remote);
  }

  lease(): void {
    this.#leases += 1;
  }

  release(): void {
    this.#leases -= 1;
  }

  end(): void {
    this.#isOpen = false;
  }
}
