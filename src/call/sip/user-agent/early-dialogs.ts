/** The dialogs that answers to an INVITE of ours begin: one for each peer that it reached (12.1.2, 13.2.2.4). */
import { Dialog, tagOf } from "../dialog/dialog.ts";
import type { SipRequest, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import type { CallContext } from "./call-context.ts";
import { DialogSender } from "./dialog-sender.ts";
import { ProvisionalReceiver } from "./provisional-receiver.ts";
import { descriptionIn } from "./sdp-body.ts";

export interface EarlyDialog {
  readonly sender: DialogSender;
  readonly provisional: ProvisionalReceiver;
  /** Of its last provisional response that had one: gateways leave it out of the 2xx then. */
  description: Uint8Array | undefined;
}

/** More than any proxy forks to; what comes behind gets no PRACK. */
const maxDialogs = 32;

export class EarlyDialogs {
  readonly #context: CallContext;
  readonly #byTag = new Map<string, EarlyDialog>();

  constructor(context: CallContext) {
    this.#context = context;
  }

  /** `invite` as it was sent last. */
  provisional(invite: SipRequest, response: SipResponse, flow: SipFlow): void {
    const tag = tagOf(response.to);
    if (response.status === 100 || tag === undefined) return;
    const early = this.#byTag.get(tag) ?? this.#begin({ invite, response, flow, tag });
    if (early === undefined) return;
    const described = descriptionIn(response);
    if (described.kind === "description") early.description = described.bytes;
    early.provisional.received(response);
  }

  /** The dialog of a 2xx; peers of RFC 2543 have no tag. */
  confirmed(invite: SipRequest, response: SipResponse, flow: SipFlow): EarlyDialog {
    const early = this.#byTag.get(tagOf(response.to) ?? "");
    if (early === undefined) return this.#create(Dialog.ofOutgoing(invite, response), flow);
    early.sender.dialog.confirm(response);
    early.sender.refreshWay();
    return early;
  }

  /** Of whoever sent this request with our tag. */
  of(request: SipRequest): EarlyDialog | undefined {
    return this.#byTag.get(tagOf(request.from) ?? "");
  }

  #begin(parts: {
    readonly invite: SipRequest;
    readonly response: SipResponse;
    readonly flow: SipFlow;
    readonly tag: string;
  }): EarlyDialog | undefined {
    const { invite, response, flow, tag } = parts;
    if (this.#byTag.size >= maxDialogs) return undefined;
    const early = this.#create(Dialog.ofOutgoing(invite, response), flow);
    this.#byTag.set(tag, early);
    return early;
  }

  #create(dialog: Dialog, flow: SipFlow): EarlyDialog {
    const sender = new DialogSender(dialog, flow, this.#context);
    return { sender, provisional: new ProvisionalReceiver(sender), description: undefined };
  }
}
