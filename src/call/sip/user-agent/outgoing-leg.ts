/** An INVITE of ours, up to its final answer and ACK (RFC 3261 sections 9.1 and 13.2). */
import type { Timer } from "../../../core/clock.ts";
import { describeError } from "../../../core/errors.ts";
import { tagOf, withTag } from "../dialog/dialog.ts";
import { createResponse } from "../message/create-response.ts";
import type { NameAddress, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { type CallWish, detourFor } from "./call-detour.ts";
import { allowHeader, type CallContext } from "./call-context.ts";
import { type DialogSender, nobodyCares } from "./dialog-sender.ts";
import { type EarlyDialog, EarlyDialogs } from "./early-dialogs.ts";
import { answerEarly } from "./early-requests.ts";
import type { InfoDigit } from "./info-digits.ts";
import { OutgoingRequest } from "./outgoing-request.ts";
import { refusalReason } from "./peer-reason.ts";
import { descriptionIn } from "./sdp-body.ts";
import { sdpType, type SessionMedia } from "./session-media.ts";
import { agreedTimer, type SessionTimer, wishFor } from "./session-timer.ts";

export interface OutgoingLegEvents {
  provisional(status: number, reason: string): void;
  /** A line says what is wrong when the peer's answer to our offer is of no use. */
  accepted(leg: ConnectedLeg, problem: string | undefined): void;
  refused(status: number, reason: string): void;
  /** It has rung long enough; whoever hears this may give the call up. */
  unanswered(): void;
  digit(digit: InfoDigit): void;
}

export interface ConnectedLeg {
  readonly sender: DialogSender;
  readonly timer: SessionTimer | undefined;
  readonly response: SipResponse;
}

export interface OutgoingLegOptions {
  readonly context: CallContext;
  readonly to: NameAddress;
  readonly media: SessionMedia;
  readonly events: OutgoingLegEvents;
}

/** 3xx answers that are followed, and wishes that are obeyed, for one call. */
const maxDetours = 5;
/** As long as a proxy lets a call ring (timer C, section 16.6). */
const ringLimitMs = 180_000;

export class OutgoingLeg {
  readonly #options: OutgoingLegOptions;
  readonly #from: NameAddress;
  readonly #callId: string;
  readonly #dialogs: EarlyDialogs;
  readonly #acknowledged = new Map<string, DialogSender>();
  #cseq: number;
  #wish: CallWish;
  #request: OutgoingRequest | undefined;
  #ringLimit: Timer | undefined;
  #isCancelled = false;
  /** A final answer was reported, or nobody wants one any more. */
  #isOver = false;
  /** The peer has the INVITE, or it was sent a second time already. */
  #isSettledOn = false;
  #detours = 0;

  constructor(options: OutgoingLegOptions) {
    const { context, to } = options;
    this.#options = options;
    this.#from = withTag(context.line.address, context.newToken());
    this.#callId = context.newToken();
    this.#cseq = 1 + Math.floor(context.random() * 32_768);
    this.#wish = { uri: to.uri, leastSeconds: undefined, isReliable: false };
    this.#dialogs = new EarlyDialogs(context);
  }

  get callId(): string {
    return this.#callId;
  }

  get localTag(): string {
    return tagOf(this.#from) ?? "";
  }

  /** Rejects with a WildfireError when there is no way to the PBX. */
  async start(): Promise<void> {
    const flow = await this.#options.context.line.flow();
    if (this.#isCancelled) return;
    this.#send(flow);
    const { context, events } = this.#options;
    this.#ringLimit = context.clock.after(ringLimitMs, () => events.unanswered());
  }

  /** True when a CANCEL is on its way and a final answer will come. */
  cancel(): boolean {
    this.#isCancelled = true;
    this.#ringLimit?.cancel();
    this.#request?.cancel();
    return this.#request !== undefined;
  }

  /** Nothing more is reported. Whoever still accepts the call gets an ACK and a BYE. */
  abandon(): void {
    if (!this.#isOver) this.cancel();
    this.#isOver = true;
  }

  /** A request of the peer before it has answered, but BYE. */
  early(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const { localTag } = this;
    const known = this.#dialogs.of(request);
    if (known?.sender.dialog.admits(request) === false) {
      transaction.respond(createResponse(request, 500));
      return;
    }
    const { context, events } = this.#options;
    const contact = known?.sender.contact ?? context.line.contactFor(flow);
    answerEarly(transaction, {
      localTag,
      contact,
      offerBy: "us",
      digit: (digit) => events.digit(digit),
    });
  }

  #invite(flow: SipFlow): SipRequest {
    const { context, media, to } = this.#options;
    const { uri, leastSeconds, isReliable } = this.#wish;
    const headers = [
      allowHeader,
      { name: "Supported", value: isReliable ? "100rel, timer" : "timer" },
      { name: "Content-Type", value: sdpType },
      ...wishFor(leastSeconds),
    ];
    this.#cseq += 1;
    return {
      kind: "request",
      method: "INVITE",
      uri,
      via: [],
      routes: [],
      maxForwards: undefined,
      from: this.#from,
      to: { ...to, parameters: new Map() },
      callId: this.#callId,
      cseq: { number: this.#cseq, method: "INVITE" },
      contacts: [context.line.contactFor(flow)],
      recordRoutes: [],
      headers,
      body: media.offer(),
    };
  }

  #send(flow: SipFlow): void {
    const { layer, line, log } = this.#options.context;
    this.#request = new OutgoingRequest({
      layer,
      credentials: line.credentials,
      flow,
      request: this.#invite(flow),
      handlers: {
        provisional: (response) => this.#provisional(response, flow),
        final: (response) => this.#final(response, flow),
        timedOut: () => this.#refused(408, "nobody answered"),
        failed: (errno) => this.#broken(errno),
      },
      onResent: (again) => (this.#cseq = again.cseq.number),
      onProblem: (problem) => log.warn("call refused", { problem }),
    });
  }

  #provisional(response: SipResponse, flow: SipFlow): void {
    const invite = this.#request?.request;
    if (this.#isOver || invite === undefined) return;
    this.#isSettledOn = true;
    this.#dialogs.provisional(invite, response, flow);
    this.#options.events.provisional(response.status, response.reason);
  }

  #final(response: SipResponse, flow: SipFlow): void {
    if (response.status < 300) this.#accepted(response, flow);
    else if (!this.#followed(response, flow))
      this.#refused(response.status, refusalReason(response));
  }

  /** False when the response is the end of it. */
  #followed(response: SipResponse, flow: SipFlow): boolean {
    if (this.#isCancelled || this.#isOver || this.#detours === maxDetours) return false;
    const wish = detourFor(this.#wish, response);
    if (wish === undefined) return false;
    this.#detours += 1;
    this.#wish = wish;
    try {
      this.#send(flow);
    } catch (error) {
      const reason = describeError(error);
      this.#options.context.log.warn("the call cannot go where it was sent to", {
        private: { reason },
      });
      return false;
    }
    return true;
  }

  /** A connection that looked open may be dead for long: one more try on another one. */
  #broken(errno: string): void {
    const reason = `the way to the PBX failed: ${errno}`;
    if (this.#isSettledOn || this.#isCancelled || this.#isOver) {
      this.#refused(503, reason);
      return;
    }
    this.#isSettledOn = true;
    this.#options.context.line.flow().then(
      (flow) => this.#again(flow, reason),
      () => this.#refused(503, reason),
    );
  }

  #again(flow: SipFlow, reason: string): void {
    try {
      if (!this.#isCancelled) this.#send(flow);
      else this.#refused(503, reason);
    } catch {
      this.#refused(503, reason);
    }
  }

  #refused(status: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ringLimit?.cancel();
    this.#options.events.refused(status, reason);
  }

  #accepted(response: SipResponse, flow: SipFlow): void {
    const invite = this.#request?.request;
    if (invite === undefined) return;
    const tag = tagOf(response.to) ?? "";
    const known = this.#acknowledged.get(tag);
    if (known !== undefined) {
      known.acknowledge(invite);
      return;
    }
    const dialog = this.#dialogs.confirmed(invite, response, flow);
    const { sender } = dialog;
    this.#acknowledged.set(tag, sender);
    sender.acknowledge(invite);
    if (this.#isOver) this.#dismiss(sender);
    else this.#connected(response, dialog);
  }

  #connected(response: SipResponse, { sender, description }: EarlyDialog): void {
    this.#isOver = true;
    this.#ringLimit?.cancel();
    const { events, media } = this.#options;
    const answer = descriptionIn(response);
    const bytes = answer.kind === "description" ? answer.bytes : description;
    // Of a call that was given up the media are gone already.
    const problem = this.#isCancelled ? undefined : media.accept(bytes ?? new Uint8Array(0));
    events.accepted({ sender, timer: agreedTimer(response), response }, problem);
  }

  /** Two peers cannot both have the call: the later one is thanked and let go (section 13.2.2.4). */
  #dismiss(sender: DialogSender): void {
    sender.send(() => ({ method: "BYE" }), nobodyCares);
  }
}
