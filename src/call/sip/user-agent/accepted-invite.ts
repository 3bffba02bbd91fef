/** A 2xx to an INVITE: sent again and again until its ACK is there (RFC 3261 section 13.3.1.4). */
import type { Clock, Timer } from "../../../core/clock.ts";
import type { SipRequest } from "../message/sip-message.ts";

export interface AcceptedInviteOptions {
  readonly invite: SipRequest;
  readonly clock: Clock;
  /** Sends the same 2xx once more. */
  readonly send: () => void;
  readonly onAck: (ack: SipRequest) => void;
  readonly onMissing: () => void;
}

/** T1 and T2 of section 17.1.1.1, and how long an ACK is awaited. */
const firstIntervalMs = 500;
const longestIntervalMs = 4000;
const limitMs = 64 * firstIntervalMs;

export class AcceptedInvite {
  readonly #options: AcceptedInviteOptions;
  readonly #limit: Timer;
  #retransmission: Timer | undefined;
  #isSettled = false;

  /** Sends the 2xx for the first time, whatever the transport: there may be another one on the way. */
  constructor(options: AcceptedInviteOptions) {
    this.#options = options;
    this.#limit = options.clock.after(limitMs, () => this.#settle(options.onMissing));
    options.send();
    this.#arm(firstIntervalMs);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** False when the ACK belongs to another INVITE. */
  acknowledge(ack: SipRequest): boolean {
    if (ack.cseq.number !== this.#options.invite.cseq.number) return false;
    this.#settle(() => this.#options.onAck(ack));
    return true;
  }

  stop(): void {
    this.#settle(() => undefined);
  }

  #arm(delayMs: number): void {
    const { clock, send } = this.#options;
    this.#retransmission = clock.after(delayMs, () => {
      send();
      this.#arm(Math.min(2 * delayMs, longestIntervalMs));
    });
  }

  #settle(report: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#limit.cancel();
    this.#retransmission?.cancel();
    report();
  }
}
