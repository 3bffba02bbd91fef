/** All requests that we have sent: begins transactions and finds the one a response belongs to. */
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { FlowSendOutcome, SipFlow } from "../transport/sip-flow.ts";
import { ClientRunner } from "./client-runner.ts";
import { cancellation, ownVia, withOwnVia } from "./derived-requests.ts";
import type { TransactionCounters } from "./transaction-counters.ts";
import { clientKey, magicCookie, sentBy } from "./transaction-keys.ts";
import type { ClientTransaction, ClientTransactionHandlers } from "./transaction-user.ts";

export type RandomBytes = (count: number) => Uint8Array;

/** So many that no other branch is like it, and that nobody guesses it (section 8.1.1.7). */
const branchBytes = 12;

export interface ClientTransactionsOptions {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Logger;
  readonly serialise: (message: SipMessage) => Uint8Array;
  readonly counters: TransactionCounters;
}

/** What becomes of a CANCEL shows in its INVITE. */
const cancelHandlers: ClientTransactionHandlers = {
  provisional: () => undefined,
  final: () => undefined,
  timedOut: () => undefined,
  failed: () => undefined,
};

export class ClientTransactions {
  readonly #options: ClientTransactionsOptions;
  readonly #byKey = new Map<string, ClientRunner>();
  #isClosed = false;

  constructor(options: ClientTransactionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byKey.size;
  }

  request(
    request: SipRequest,
    flow: SipFlow,
    handlers: ClientTransactionHandlers,
  ): ClientTransaction {
    return this.#begin(withOwnVia(request, flow, this.#createBranch()), flow, handlers);
  }

  cancel(invite: ClientTransaction): void {
    this.#byKey.get(clientKey(invite.request) ?? "")?.cancel();
  }

  send(request: SipRequest, flow: SipFlow): FlowSendOutcome {
    if (this.#isClosed) return { ok: false, errno: "ECANCELED" };
    const { serialise, counters } = this.#options;
    const outcome = flow.send(serialise(withOwnVia(request, flow, this.#createBranch())));
    if (!outcome.ok) counters.sendFailures += 1;
    return outcome;
  }

  receive(response: SipResponse, flow: SipFlow): void {
    const top = response.via[0];
    const runner = this.#byKey.get(clientKey(response) ?? "");
    // The address of a flow may have changed since: a transaction knows what its own Via says.
    const ours = runner?.request.via[0] ?? ownVia(flow, "");
    if (top === undefined || sentBy(top) !== sentBy(ours)) {
      this.#drop(response, flow, "foreignResponses");
    } else if (runner === undefined) {
      this.#drop(response, flow, "strayResponses");
    } else {
      runner.receive(response);
    }
  }

  flowClosed(flow: SipFlow, errno: string): void {
    const broken = [...this.#byKey.values()].filter((runner) => runner.flow === flow);
    for (const runner of broken) runner.flowClosed(errno);
  }

  close(): void {
    this.#isClosed = true;
    for (const runner of this.#byKey.values()) runner.stop();
  }

  /** `request` has its Via. */
  #begin(
    request: SipRequest,
    flow: SipFlow,
    handlers: ClientTransactionHandlers,
  ): ClientTransaction {
    const { clock, serialise, counters } = this.#options;
    const key = clientKey(request) ?? "";
    const runner = new ClientRunner({
      request,
      flow,
      handlers,
      clock,
      serialise,
      counters,
      onCancel: () => this.#begin(cancellation(request), flow, cancelHandlers),
      onEnded: () => this.#byKey.delete(key),
    });
    if (this.#isClosed) return runner;
    counters.sent += 1;
    this.#byKey.set(key, runner);
    runner.start();
    return runner;
  }

  #createBranch(): string {
    return magicCookie + this.#options.randomBytes(branchBytes).toHex();
  }

  #drop(response: SipResponse, flow: SipFlow, reason: "foreignResponses" | "strayResponses"): void {
    this.#options.counters[reason] += 1;
    this.#options.log.debug("response dropped: it belongs to no request of ours", {
      reason: reason === "strayResponses" ? "no such transaction" : "its Via is not ours",
      status: response.status,
      method: response.cseq.method,
      peer: `${flow.remote.address}:${flow.remote.port}`,
    });
  }
}
