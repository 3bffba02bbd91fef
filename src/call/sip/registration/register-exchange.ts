/**
 * One REGISTER with all that follows until it is decided: challenges, a longer time, another registrar.
 * Ends in exactly one outcome, unless it is cancelled.
 */
import type { Clock, Timer } from "../../../core/clock.ts";
import { formatErrno } from "../../../core/errno.ts";
import { describeError, WildfireError } from "../../../core/errors.ts";
import type { DigestSession } from "../digest/digest-session.ts";
import type { SipRequest, SipResponse } from "../message/sip-message.ts";
import type {
  ClientTransaction,
  ClientTransactionHandlers,
} from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import {
  describeTarget,
  type NextHop,
  nextHop,
  redirectedTarget,
  type RegistrarTarget,
} from "./registrar-target.ts";
import { describeAnswer, judgeRegister } from "./register-verdict.ts";
import type { FailureKind } from "./retry-delay.ts";

export interface RegisterSending {
  readonly hop: NextHop;
  /**
   * Called once the flow is known, since Contact depends on it. Throws a WildfireError when nobody
   * wants the request any more: then nothing is sent, and `send` rejects with it.
   */
  readonly makeRequest: (flow: SipFlow) => SipRequest;
  readonly handlers: ClientTransactionHandlers;
}

/** What a registration needs of transports and transactions. */
export interface RequestSender {
  /** Rejects with a WildfireError when no flow can be had. */
  send(sending: RegisterSending): Promise<ClientTransaction>;
  /** Nobody answers on this flow: what is connected should be connected anew for the next request. */
  unanswered(flow: SipFlow): void;
}

/** What a request of the exchange is made of. */
export interface RegisterDraft {
  readonly target: RegistrarTarget;
  readonly expiresSeconds: number;
  readonly flow: SipFlow;
}

export type RegisterOutcome =
  | {
      readonly kind: "granted";
      readonly request: SipRequest;
      readonly response: SipResponse;
      readonly flow: SipFlow;
      readonly target: RegistrarTarget;
      readonly expiresSeconds: number;
    }
  | {
      readonly kind: FailureKind;
      readonly problem: string;
      readonly retryAfterMs: number | undefined;
    };

export interface RegisterExchangeOptions {
  readonly target: RegistrarTarget;
  readonly expiresSeconds: number;
  readonly sender: RequestSender;
  readonly digest: DigestSession;
  readonly clock: Clock;
  readonly makeRequest: (draft: RegisterDraft) => SipRequest;
  /** Each final response, before it is judged. */
  readonly onResponse: (response: SipResponse, flow: SipFlow) => void;
  readonly onOutcome: (outcome: RegisterOutcome) => void;
}

/** A registrar and its proxy may each ask twice, and one redirection and one 423 may come on top. */
const maxRequests = 8;
const maxRedirections = 3;
const longestExpiresSeconds = 86_400;
/** Until there is a flow; connecting has limits of its own. */
const flowLimitMs = 10_000;
/** Nothing is sent twice on a connection: if it has not answered by then, it is taken for dead. */
const reliableLimitMs = 8000;
/** Above timer F (RFC 3261 section 17.1.2.2), which is the one that ends a transaction. */
const datagramLimitMs = 33_000;

interface Sent {
  readonly request: SipRequest;
  readonly flow: SipFlow;
}

export class RegisterExchange {
  readonly #options: RegisterExchangeOptions;
  #target: RegistrarTarget;
  #expiresSeconds: number;
  #requests = 0;
  #redirections = 0;
  #isOver = false;
  #sent: Sent | undefined;
  #transaction: ClientTransaction | undefined;
  #limit: Timer | undefined;

  constructor(options: RegisterExchangeOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#expiresSeconds = options.expiresSeconds;
  }

  start(): void {
    this.#send();
  }

  /** Nothing more is sent or reported. */
  cancel(): void {
    this.#isOver = true;
    this.#limit?.cancel();
    this.#transaction?.abandon();
    this.#transaction = undefined;
  }

  #send(): void {
    this.#requests += 1;
    const turn = this.#requests;
    const isCurrent = (): boolean => !this.#isOver && this.#requests === turn;
    const guarded = (action: () => void): void => {
      if (isCurrent()) action();
    };
    this.#transaction = undefined;
    this.#sent = undefined;
    this.#limitTo(flowLimitMs);
    const sending: RegisterSending = {
      hop: nextHop(this.#target),
      makeRequest: (flow) => {
        if (!isCurrent()) throw new WildfireError("state", "this REGISTER is not wanted any more");
        return this.#make(flow);
      },
      handlers: {
        provisional: () => undefined,
        final: (response) => guarded(() => this.#final(response)),
        timedOut: () => guarded(() => this.#silent()),
        failed: (errno) => guarded(() => this.#broken(formatErrno(errno))),
      },
    };
    this.#options.sender.send(sending).then(
      (transaction) => {
        if (!isCurrent()) transaction.abandon();
        else this.#opened(transaction);
      },
      (error: unknown) => guarded(() => this.#away(describeError(error))),
    );
  }

  #make(flow: SipFlow): SipRequest {
    const draft = { target: this.#target, expiresSeconds: this.#expiresSeconds, flow };
    const { digest, makeRequest } = this.#options;
    const request = digest.decorate(makeRequest(draft));
    this.#sent = { request, flow };
    return request;
  }

  #opened(transaction: ClientTransaction): void {
    this.#transaction = transaction;
    this.#limitTo(transaction.flow.isReliable ? reliableLimitMs : datagramLimitMs);
  }

  #limitTo(limitMs: number): void {
    this.#limit?.cancel();
    this.#limit = this.#options.clock.after(limitMs, () => this.#silent());
  }

  #silent(): void {
    if (this.#sent !== undefined) this.#options.sender.unanswered(this.#sent.flow);
    this.#broken("nobody answers");
  }

  #broken(what: string): void {
    this.#away(`${describeTarget(this.#target)}: ${what}`);
  }

  #away(problem: string): void {
    this.#end({ kind: "away", problem, retryAfterMs: undefined });
  }

  #final(response: SipResponse): void {
    const sent = this.#sent;
    if (sent === undefined) return;
    this.#transaction = undefined;
    this.#options.onResponse(response, sent.flow);
    const verdict = judgeRegister(response);
    if (verdict.kind === "granted") this.#granted(sent, response);
    else if (verdict.kind === "challenged") this.#challenged(sent, response);
    else if (verdict.kind === "too-brief") this.#tooBrief(response, verdict.minSeconds);
    else if (verdict.kind === "redirected") this.#redirected(response);
    else this.#end(verdict);
  }

  #granted({ request, flow }: Sent, response: SipResponse): void {
    this.#options.digest.observe(request, response);
    const target = this.#target;
    const expiresSeconds = this.#expiresSeconds;
    this.#end({ kind: "granted", request, response, flow, target, expiresSeconds });
  }

  #challenged({ request }: Sent, response: SipResponse): void {
    const taken = this.#options.digest.takeChallenge(request, response);
    if (taken.ok) this.#sendAgain(response);
    else this.#refused(taken.problem);
  }

  #tooBrief(response: SipResponse, minSeconds: number): void {
    if (minSeconds <= this.#expiresSeconds || minSeconds > longestExpiresSeconds) {
      this.#refused(`${describeAnswer(response)} with Min-Expires ${minSeconds}; set ;expires=`);
      return;
    }
    this.#expiresSeconds = minSeconds;
    this.#sendAgain(response);
  }

  #redirected(response: SipResponse): void {
    const target = redirectedTarget(this.#target, response);
    this.#redirections += 1;
    if (target === undefined || this.#redirections > maxRedirections) {
      const why = target === undefined ? "without a SIP address" : "once too often";
      this.#refused(`${describeAnswer(response)} ${why}; check the host of the line`);
      return;
    }
    this.#target = target;
    this.#sendAgain(response);
  }

  #sendAgain(response: SipResponse): void {
    if (this.#requests < maxRequests) this.#send();
    else this.#refused(`${describeAnswer(response)} again and again; check the PBX`);
  }

  #refused(problem: string): void {
    this.#end({ kind: "refused", problem, retryAfterMs: undefined });
  }

  #end(outcome: RegisterOutcome): void {
    this.cancel();
    this.#options.onOutcome(outcome);
  }
}
