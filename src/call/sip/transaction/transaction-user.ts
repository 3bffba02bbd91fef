/** What the transaction layer and whoever uses it say to each other (RFC 3261 section 17). */
import type { SipRequest, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";

/** How a client transaction tells its user; after `final`, `timedOut` or `failed` only 2xx may follow. */
export interface ClientTransactionHandlers {
  /** 101..199, and 100. */
  provisional(response: SipResponse): void;
  /** Once; and again for each further 2xx to an INVITE, retransmitted or from another branch. */
  final(response: SipResponse): void;
  /** Timer B or F: nobody answered. */
  timedOut(): void;
  /** The flow broke or does not take it. */
  failed(errno: string): void;
}

export interface ClientTransaction {
  /** As it was sent, with its Via. */
  readonly request: SipRequest;
  readonly flow: SipFlow;
  /** Stops retransmissions and reports nothing more; for a user that is gone. */
  abandon(): void;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  /** 1xx, then one final response. A second final response is ignored. */
  respond(response: SipResponse): void;
  readonly isAnswered: boolean;
}

/** What the layer hands up. */
export interface TransactionUser {
  /** A new request, not ACK and not CANCEL; retransmissions are absorbed. */
  request(transaction: ServerTransaction): void;
  /** CANCEL matched this INVITE, which has no final answer yet; the CANCEL itself is answered already. */
  cancelled(transaction: ServerTransaction): void;
  /** An ACK that belongs to no transaction, so to a 2xx. */
  ack(request: SipRequest, flow: SipFlow): void;
  /** No ACK came for a final answer of 300..699 (timer H), or the flow broke under it. */
  unacknowledged(transaction: ServerTransaction, errno: string): void;
}
