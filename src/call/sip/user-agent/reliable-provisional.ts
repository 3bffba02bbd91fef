/** Provisional answers that a peer wants to be sure of (RFC 3262): repeated until their PRACK. */
import type { Clock, Timer } from "../../../core/clock.ts";
import type { SipHeader, SipRequest } from "../message/sip-message.ts";
import { headerValue } from "../message/sip-message.ts";

export interface ReliableProvisionalOptions {
  readonly invite: SipRequest;
  readonly clock: Clock;
  /** Section 3: chosen between 1 and 2 ** 31 - 1, here well below, since it rises. */
  readonly firstNumber: number;
  /** No PRACK within 64 * T1: the INVITE is to be refused with 5xx. */
  readonly onMissing: () => void;
}

const firstIntervalMs = 500;
const limitMs = 64 * firstIntervalMs;

/** One at a time: the next may be sent when the one before is acknowledged. */
export class ReliableProvisional {
  readonly #options: ReliableProvisionalOptions;
  #number: number;
  #repeat: Timer | undefined;
  #limit: Timer | undefined;
  #waiting = false;

  constructor(options: ReliableProvisionalOptions) {
    this.#options = options;
    this.#number = options.firstNumber;
  }

  get isWaiting(): boolean {
    return this.#waiting;
  }

  /** What makes a provisional answer a reliable one. */
  headers(): readonly SipHeader[] {
    return [
      { name: "Require", value: "100rel" },
      { name: "RSeq", value: String(this.#number) },
    ];
  }

  /** `send` is called now and, with doubled intervals, until the PRACK. */
  begin(send: () => void): void {
    const { clock, onMissing } = this.#options;
    this.#waiting = true;
    this.#limit = clock.after(limitMs, () => {
      this.stop();
      onMissing();
    });
    send();
    this.#arm(send, firstIntervalMs);
  }

  /** False for a PRACK that matches nothing (481). */
  acknowledge(prack: SipRequest): boolean {
    const { cseq } = this.#options.invite;
    const match = /^(\d+)\s+(\d+)\s+(\S+)$/.exec(headerValue(prack, "RAck") ?? "");
    if (!this.#waiting || match === null) return false;
    const isOurs =
      Number(match[1]) === this.#number &&
      Number(match[2]) === cseq.number &&
      match[3] === cseq.method;
    if (!isOurs) return false;
    this.stop();
    this.#number += 1;
    return true;
  }

  stop(): void {
    this.#waiting = false;
    this.#repeat?.cancel();
    this.#limit?.cancel();
  }

  #arm(send: () => void, delayMs: number): void {
    this.#repeat = this.#options.clock.after(delayMs, () => {
      send();
      this.#arm(send, 2 * delayMs);
    });
  }
}
