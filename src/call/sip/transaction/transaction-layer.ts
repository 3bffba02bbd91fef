/** The transaction layer of RFC 3261 section 17: messages in and out, each of them handled once. */
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { SipMessage, SipRequest } from "../message/sip-message.ts";
import type { FlowSendOutcome, SipFlow } from "../transport/sip-flow.ts";
import { ClientTransactions } from "./client-transactions.ts";
import type { RandomBytes } from "./client-transactions.ts";
import { ServerTransactions } from "./server-transactions.ts";
import { createTransactionCounters, type TransactionStatus } from "./transaction-counters.ts";
import type {
  ClientTransaction,
  ClientTransactionHandlers,
  TransactionUser,
} from "./transaction-user.ts";

export interface TransactionLimits {
  /**
   * Server transactions alive at once; each stays for 32 s on UDP to absorb copies, so this is 64
   * times the calls per second (INVITE and BYE) that are taken without end.
   */
  readonly serverTransactions: number;
  readonly retryAfterS: number;
}

export interface TransactionLayerOptions {
  readonly clock: Clock;
  /** For branches. */
  readonly randomBytes: RandomBytes;
  readonly log: Logger;
  readonly user: TransactionUser;
  readonly serialise: (message: SipMessage) => Uint8Array;
  readonly limits?: Partial<TransactionLimits>;
}

const defaultLimits: TransactionLimits = { serverTransactions: 8192, retryAfterS: 5 };

export class TransactionLayer {
  readonly #counters = createTransactionCounters();
  readonly #clients: ClientTransactions;
  readonly #servers: ServerTransactions;
  #isClosed = false;

  constructor(options: TransactionLayerOptions) {
    const { clock, randomBytes, log, user, serialise } = options;
    const limits = { ...defaultLimits, ...options.limits };
    const shared = { clock, log, serialise, counters: this.#counters };
    this.#clients = new ClientTransactions({ ...shared, randomBytes });
    this.#servers = new ServerTransactions({
      ...shared,
      user,
      limit: limits.serverTransactions,
      retryAfterS: limits.retryAfterS,
    });
  }

  /** A message from the network; its transport has put received and rport into the top Via. */
  receive(message: SipMessage, flow: SipFlow): void {
    if (this.#isClosed) return;
    if (message.kind === "request") this.#servers.receive(message, flow);
    else this.#clients.receive(message, flow);
  }

  /**
   * Puts our Via on top of `request`, sends it and repeats it as the standard says. `handlers` hear
   * nothing before this has returned.
   */
  request(
    request: SipRequest,
    flow: SipFlow,
    handlers: ClientTransactionHandlers,
  ): ClientTransaction {
    return this.#clients.request(request, flow, handlers);
  }

  /**
   * CANCEL (section 9.1), once the peer has shown a sign of life; nothing when a final response was
   * first. The INVITE then ends with 487, with a 2xx that was faster, or with `timedOut`.
   */
  cancel(invite: ClientTransaction): void {
    this.#clients.cancel(invite);
  }

  /** An ACK to a 2xx: gets its own Via and is sent once, since its user repeats it. */
  send(request: SipRequest, flow: SipFlow): FlowSendOutcome {
    return this.#clients.send(request, flow);
  }

  /** Nothing will come or go on `flow` any more: requests on it have failed, what was asked on it ends. */
  flowClosed(flow: SipFlow, errno: string): void {
    this.#clients.flowClosed(flow, errno);
    this.#servers.flowClosed(flow, errno);
  }

  status(): TransactionStatus {
    return { ...this.#counters, clients: this.#clients.size, servers: this.#servers.size };
  }

  /** Ends all at once and tells nobody; no timer is left. */
  close(): void {
    this.#isClosed = true;
    this.#clients.close();
    this.#servers.close();
  }
}
