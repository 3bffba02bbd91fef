/** All requests that came to us: tells new ones from copies, and answers what needs no user. */
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import { createResponse } from "../message/create-response.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { ServerRunner, type ServerWatcher } from "./server-runner.ts";
import type { TransactionCounters } from "./transaction-counters.ts";
import { mergeKey, repeatableTag, serverKey } from "./transaction-keys.ts";
import type { TransactionUser } from "./transaction-user.ts";

export interface ServerTransactionsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly user: TransactionUser;
  readonly serialise: (message: SipMessage) => Uint8Array;
  readonly counters: TransactionCounters;
  /** Transactions alive, above which new requests get 503. */
  readonly limit: number;
  /** What a 503 tells in Retry-After. */
  readonly retryAfterS: number;
}

/** For transactions that the layer answers itself. */
const nobody: ServerWatcher = {
  ack: () => undefined,
  unacknowledged: () => undefined,
};

export class ServerTransactions {
  readonly #options: ServerTransactionsOptions;
  readonly #byKey = new Map<string, ServerRunner>();
  /** Of requests that may come a second way as well. */
  readonly #mergeKeys = new Set<string>();
  #isOverloaded = false;

  constructor(options: ServerTransactionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byKey.size;
  }

  receive(request: SipRequest, flow: SipFlow): void {
    const key = serverKey(request, request.method);
    if (key === undefined) {
      this.#options.counters.withoutVia += 1;
      return;
    }
    if (request.method === "ACK") {
      this.#acknowledge(request, flow);
      return;
    }
    const known = this.#byKey.get(key);
    if (known !== undefined) known.receiveAgain();
    else if (request.method === "CANCEL") this.#cancel(key, request, flow);
    else if (this.#isFull()) this.#refuse(request, flow);
    else this.#takeNew(key, request, flow);
  }

  flowClosed(flow: SipFlow, errno: string): void {
    const broken = [...this.#byKey.values()].filter((runner) => runner.flow === flow);
    for (const runner of broken) runner.flowClosed(errno);
  }

  close(): void {
    for (const runner of this.#byKey.values()) runner.stop();
  }

  #takeNew(key: string, request: SipRequest, flow: SipFlow): void {
    const { user, counters } = this.#options;
    const merging = mergeKey(request);
    if (merging !== undefined && this.#mergeKeys.has(merging)) {
      counters.merged += 1;
      const runner = this.#begin({ key, request, flow, watcher: nobody });
      runner.respond(createResponse(request, 482, { toTag: repeatableTag(request) }));
      return;
    }
    user.request(this.#begin({ key, request, flow, watcher: user, merging }));
  }

  #acknowledge(ack: SipRequest, flow: SipFlow): void {
    const invite = this.#byKey.get(serverKey(ack, "INVITE") ?? "");
    if (invite !== undefined) {
      invite.receiveAck(ack);
      return;
    }
    this.#options.counters.strayAcks += 1;
    this.#options.user.ack(ack, flow);
  }

  #cancel(key: string, request: SipRequest, flow: SipFlow): void {
    const { counters, user } = this.#options;
    counters.cancels += 1;
    const invite = this.#byKey.get(serverKey(request, "INVITE") ?? "");
    const toTag = invite?.localTag ?? repeatableTag(request);
    const answer = createResponse(request, invite === undefined ? 481 : 200, { toTag });
    if (this.#byKey.size < this.#options.limit) {
      this.#begin({ key, request, flow, watcher: nobody }).respond(answer);
    } else {
      this.#sendStateless(answer, flow);
    }
    if (invite?.cancel() === true) user.cancelled(invite);
  }

  #begin(parts: {
    readonly key: string;
    readonly request: SipRequest;
    readonly flow: SipFlow;
    readonly watcher: ServerWatcher;
    readonly merging?: string | undefined;
  }): ServerRunner {
    const { clock, serialise, counters } = this.#options;
    const { key, request, flow, watcher, merging } = parts;
    const runner = new ServerRunner({
      request,
      flow,
      watcher,
      clock,
      serialise,
      counters,
      onEnded: () => {
        this.#byKey.delete(key);
        if (merging !== undefined) this.#mergeKeys.delete(merging);
      },
    });
    counters.taken += 1;
    this.#byKey.set(key, runner);
    if (merging !== undefined) this.#mergeKeys.add(merging);
    runner.start();
    return runner;
  }

  #isFull(): boolean {
    const { limit, log } = this.#options;
    const { size } = this.#byKey;
    if (size >= limit && !this.#isOverloaded) {
      this.#isOverloaded = true;
      log.warn("too many requests at once: new ones are answered 503", { limit });
    } else if (size < limit / 2) {
      this.#isOverloaded = false;
    }
    return size >= limit;
  }

  #refuse(request: SipRequest, flow: SipFlow): void {
    const { counters, retryAfterS } = this.#options;
    counters.refused += 1;
    const answer = createResponse(request, 503, {
      toTag: repeatableTag(request),
      headers: [{ name: "Retry-After", value: String(retryAfterS) }],
    });
    this.#sendStateless(answer, flow);
  }

  #sendStateless(response: SipResponse, flow: SipFlow): void {
    const { counters, serialise } = this.#options;
    if (!flow.send(serialise(response)).ok) counters.sendFailures += 1;
  }
}
