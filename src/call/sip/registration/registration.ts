/** Keeps one line registered at its PBX (RFC 3261 section 10): the runner of `registration-states.ts`. */
import type { Clock, Timer } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { DigestSession } from "../digest/digest-session.ts";
import type { NameAddress, SipHeader, SipRequest } from "../message/sip-message.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { OwnContact } from "./own-contact.ts";
import {
  type RegisterDraft,
  RegisterExchange,
  type RegisterOutcome,
  type RequestSender,
} from "./register-exchange.ts";
import { RegisterRequests } from "./register-request.ts";
import { describeTarget, lineTarget, type RegistrarTarget } from "./registrar-target.ts";
import {
  nextRegistrationState,
  type RegistrationInput,
  type RegistrationState,
} from "./registration-states.ts";
import type { RegistrationStatus } from "./registration-status.ts";
import { BackOff, type FailureKind } from "./retry-delay.ts";
import { lineName, type SipLine } from "./sip-line.ts";

export interface RegistrationOptions {
  readonly line: SipLine;
  /** Shared with the calls of the line. */
  readonly digest: DigestSession;
  readonly sender: RequestSender;
  /** Where we are reached on a flow; read again for each request. */
  readonly contactFor: (flow: SipFlow) => NameAddress;
  /** Whether Contact takes the address at which the PBX sees us. Off where one is advertised. */
  readonly learnsAddress?: boolean;
  /** User-Agent, Allow, Supported … */
  readonly headers?: readonly SipHeader[];
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly onChange?: (status: RegistrationStatus) => void;
}

type GrantedOutcome = Extract<RegisterOutcome, { readonly kind: "granted" }>;
type RegisterFailure = Exclude<RegisterOutcome, { readonly kind: "granted" }>;

const refreshShare = 2 / 3;
const shortestRefreshMs = 3000;
const longestRefreshMs = 86_400_000;
/** How long the goodbye may take. */
const partingLimitMs = 1000;
/** A change of network comes as several events. */
const settleMs = 200;
/** A NAT that gives each request another port must not make us ask without end. */
const moveIntervalMs = 30_000;
const maxTold = 16;

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #requests: RegisterRequests;
  readonly #contact: OwnContact;
  readonly #backOff = new BackOff();
  readonly #parted = Promise.withResolvers<void>();
  #state: RegistrationState = "idle";
  /** Where the PBX redirected us and the time it wants count until something fails. */
  #target: RegistrarTarget;
  #expiresSeconds: number;
  #exchange: RegisterExchange | undefined;
  #due: Timer | undefined;
  #dueAtMs = 0;
  #settling: Timer | undefined;
  #delayMs = 0;
  #flow: SipFlow | undefined;
  #lastProblem: string | undefined;
  /** Kinds of failure that the log has told; refusals by their text. */
  readonly #told = new Set<string>();
  #grantedSeconds: number | undefined;
  #sinceWallMs: number | undefined;
  #movedAtMs = -Infinity;
  #attempts = 0;

  constructor(options: RegistrationOptions) {
    const { line, randomBytes, headers = [], contactFor, learnsAddress = true } = options;
    this.#options = options;
    this.#contact = new OwnContact({ contactFor, learnsAddress });
    this.#requests = new RegisterRequests({ line, headers, randomBytes });
    this.#target = lineTarget(line);
    this.#expiresSeconds = line.expiresSeconds;
  }

  start(): void {
    this.#step("start");
  }

  /** Takes the bindings back; resolves when that is done or has taken too long. */
  stop(): Promise<void> {
    this.#step("stop");
    return this.#parted.promise;
  }

  /** On which the PBX knows us: to be kept open, and for calls; undefined while not registered. */
  get flow(): SipFlow | undefined {
    return this.#flow;
  }

  /** Addresses or routes of this machine are other ones. */
  networkChanged(): void {
    this.#contact.forgetLearnt();
    this.contactChanged();
  }

  /** `contactFor` gives something else now: the old binding is replaced. */
  contactChanged(): void {
    if (this.#state === "idle" || this.#state === "stopped") return;
    this.#settling ??= this.#options.clock.after(settleMs, () => {
      this.#settling = undefined;
      this.#step("moved");
    });
  }

  /** A flow has ended: where it is ours, the PBX cannot reach us any more. */
  flowLost(flow: SipFlow): void {
    if (flow !== this.#flow || this.#state !== "registered") return;
    const problem = `${describeTarget(this.#target)}: the connection has ended`;
    this.#fail("flow-lost", { kind: "away", problem, retryAfterMs: undefined });
  }

  /** Contact for calls of this line: with the address that the PBX sees, where that is wanted. */
  contactOn(flow: SipFlow): NameAddress {
    return this.#contact.current(flow);
  }

  status(): RegistrationStatus {
    const { clock, line } = this.#options;
    const isRegistered = this.#state === "registered" || this.#state === "refreshing";
    const nextInMs = Math.max(0, Math.round(this.#dueAtMs - clock.nowMs()));
    return {
      line: lineName(line),
      state: this.#state,
      isRegistered,
      registrar: describeTarget(this.#target),
      grantedSeconds: isRegistered ? (this.#grantedSeconds ?? null) : null,
      nextInMs: this.#due === undefined ? null : nextInMs,
      lastProblem: this.#lastProblem ?? null,
      attempts: this.#attempts,
      registeredSinceWallMs: this.#sinceWallMs ?? null,
    };
  }

  #step(input: RegistrationInput): void {
    const before = this.#state;
    const next = nextRegistrationState(before, input);
    if (next === undefined) return;
    this.#exchange?.cancel();
    this.#exchange = undefined;
    this.#due?.cancel();
    this.#due = undefined;
    this.#state = next;
    this.#options.log.debug("registration state", { from: before, to: next, input });
    this.#enter(next);
    this.#options.onChange?.(this.status());
  }

  #enter(state: RegistrationState): void {
    if (state === "registering" || state === "refreshing") this.#register();
    if (state === "registered" || state === "waiting" || state === "refused") {
      this.#dueAfter(this.#delayMs);
    }
    if (state === "unregistering") this.#unregister();
    if (state === "stopped") this.#finish();
  }

  #dueAfter(delayMs: number): void {
    const { clock } = this.#options;
    this.#dueAtMs = clock.nowMs() + delayMs;
    this.#due = clock.after(delayMs, () => {
      this.#due = undefined;
      this.#step("due");
    });
  }

  #register(): void {
    this.#attempts += 1;
    this.#run({
      makeRequest: (draft) => this.#registerRequest(draft),
      onOutcome: (outcome) => this.#decided(outcome),
    });
  }

  #unregister(): void {
    this.#settling?.cancel();
    const { clock } = this.#options;
    if (this.#contact.bound(clock.nowMs()).length === 0) {
      this.#step("parted");
      return;
    }
    this.#dueAfter(partingLimitMs);
    this.#run({
      makeRequest: ({ target }) => {
        const removed = this.#contact.bound(clock.nowMs());
        return this.#requests.make({ target, contact: undefined, expiresSeconds: 0, removed });
      },
      onOutcome: () => this.#step("parted"),
    });
  }

  #run(actions: {
    readonly makeRequest: (draft: RegisterDraft) => SipRequest;
    readonly onOutcome: (outcome: RegisterOutcome) => void;
  }): void {
    const { sender, digest, clock } = this.#options;
    this.#exchange = new RegisterExchange({
      target: this.#target,
      expiresSeconds: this.#expiresSeconds,
      sender,
      digest,
      clock,
      onResponse: (response, flow) => this.#contact.answered(response, flow),
      ...actions,
    });
    this.#exchange.start();
  }

  #registerRequest({ target, expiresSeconds, flow }: RegisterDraft): SipRequest {
    const asked = this.#contact.ask(flow, expiresSeconds, this.#options.clock.nowMs());
    return this.#requests.make({ target, expiresSeconds, ...asked });
  }

  #decided(outcome: RegisterOutcome): void {
    if (outcome.kind === "granted") this.#accept(outcome);
    else this.#fail(outcome.kind === "refused" ? "refused" : "away", outcome);
  }

  #accept({ response, flow, target, expiresSeconds }: GrantedOutcome): void {
    const nowMs = this.#options.clock.nowMs();
    const seconds = this.#contact.granted(response, expiresSeconds, nowMs);
    if (seconds < 1) {
      const problem = "the PBX answers 200 and grants no time; check what it allows for the line";
      this.#fail("away", { kind: "trouble", problem, retryAfterMs: undefined });
      return;
    }
    this.#backOff.granted(nowMs);
    this.#grantedSeconds = seconds;
    this.#flow = flow;
    this.#target = target;
    this.#expiresSeconds = expiresSeconds;
    this.#reportGranted(seconds);
    this.#lastProblem = undefined;
    const refreshMs = Math.round(seconds * 1000 * refreshShare);
    this.#delayMs = Math.min(Math.max(refreshMs, shortestRefreshMs), longestRefreshMs);
    this.#step("granted");
    this.#followMove(flow);
  }

  /** The answer itself may have told that the PBX sees us elsewhere than this Contact says. */
  #followMove(flow: SipFlow): void {
    if (!this.#contact.hasMoved(flow)) return;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#movedAtMs < moveIntervalMs) return;
    this.#movedAtMs = nowMs;
    this.#step("moved");
  }

  #fail(input: "away" | "refused" | "flow-lost", failure: RegisterFailure): void {
    const { clock, line, random } = this.#options;
    const { kind, problem } = failure;
    this.#delayMs = this.#backOff.failed(failure, clock.nowMs(), random);
    this.#grantedSeconds = undefined;
    this.#flow = undefined;
    this.#sinceWallMs = undefined;
    this.#target = lineTarget(line);
    this.#expiresSeconds = line.expiresSeconds;
    this.#reportFailure(kind, problem);
    this.#lastProblem = problem;
    this.#step(input);
  }

  #finish(): void {
    this.#settling?.cancel();
    this.#settling = undefined;
    this.#flow = undefined;
    this.#sinceWallMs = undefined;
    this.#parted.resolve();
  }

  #reportGranted(seconds: number): void {
    const { clock, log } = this.#options;
    const fields = { registrar: describeTarget(this.#target), seconds };
    if (this.#sinceWallMs !== undefined) {
      log.debug("registration refreshed", fields);
      return;
    }
    this.#sinceWallMs = clock.wallMs();
    this.#told.clear();
    log.info("registered", fields);
  }

  /** Once until the next success: a PBX that is away is tried every few seconds. */
  #reportFailure(kind: FailureKind, problem: string): void {
    const { log } = this.#options;
    const subject = kind === "refused" ? problem : kind;
    const level = this.#told.has(subject) ? "debug" : "warn";
    if (this.#told.size === maxTold) this.#told.clear();
    this.#told.add(subject);
    const fields = { problem, retryInMs: this.#delayMs };
    if (kind === "refused") log[level]("the PBX refuses the registration", fields);
    else log[level]("not registered, trying again", fields);
  }
}
