/** One server transaction: what its table decides is done here. */
import type { Clock } from "../../../core/clock.ts";
import { createResponse } from "../message/create-response.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { inviteServerTable } from "./invite-server-states.ts";
import { nonInviteServerTable } from "./non-invite-server-states.ts";
import type { ServerAction, ServerInput } from "./server-steps.ts";
import type { TransactionCounters } from "./transaction-counters.ts";
import { tagOf } from "./transaction-keys.ts";
import { type Machine, type MachineOptions, TransactionMachine } from "./transaction-machine.ts";
import type { ServerTransaction, TransactionUser } from "./transaction-user.ts";

/** Who is told how a server transaction goes on. */
export type ServerWatcher = Pick<TransactionUser, "ack" | "unacknowledged">;

export interface ServerRunnerOptions {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  readonly watcher: ServerWatcher;
  readonly clock: Clock;
  readonly serialise: (message: SipMessage) => Uint8Array;
  readonly counters: TransactionCounters;
  readonly onEnded: () => void;
}

interface Answer {
  readonly bytes: Uint8Array;
  readonly tag: string | undefined;
}

interface ServerContext {
  readonly answer?: Answer;
  readonly ack?: SipRequest;
  readonly errno?: string;
}

export class ServerRunner implements ServerTransaction {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  readonly #options: ServerRunnerOptions;
  readonly #machine: Machine<ServerInput, ServerContext>;
  #last: Uint8Array | undefined;
  #localTag: string | undefined;
  #isAnswered = false;
  #isCancelled = false;

  constructor(options: ServerRunnerOptions) {
    this.#options = options;
    this.request = options.request;
    this.flow = options.flow;
    const machineOptions: MachineOptions<ServerAction, ServerContext> = {
      clock: options.clock,
      isReliable: options.flow.isReliable,
      perform: (action, context) => this.#perform(action, context ?? {}),
      onTerminated: options.onEnded,
    };
    this.#machine =
      options.request.method === "INVITE"
        ? new TransactionMachine(inviteServerTable, machineOptions)
        : new TransactionMachine(nonInviteServerTable, machineOptions);
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** The To tag of what was answered so far. */
  get localTag(): string | undefined {
    return this.#localTag;
  }

  start(): void {
    this.#machine.start();
  }

  /** A 2xx to an INVITE may be given again, which repeats it until timer L has run out. */
  respond(response: SipResponse): void {
    if (this.#machine.isTerminated) return;
    // It throws for what cannot be sent, and then nothing has happened.
    const answer = this.#prepare(response);
    if (response.status >= 200) this.#isAnswered = true;
    this.#machine.dispatch(inputFor(response.status), { answer });
  }

  receiveAgain(): void {
    this.#options.counters.absorbed += 1;
    this.#machine.dispatch("retransmission");
  }

  receiveAck(ack: SipRequest): void {
    this.#machine.dispatch("ack", { ack });
  }

  /** True for the first CANCEL of an INVITE that can still be cancelled. */
  cancel(): boolean {
    if (this.#isAnswered || this.#isCancelled) return false;
    this.#isCancelled = true;
    return true;
  }

  flowClosed(errno: string): void {
    this.#machine.dispatch("flowClosed", { errno });
  }

  /** Ends it and says nothing. */
  stop(): void {
    this.#machine.stop();
  }

  #perform(action: ServerAction, { answer, ack, errno = "EPIPE" }: ServerContext): void {
    const { counters, watcher } = this.#options;
    switch (action) {
      case "send":
        if (answer !== undefined) this.#send(answer);
        return;
      case "sendTrying":
        this.#send(this.#prepare(createResponse(this.request, 100)));
        return;
      case "retransmit":
        counters.retransmissions += 1;
        this.#sendLast();
        return;
      case "answerAgain":
        this.#sendLast();
        return;
      case "passAck":
        if (ack !== undefined) watcher.ack(ack, this.flow);
        return;
      case "reportUnacknowledged":
        counters.unacknowledged += 1;
        watcher.unacknowledged(this, "ETIMEDOUT");
        return;
      case "reportBroken":
        watcher.unacknowledged(this, errno);
    }
  }

  #prepare(response: SipResponse): Answer {
    return { bytes: this.#options.serialise(response), tag: tagOf(response.to) };
  }

  #send({ bytes, tag }: Answer): void {
    this.#localTag = tag ?? this.#localTag;
    this.#last = bytes;
    this.#sendLast();
  }

  #sendLast(): void {
    if (this.#last === undefined) return;
    if (!this.flow.send(this.#last).ok) this.#options.counters.sendFailures += 1;
  }
}

function inputFor(status: number): ServerInput {
  if (status < 200) return "answerProvisional";
  return status < 300 ? "answerSuccess" : "answerFailure";
}
