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
  /** A final response that was no challenge: it may name the next nonce. */
  observe?(request: SipRequest, response: SipResponse): void;
}

export interface OutgoingRequestOptions {
  readonly layer: RequestLayer;
  readonly credentials: Challenger;
  readonly flow: SipFlow;
  readonly request: SipRequest;
  readonly handlers: ClientTransactionHandlers;
  /** The highest CSeq of its dialog so far: others may have gone out while it was on its way. */
  readonly lastNumber?: () => number;
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
  #isCancelled = false;

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

  /** For an INVITE without a final response; a challenge is one then. */
  cancel(): void {
    this.#isCancelled = true;
    this.#options.layer.cancel(this.#transaction);
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
    const { credentials, handlers, onResent } = this.#options;
    const isChallenge = response.status === 401 || response.status === 407;
    if (!isChallenge) credentials.observe?.(this.request, response);
    const again = isChallenge ? this.#answer(response) : undefined;
    if (again === undefined) {
      handlers.final(response);
      return;
    }
    onResent?.(again);
    this.#transaction = this.#send(again);
  }

  /** The request once more; undefined when that is of no use. */
  #answer(response: SipResponse): SipRequest | undefined {
    const { credentials, lastNumber, onProblem } = this.#options;
    if (this.#isCancelled || this.#challenges === maxChallenges) return undefined;
    this.#challenges += 1;
    const { cseq } = this.request;
    const number = Math.max(cseq.number, lastNumber?.() ?? 0);
    const challenged = { ...this.request, cseq: { ...cseq, number }, via: [] };
    const answer = credentials.answer(challenged, response);
    if (answer.ok) return answer.request;
    onProblem?.(answer.problem);
    return undefined;
  }
}
