/** An INVITE that came to us, up to its ACK (RFC 3261 section 13.3, RFC 3262, RFC 4028 section 9). */
import type { Timer } from "../../../core/clock.ts";
import { Dialog } from "../dialog/dialog.ts";
import { createResponse, type ResponseParts } from "../message/create-response.ts";
import type { SipHeader, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { AcceptedInvite } from "./accepted-invite.ts";
import { allowHeader, type CallContext, optionTags, supportedHeader } from "./call-context.ts";
import { DialogSender } from "./dialog-sender.ts";
import { answerEarly } from "./early-requests.ts";
import type { InfoDigit } from "./info-digits.ts";
import { describe } from "./peer-change.ts";
import { ReliableProvisional } from "./reliable-provisional.ts";
import { descriptionIn } from "./sdp-body.ts";
import { sdpType, type SessionMedia } from "./session-media.ts";
import { answerTimer, minimumSessionSeconds, type SessionTimer } from "./session-timer.ts";

export interface IncomingLegEvents {
  /** The ACK is there; `judge` takes its answer to an offer of ours, or says why it is of no use. */
  acknowledged(judge: () => string | undefined): void;
  ackMissing(): void;
  /** The INVITE was refused by us, for a reason that only the leg knows. */
  refused(status: number, reason: string): void;
  digit(digit: InfoDigit): void;
}

export interface IncomingLegOptions {
  readonly context: CallContext;
  readonly transaction: ServerTransaction;
  readonly events: IncomingLegEvents;
}

/** What an accepted call goes on with. */
export interface AcceptedLeg {
  readonly sender: DialogSender;
  readonly timer: SessionTimer | undefined;
}

/** Proxies forget a call that they hear nothing of for three minutes (section 13.3.1.1). */
const ringAgainMs = 60_000;
/** A call that nobody takes does not ring for ever. */
const ringLimitMs = 180_000;

export class IncomingLeg {
  readonly localTag: string;
  readonly #options: IncomingLegOptions;
  readonly #dialog: Dialog | undefined;
  readonly #sender: DialogSender | undefined;
  readonly #reliable: ReliableProvisional | undefined;
  readonly #ringLimit: Timer;
  #ringing: Timer | undefined;
  #accepted: AcceptedInvite | undefined;
  /** An answer that waits for a PRACK. */
  #afterPrack: (() => void) | undefined;

  constructor(options: IncomingLegOptions) {
    const { context, transaction } = options;
    const { request } = transaction;
    this.#options = options;
    this.localTag = context.newToken();
    this.#dialog = Dialog.ofIncoming(request, this.localTag);
    if (this.#dialog !== undefined) {
      this.#sender = new DialogSender(this.#dialog, transaction.flow, context);
    }
    this.#reliable = optionTags(request, "Require").includes("100rel")
      ? new ReliableProvisional({
          invite: request,
          clock: context.clock,
          firstNumber: 1 + Math.floor(context.random() * 65_536),
          onMissing: () => this.#refuse(504, "no PRACK came"),
        })
      : undefined;
    this.#ringLimit = context.clock.after(ringLimitMs, () => this.#refuse(480, "nobody answered"));
  }

  get invite(): SipRequest {
    return this.#options.transaction.request;
  }

  get flow(): SipFlow {
    return this.#options.transaction.flow;
  }

  /** Undefined when the INVITE has no Contact. */
  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  /** A final answer is on its way, so nothing of it can be taken back. */
  get isAnswered(): boolean {
    return this.#options.transaction.isAnswered;
  }

  /** Our 200 holds an offer, and its answer is not there yet. */
  get owesAnswer(): boolean {
    return this.#accepted?.isSettled === false && !hasOffer(this.invite);
  }

  /** 180, reliably where the caller requires that, and again while it rings. */
  ring(): void {
    // A reliable one would have to hold an offer where the INVITE has none (RFC 3262 section 5).
    const isImpossible = this.#reliable !== undefined && !hasOffer(this.invite);
    if (this.#reliable?.isWaiting === true || isImpossible) return;
    const reliable = this.#reliable?.headers() ?? [];
    const response = this.#response(180, { headers: [allowHeader, ...reliable] });
    const send = (): void => this.#options.transaction.respond(response);
    if (this.#reliable === undefined) send();
    else this.#reliable.begin(send);
    this.#ringing?.cancel();
    this.#ringing = this.#options.context.clock.after(ringAgainMs, () => this.ring());
  }

  /** Undefined when the call was refused instead; the events tell why. */
  accept(media: SessionMedia): AcceptedLeg | undefined {
    const sender = this.#sender;
    if (sender === undefined) return this.#refuse(400, "the INVITE has no Contact");
    const timer = answerTimer(this.invite);
    if (timer.kind === "too-short") return this.#refuse(422, "the session timer is too short");
    const description = describe(this.invite, media);
    if (description.kind === "refused") return this.#refuse(488, description.reason);
    const timerHeaders = timer.kind === "timer" ? timer.headers : [];
    this.#stopRinging();
    const answer = (): void => this.#sendAccepted(description.body, timerHeaders, media);
    if (this.#reliable?.isWaiting === true) this.#afterPrack = answer;
    else answer();
    return { sender, timer: timer.kind === "timer" ? timer.timer : undefined };
  }

  /** Does nothing where there is a final answer. */
  reject(status: number, parts: ResponseParts = {}): void {
    this.stop();
    if (this.isAnswered) return;
    this.#options.transaction.respond(this.#response(status, parts));
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#accepted?.acknowledge(ack) ?? false;
  }

  /** The peer shows in another way that it has our 200: only the ACK was lost. */
  acknowledgeImplied(request: SipRequest): void {
    this.#accepted?.acknowledge({ ...request, cseq: this.invite.cseq });
  }

  prack(transaction: ServerTransaction): void {
    const { request } = transaction;
    const isKnown =
      this.#dialog?.admits(request) !== false && this.#reliable?.acknowledge(request) === true;
    const status = isKnown ? 200 : 481;
    transaction.respond(createResponse(request, status, { toTag: this.localTag }));
    if (!isKnown) return;
    const answer = this.#afterPrack;
    this.#afterPrack = undefined;
    answer?.();
  }

  /** Any other request of the caller before we have answered. */
  early(transaction: ServerTransaction): void {
    const { request } = transaction;
    const { localTag } = this;
    if (this.#sender === undefined || this.#dialog?.admits(request) === false) {
      transaction.respond(createResponse(request, 500, { toTag: localTag }));
      return;
    }
    const { contact } = this.#sender;
    const { events } = this.#options;
    const offerBy = hasOffer(this.invite) ? "peer" : "us";
    answerEarly(transaction, { localTag, contact, offerBy, digit: (digit) => events.digit(digit) });
  }

  stop(): void {
    this.#stopRinging();
    this.#reliable?.stop();
    this.#accepted?.stop();
    this.#afterPrack = undefined;
  }

  #stopRinging(): void {
    this.#ringLimit.cancel();
    this.#ringing?.cancel();
  }

  #sendAccepted(body: Uint8Array, timerHeaders: readonly SipHeader[], media: SessionMedia): void {
    const { context, transaction, events } = this.#options;
    const type = { name: "Content-Type", value: sdpType };
    const headers = [allowHeader, supportedHeader, type, ...timerHeaders];
    const response = this.#response(200, { headers, body });
    this.#accepted = new AcceptedInvite({
      invite: this.invite,
      clock: context.clock,
      send: () => transaction.respond(response),
      onAck: (ack) =>
        events.acknowledged(() => (hasOffer(this.invite) ? undefined : answerOf(ack, media))),
      onMissing: () => events.ackMissing(),
    });
  }

  #refuse(status: number, reason: string): undefined {
    const warning = `399 wildfire "${reason.replaceAll(/["\\\r\n]/g, "'")}"`;
    const headers = [{ name: "Warning", value: warning }, ...refusalHeaders(status)];
    this.reject(status, { headers });
    this.#options.events.refused(status, reason);
  }

  #response(status: number, parts: ResponseParts): SipResponse {
    const contacts = this.#sender === undefined ? [] : [this.#sender.contact];
    return createResponse(this.invite, status, { toTag: this.localTag, contacts, ...parts });
  }
}

function hasOffer(invite: SipRequest): boolean {
  return descriptionIn(invite).kind === "description";
}

function answerOf(ack: SipRequest, media: SessionMedia): string | undefined {
  const answer = descriptionIn(ack);
  return media.accept(answer.kind === "description" ? answer.bytes : new Uint8Array(0));
}

function refusalHeaders(status: number): readonly SipHeader[] {
  return status === 422 ? [{ name: "Min-SE", value: String(minimumSessionSeconds) }] : [];
}
