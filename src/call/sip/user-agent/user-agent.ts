/** The user agent: gives each request to its call or answers it, and makes calls (RFC 3261 section 8). */
import type { Clock } from "../../../core/clock.ts";
import { describeError } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import { createResponse } from "../message/create-response.ts";
import {
  type AnyUri,
  headerValue,
  type NameAddress,
  type SipMessage,
  type SipRequest,
} from "../message/sip-message.ts";
import {
  TransactionLayer,
  type TransactionLayerOptions,
} from "../transaction/transaction-layer.ts";
import type { ServerTransaction, TransactionUser } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { tagOf } from "../dialog/dialog.ts";
import type { CallContext, FlowFinder, LineIdentity } from "./call-context.ts";
import { isAlive } from "./call-states.ts";
import { judgeRequest } from "./request-admission.ts";
import type { SessionMedia } from "./session-media.ts";
import { SipCall, type SipCallEvents, type SipCallOptions } from "./sip-call.ts";

export interface UserAgentOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly serialise: TransactionLayerOptions["serialise"];
  readonly findFlow: FlowFinder;
  /** The line that a request is for; undefined for one that is for nobody here. */
  readonly lineFor: (uri: AnyUri, flow: SipFlow) => LineIdentity | undefined;
  /** For User-Agent and Server: `Wildfire/1.2.3`. */
  readonly product?: string | undefined;
  /** Calls at a time, both directions; asked for each call where it may change. */
  readonly maxCalls: number | (() => number);
  /** A call that may be taken; nothing has been answered yet. */
  readonly onIncoming: (call: SipCall) => SipCallEvents;
}

export interface UserAgentCounters {
  incoming: number;
  outgoing: number;
  /** Refused with 486, since all lines were busy. */
  busy: number;
  /** Requests for nobody here, mostly of machines that try all addresses. */
  unknownUser: number;
  strayAcks: number;
}

export class UserAgent {
  readonly #options: UserAgentOptions;
  readonly #layer: TransactionLayer;
  readonly #calls = new Map<string, SipCall>();
  readonly #invites = new Map<ServerTransaction, SipCall>();
  #idle = Promise.withResolvers<void>();
  readonly counters: UserAgentCounters = {
    incoming: 0,
    outgoing: 0,
    busy: 0,
    unknownUser: 0,
    strayAcks: 0,
  };

  constructor(options: UserAgentOptions) {
    this.#options = options;
    const { clock, log, randomBytes, serialise, product } = options;
    const user: TransactionUser = {
      request: (transaction) => this.#request(transaction),
      cancelled: (transaction) => this.#invites.get(transaction)?.cancelled(),
      ack: (request) => this.#ack(request),
      unacknowledged: (transaction, errno) => this.#invites.get(transaction)?.broken(errno),
    };
    const named = (message: SipMessage): Uint8Array => serialise(withProduct(message, product));
    this.#layer = new TransactionLayer({ clock, randomBytes, log, user, serialise: named });
  }

  /** For registrations, which are requests outside of calls. */
  get layer(): TransactionLayer {
    return this.#layer;
  }

  /** Calls of which somebody may still hear something. */
  get aliveCalls(): number {
    let count = 0;
    for (const call of this.#calls.values()) if (isAlive(call.state)) count += 1;
    return count;
  }

  receive(message: SipMessage, flow: SipFlow): void {
    this.#layer.receive(message, flow);
  }

  flowClosed(flow: SipFlow, errno: string): void {
    this.#layer.flowClosed(flow, errno);
  }

  /** A call of ours; `start` sends its INVITE. Undefined when all lines are busy. */
  call(line: LineIdentity, to: NameAddress, media: SessionMedia): SipCall | undefined {
    if (this.aliveCalls >= this.#maxCalls) return undefined;
    this.counters.outgoing += 1;
    const call = SipCall.outgoing(this.#callOptions(line), to, media);
    this.#calls.set(keyOf(call.callId, call.localTag), call);
    return call;
  }

  /** Each call is told its end; BYEs go out. */
  hangUpAll(): void {
    for (const call of this.#calls.values()) call.hangUp();
  }

  /** The local address has changed: all calls that are up tell their peers. */
  offerAllAgain(): void {
    for (const call of this.#calls.values()) void call.offerAgain();
  }

  status(): Record<string, unknown> {
    return {
      calls: this.aliveCalls,
      // With those that only wait for a last answer of the peer.
      dialogs: this.#calls.size,
      ...this.counters,
      transactions: this.#layer.status(),
    };
  }

  /** Resolves when signalling has nothing left to do for any call, last answers included. */
  whenIdle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    this.#idle = Promise.withResolvers();
    return this.#idle.promise;
  }

  /** What is still there ends now; whoever wants BYEs to be answered waits before. */
  close(): void {
    for (const call of this.#calls.values()) call.abandon();
    this.#layer.close();
    this.#calls.clear();
    this.#invites.clear();
  }

  get #maxCalls(): number {
    const { maxCalls } = this.#options;
    return typeof maxCalls === "number" ? maxCalls : maxCalls();
  }

  #request(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const localTag = tagOf(request.to);
    if (localTag !== undefined) {
      this.#inDialog(transaction, localTag);
      return;
    }
    const line = this.#options.lineFor(request.uri, flow);
    const judgement = judgeRequest(request, line !== undefined);
    if (judgement.kind === "answer") {
      if (judgement.status === 404) this.#noteUnknown(flow);
      const { status, headers } = judgement;
      const toTag = this.#newToken();
      transaction.respond(createResponse(request, status, { headers, toTag }));
      return;
    }
    if (line !== undefined) this.#invited(transaction, line);
  }

  #inDialog(transaction: ServerTransaction, localTag: string): void {
    const { request } = transaction;
    const call = this.#calls.get(keyOf(request.callId, localTag));
    if (call !== undefined) call.request(transaction);
    else transaction.respond(createResponse(request, 481));
  }

  #invited(transaction: ServerTransaction, line: LineIdentity): void {
    const { log, onIncoming } = this.#options;
    if (this.aliveCalls >= this.#maxCalls) {
      this.counters.busy += 1;
      log.warn("call refused: all lines are busy", { line: line.label, calls: this.#maxCalls });
      const toTag = this.#newToken();
      transaction.respond(createResponse(transaction.request, 486, { toTag }));
      return;
    }
    this.counters.incoming += 1;
    const call = SipCall.incoming(this.#callOptions(line, transaction), transaction);
    this.#calls.set(keyOf(call.callId, call.localTag), call);
    this.#invites.set(transaction, call);
    this.#handOver(call, onIncoming);
  }

  /** A mistake in what is done with a call must not leave its caller without an answer. */
  #handOver(call: SipCall, onIncoming: UserAgentOptions["onIncoming"]): void {
    try {
      call.attach(onIncoming(call));
    } catch (error) {
      this.#options.log.error("a call could not be taken", { reason: describeError(error) });
      call.reject(500);
    }
  }

  #ack(request: SipRequest): void {
    const call = this.#calls.get(keyOf(request.callId, tagOf(request.to) ?? ""));
    if (call === undefined) this.counters.strayAcks += 1;
    else call.acknowledge(request);
  }

  #callOptions(line: LineIdentity, transaction?: ServerTransaction): SipCallOptions {
    const { clock, log, randomBytes, findFlow } = this.#options;
    const context: CallContext = {
      layer: this.#layer,
      line,
      findFlow,
      clock,
      log,
      random: () => fraction(randomBytes(4)),
      newToken: () => this.#newToken(),
    };
    return {
      context,
      onGone: (call) => {
        this.#calls.delete(keyOf(call.callId, call.localTag));
        if (transaction !== undefined) this.#invites.delete(transaction);
        if (this.#calls.size === 0) this.#idle.resolve();
      },
    };
  }

  #noteUnknown(flow: SipFlow): void {
    this.counters.unknownUser += 1;
    this.#options.log.debug("request for nobody here", { from: flow.remote.address });
  }

  #newToken(): string {
    return this.#options.randomBytes(12).toHex();
  }
}

/** Our tag and the Call-ID name a dialog well enough: the tag is ours alone (section 12). */
function keyOf(callId: string, localTag: string): string {
  return `${localTag} ${callId}`;
}

function fraction(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}

/** Sections 20.35 and 20.41; a message that names a product already keeps it. */
function withProduct(message: SipMessage, product: string | undefined): SipMessage {
  const name = message.kind === "request" ? "User-Agent" : "Server";
  if (product === undefined || headerValue(message, name) !== undefined) return message;
  return { ...message, headers: [...message.headers, { name, value: product }] };
}
