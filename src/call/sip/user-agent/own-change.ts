/** One re-INVITE of ours, from its offer to its last ACK (RFC 3261 section 14.1). */
import type { Timer } from "../../../core/clock.ts";
import type { SipHeader, SipRequest, SipResponse } from "../message/sip-message.ts";
import { allowHeader, type CallContext, supportedHeader } from "./call-context.ts";
import type { DialogSender, SentRequest } from "./dialog-sender.ts";
import { ProvisionalReceiver } from "./provisional-receiver.ts";
import { sdpType, type SessionMedia } from "./session-media.ts";

export interface OwnChangeOptions {
  readonly context: CallContext;
  readonly sender: DialogSender;
  readonly media: SessionMedia;
  /** Of the session timer. */
  readonly headers: () => readonly SipHeader[];
  /** Exactly once, unless it is stopped before. */
  readonly done: (result: OwnChangeResult) => void;
}

export type OwnChangeResult =
  /** Any final response; a 2xx is acknowledged already. */
  | { readonly kind: "answered"; readonly response: SipResponse }
  | { readonly kind: "unanswered" }
  | { readonly kind: "failed"; readonly reason: string };

/** A peer may ask a person before it answers; behind that it is asked to forget about it. */
const patienceMs = 60_000;

export class OwnChange {
  readonly #options: OwnChangeOptions;
  readonly #provisional: ProvisionalReceiver;
  readonly #sent: SentRequest;
  readonly #patience: Timer;
  #accepted: SipRequest | undefined;
  #isDone = false;

  constructor(options: OwnChangeOptions) {
    this.#options = options;
    const { sender, context } = options;
    this.#provisional = new ProvisionalReceiver(sender);
    this.#patience = context.clock.after(patienceMs, () => this.#sent.cancel());
    this.#sent = sender.send((contact) => (this.#isDone ? undefined : this.#invite([contact])), {
      provisional: (response) => this.#provisional.received(response),
      final: (response) => this.#final(response),
      timedOut: () => this.#finish({ kind: "unanswered" }),
      failed: (reason) => this.#finish({ kind: "failed", reason }),
    });
  }

  /** Nothing more is reported; what is out is cancelled, and a 2xx still gets its ACK. */
  stop(): void {
    this.#isDone = true;
    this.#patience.cancel();
    this.#sent.cancel();
  }

  #invite(contacts: readonly SipRequest["from"][]) {
    const { media, headers } = this.#options;
    return {
      method: "INVITE",
      contacts,
      headers: [
        allowHeader,
        supportedHeader,
        { name: "Content-Type", value: sdpType },
        ...headers(),
      ],
      body: media.offer(),
    };
  }

  #final(response: SipResponse): void {
    const { sender } = this.#options;
    if (response.status < 300) {
      this.#accepted ??= this.#sent.request;
      if (this.#accepted === undefined) return;
      if (!this.#isDone) {
        sender.dialog.refreshTarget(response);
        sender.refreshWay();
      }
      sender.acknowledge(this.#accepted);
    }
    this.#finish({ kind: "answered", response });
  }

  #finish(result: OwnChangeResult): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#patience.cancel();
    this.#options.done(result);
  }
}
