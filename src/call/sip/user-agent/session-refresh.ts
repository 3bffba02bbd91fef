/** Refreshes a session (RFC 4028 section 7.4): by UPDATE where the peer takes it, else by an offer. */
import type { SipHeader, SipMessageParts, SipResponse } from "../message/sip-message.ts";
import { allowHeader, optionTags, supportedHeader } from "./call-context.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { type ChangeOutcome, lostReason } from "./renegotiation.ts";
import { agreedTimer, demandedSeconds, type SessionTimer } from "./session-timer.ts";

export interface SessionRefreshOptions {
  readonly sender: DialogSender;
  /** What the peer sent to begin the call: its Allow tells whether it takes UPDATE. */
  readonly peer: SipMessageParts;
  /** Session-Expires and what belongs to it, at the moment of sending. */
  readonly headers: () => readonly SipHeader[];
  /** A re-INVITE that changes nothing. */
  readonly offer: () => Promise<ChangeOutcome>;
  readonly agreed: (timer: SessionTimer | undefined) => void;
  /** The peer wants sessions that are longer. */
  readonly demanded: (seconds: number) => void;
  readonly lost: (reason: string) => void;
}

const lost: ChangeOutcome = { ok: false, status: 481, reason: "the call is over" };

export class SessionRefresh {
  readonly #options: SessionRefreshOptions;
  #takesUpdate: boolean;
  #isStopped = false;

  constructor(options: SessionRefreshOptions) {
    this.#options = options;
    this.#takesUpdate = optionTags(options.peer, "Allow").includes("update");
  }

  /** Never rejects. */
  refresh(): Promise<ChangeOutcome> {
    return this.#takesUpdate ? this.#update() : this.#options.offer();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Without a description: one that changes nothing confuses some peers. */
  #update(): Promise<ChangeOutcome> {
    const { sender, headers } = this.#options;
    return new Promise((resolve) => {
      sender.send(
        (contact) => {
          if (this.#isStopped) return undefined;
          const all = [allowHeader, supportedHeader, ...headers()];
          return { method: "UPDATE", contacts: [contact], headers: all };
        },
        {
          provisional: () => undefined,
          final: (response) => resolve(this.#answered(response)),
          timedOut: () => resolve(this.#lost("nobody answered the refresh of the session")),
          failed: (reason) => resolve({ ok: false, status: 503, reason }),
        },
      );
    });
  }

  #answered(response: SipResponse): ChangeOutcome | Promise<ChangeOutcome> {
    const { sender, offer, agreed, demanded } = this.#options;
    if (this.#isStopped) return lost;
    if (response.status < 300) {
      sender.dialog.refreshTarget(response);
      sender.refreshWay();
      agreed(agreedTimer(response));
      return { ok: true };
    }
    const reason = lostReason(response);
    if (reason !== undefined) return this.#lost(reason);
    const seconds = response.status === 422 ? demandedSeconds(response) : undefined;
    if (seconds !== undefined) demanded(seconds);
    // What its Allow says is not true, or something on the way knows no UPDATE.
    this.#takesUpdate = false;
    return offer();
  }

  #lost(reason: string): ChangeOutcome {
    if (!this.#isStopped) this.#options.lost(reason);
    return lost;
  }
}
