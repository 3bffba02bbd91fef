/** One client transaction: what its table decides is done here. */
import type { Clock, Timer } from "../../../core/clock.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import type { ClientAction, ClientInput } from "./client-steps.ts";
import { acknowledgement } from "./derived-requests.ts";
import { inviteClientTable } from "./invite-client-states.ts";
import { nonInviteClientTable } from "./non-invite-client-states.ts";
import type { TransactionCounters } from "./transaction-counters.ts";
import { type Machine, type MachineOptions, TransactionMachine } from "./transaction-machine.ts";
import type { ClientTransaction, ClientTransactionHandlers } from "./transaction-user.ts";

export interface ClientRunnerOptions {
  /** With its Via. */
  readonly request: SipRequest;
  readonly flow: SipFlow;
  readonly handlers: ClientTransactionHandlers;
  readonly clock: Clock;
  readonly serialise: (message: SipMessage) => Uint8Array;
  readonly counters: TransactionCounters;
  /** Begins the transaction of the CANCEL to this INVITE. */
  readonly onCancel: () => void;
  readonly onEnded: () => void;
}

interface ClientContext {
  readonly response?: SipResponse;
  readonly errno?: string;
}

export class ClientRunner implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  readonly #options: ClientRunnerOptions;
  readonly #bytes: Uint8Array;
  readonly #machine: Machine<ClientInput, ClientContext>;
  #firstFailure: Timer | undefined;
  #isAbandoned = false;

  constructor(options: ClientRunnerOptions) {
    this.#options = options;
    this.request = options.request;
    this.flow = options.flow;
    this.#bytes = options.serialise(options.request);
    const machineOptions: MachineOptions<ClientAction, ClientContext> = {
      clock: options.clock,
      isReliable: options.flow.isReliable,
      perform: (action, context) => this.#perform(action, context ?? {}),
      onTerminated: () => this.#end(),
    };
    this.#machine =
      options.request.method === "INVITE"
        ? new TransactionMachine(inviteClientTable, machineOptions)
        : new TransactionMachine(nonInviteClientTable, machineOptions);
  }

  /** Sends the request. A failure is reported later, when the user holds the transaction. */
  start(): void {
    const outcome = this.flow.send(this.#bytes);
    this.#machine.start();
    if (outcome.ok) return;
    const { errno } = outcome;
    this.#options.counters.sendFailures += 1;
    this.#firstFailure = this.#options.clock.after(0, () => {
      this.#machine.dispatch("sendFailed", { errno });
    });
  }

  receive(response: SipResponse): void {
    this.#machine.dispatch(inputFor(response.status), { response });
  }

  cancel(): void {
    this.#machine.dispatch("cancel");
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#machine.dispatch("abandon");
  }

  flowClosed(errno: string): void {
    this.#machine.dispatch("flowClosed", { errno });
  }

  /** Ends it and says nothing. */
  stop(): void {
    this.#machine.stop();
  }

  #perform(action: ClientAction, { response, errno = "EPIPE" }: ClientContext): void {
    const { onCancel, counters } = this.#options;
    switch (action) {
      case "resend":
        counters.retransmissions += 1;
        this.#send(this.#bytes);
        return;
      case "acknowledge":
        if (response !== undefined) this.#acknowledge(response);
        return;
      case "sendCancel":
        onCancel();
        return;
      case "reportTimedOut":
        counters.timeouts += 1;
        this.#report((handlers) => handlers.timedOut());
        return;
      case "reportFailed":
        this.#report((handlers) => handlers.failed(errno));
        return;
      case "reportProvisional":
      case "reportFinal":
        if (response !== undefined) this.#reportResponse(response);
    }
  }

  #reportResponse(response: SipResponse): void {
    this.#report((handlers) => {
      if (response.status < 200) handlers.provisional(response);
      else handlers.final(response);
    });
  }

  #report(tell: (handlers: ClientTransactionHandlers) => void): void {
    if (!this.#isAbandoned) tell(this.#options.handlers);
  }

  #acknowledge(refusal: SipResponse): void {
    this.#send(this.#options.serialise(acknowledgement(this.request, refusal)));
  }

  #send(bytes: Uint8Array): void {
    const outcome = this.flow.send(bytes);
    if (outcome.ok) return;
    this.#options.counters.sendFailures += 1;
    this.#machine.dispatch("sendFailed", { errno: outcome.errno });
  }

  #end(): void {
    this.#firstFailure?.cancel();
    this.#options.onEnded();
  }
}

function inputFor(status: number): ClientInput {
  if (status < 200) return "provisional";
  return status < 300 ? "success" : "failure";
}
