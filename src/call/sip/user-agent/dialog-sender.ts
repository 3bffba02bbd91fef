/** Sends requests within one dialog: in order, on the right flow, with the line's credentials. */
import { describeError } from "../../../core/errors.ts";
import type { Dialog, DialogRequest } from "../dialog/dialog.ts";
import type { NameAddress, SipRequest } from "../message/sip-message.ts";
import type { ClientTransactionHandlers } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import type { CallContext } from "./call-context.ts";
import { DialogWay } from "./dialog-way.ts";
import { OutgoingRequest } from "./outgoing-request.ts";

/**
 * Makes the request when the way is known, right before it is sent. Undefined: what it was for is
 * over meanwhile, and nothing is sent or reported.
 */
export type RequestMaker = (contact: NameAddress) => DialogRequest | undefined;

/** A request within a dialog, which may still wait for its way. */
export interface SentRequest {
  /** As it went out last; undefined before it did. */
  readonly request: SipRequest | undefined;
  /** For an INVITE without a final response; one that is not out yet stays where it is. */
  cancel(): void;
}

export const nobodyCares: ClientTransactionHandlers = {
  provisional: () => undefined,
  final: () => undefined,
  timedOut: () => undefined,
  failed: () => undefined,
};

export class DialogSender {
  readonly dialog: Dialog;
  readonly #context: CallContext;
  readonly #way: DialogWay;
  #queue: Promise<void> = Promise.resolve();

  /** `flow` is the one on which the dialog began. */
  constructor(dialog: Dialog, flow: SipFlow, context: CallContext) {
    this.dialog = dialog;
    this.#context = context;
    this.#way = new DialogWay(dialog, flow, context);
  }

  get flow(): SipFlow {
    return this.#way.flow;
  }

  get contact(): NameAddress {
    return this.#context.line.contactFor(this.flow);
  }

  /** The peer's target or route may have changed. */
  refreshWay(): void {
    this.#way.refresh();
  }

  /** Never throws: what cannot be sent has `failed`. */
  send(make: RequestMaker, handlers: ClientTransactionHandlers): SentRequest {
    const sending = new Sending();
    this.#enqueue(
      () => {
        const parts = sending.isCancelled ? undefined : make(this.contact);
        if (parts !== undefined) sending.sent = this.#begin(parts, handlers);
      },
      (reason) => handlers.failed(reason),
    );
    return sending;
  }

  /** ACK to a 2xx of `invite`; once more for each copy of the 2xx. */
  acknowledge(invite: SipRequest): void {
    this.#enqueue(() => this.#context.layer.send(this.dialog.ack(invite), this.flow));
  }

  #begin(parts: DialogRequest, handlers: ClientTransactionHandlers): OutgoingRequest {
    const { dialog } = this;
    const { layer, line, log } = this.#context;
    return new OutgoingRequest({
      layer,
      credentials: line.credentials,
      flow: this.flow,
      request: dialog.request(parts),
      handlers,
      lastNumber: () => dialog.localCSeq,
      onResent: (again) => dialog.noteSent(again.cseq.number),
      onProblem: (problem) => log.warn("request within a call refused", { problem }),
    });
  }

  #enqueue(act: () => void, failed: (reason: string) => void = () => undefined): void {
    this.#queue = this.#queue
      .then(() => this.#way.find())
      .then(act)
      .catch((error: unknown) => {
        const reason = describeError(error);
        this.#context.log.error("request within a call not sent", { private: { reason } });
        failed(reason);
      });
  }
}

class Sending implements SentRequest {
  sent: OutgoingRequest | undefined;
  isCancelled = false;

  get request(): SipRequest | undefined {
    return this.sent?.request;
  }

  cancel(): void {
    this.isCancelled = true;
    this.sent?.cancel();
  }
}
