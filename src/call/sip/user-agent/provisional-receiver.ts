/** The calling side of reliable provisional answers (RFC 3262 section 4): each gets its PRACK, in order. */
import { headerValue, type SipResponse } from "../message/sip-message.ts";
import { optionTags } from "./call-context.ts";
import { type DialogSender, nobodyCares } from "./dialog-sender.ts";

/** Of one INVITE and one peer that answers it. */
export class ProvisionalReceiver {
  readonly #sender: DialogSender;
  #last: number | undefined;

  constructor(sender: DialogSender) {
    this.#sender = sender;
  }

  /** Any provisional response; those that need no PRACK, or had theirs, are passed over. */
  received(response: SipResponse): void {
    const { status, cseq } = response;
    const number = Number(/^\d{1,10}$/.exec(headerValue(response, "RSeq") ?? "")?.[0]);
    if (status === 100 || Number.isNaN(number)) return;
    if (!optionTags(response, "Require").includes("100rel")) return;
    // The peer repeats what is missing, so one that comes too early comes again.
    if (this.#last !== undefined && number !== this.#last + 1) return;
    this.#last = number;
    const rack = { name: "RAck", value: `${number} ${cseq.number} ${cseq.method}` };
    this.#sender.send(() => ({ method: "PRACK", headers: [rack] }), nobodyCares);
  }
}
