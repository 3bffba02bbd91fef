/** A request that answers challenges on its way (RFC 3261 section 22): one request for its user. */
import type { SipRequest, SipResponse } from "../message/sip-message.ts";
import type {
  ClientTransaction,
  ClientTransactionHandlers,
} from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";

/** What is needed of the transaction layer. */
export interface RequestLayer {
  request(
    request: SipRequest,
    flow: SipFlow,
    handlers: ClientTransactionHandlers,
  ): ClientTransaction;
  cancel(invite: ClientTransaction): void;
  /** ACK to a 2xx, which is no transaction. */
  send(request: SipRequest, flow: SipFlow): void;
}

/** What is needed of the credentials of a line. */
export interface Challenger {
  /** Adds credentials that the peer will ask for anyway. */
  decorate(request: SipRequest): SipRequest;
  /** The request again with the next CSeq and credentials, or why that is of no use. */
  answer(
    request: SipRequest,
    response: SipResponse,
  ):
    | { readonly ok: true; readonly request: SipRequest }
    | { readonly ok: false; readonly problem: string };
}

export interface OutgoingRequestOptions {
  readonly layer: RequestLayer;
  readonly credentials: Challenger;
  readonly flow: SipFlow;
  readonly request: SipRequest;
  readonly handlers: ClientTransactionHandlers;
  /** The request went out again with another CSeq. */
  readonly onResent?: (request: SipRequest) => void;
  /** A challenge that cannot be met; the response is reported as final behind this. */
  readonly onProblem?: (problem: string) => void;
}

/** A registrar and a proxy may each ask once, and each may call a nonce stale once. */
const maxChallenges = 4;

export class OutgoingRequest {
  readonly #options: OutgoingRequestOptions;
  #transaction: ClientTransaction;
  #challenges = 0;

  constructor(options: OutgoingRequestOptions) {
    this.#options = options;
    this.#transaction = this.#send(options.credentials.decorate(options.request));
  }

  /** As it was sent last. */
  get request(): SipRequest {
    return this.#transaction.request;
  }

  get flow(): SipFlow {
    return this.#transaction.flow;
  }

  /** For an INVITE without a final response. */
  cancel(): void {
    this.#options.layer.cancel(this.#transaction);
  }

  /** Nothing more is reported. */
  abandon(): void {
    this.#transaction.abandon();
  }

  #send(request: SipRequest): ClientTransaction {
    const { layer, flow, handlers } = this.#options;
    return layer.request(request, flow, {
      provisional: (response) => handlers.provisional(response),
      final: (response) => this.#final(response),
      timedOut: () => handlers.timedOut(),
      failed: (errno) => handlers.failed(errno),
    });
  }

  #final(response: SipResponse): void {
    const { credentials, handlers, onResent, onProblem } = this.#options;
    const isChallenge = response.status === 401 || response.status === 407;
    if (!isChallenge || this.#challenges === maxChallenges) {
      handlers.final(response);
      return;
    }
    this.#challenges += 1;
    const answer = credentials.answer({ ...this.#transaction.request, via: [] }, response);
    if (!answer.ok) {
      onProblem?.(answer.problem);
      handlers.final(response);
      return;
    }
    onResent?.(answer.request);
    this.#transaction = this.#send(answer.request);
  }
}
