/** An INVITE that came to us, up to its ACK (RFC 3261 section 13.3, RFC 3262, RFC 4028 section 9). */
import { Dialog } from "../dialog/dialog.ts";
import { createResponse, type ResponseParts } from "../message/create-response.ts";
import { headerValue, type SipHeader, type SipRequest } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import { AcceptedInvite } from "./accepted-invite.ts";
import { allowHeader, type CallContext, optionTags, supportedTags } from "./call-context.ts";
import { DialogSender } from "./dialog-sender.ts";
import { ReliableProvisional } from "./reliable-provisional.ts";
import { type MediaAnswer, sdpType, type SessionMedia } from "./session-media.ts";
import { answerTimer, type SessionTimer } from "./session-timer.ts";

export interface IncomingLegEvents {
  /** The ACK is there; a line says what is wrong when its answer to our offer is of no use. */
  acknowledged(problem: string | undefined): void;
  ackMissing(): void;
  /** The INVITE was refused by us, for a reason that only the leg knows. */
  refused(status: number, reason: string): void;
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

export class IncomingLeg {
  readonly localTag: string;
  readonly #options: IncomingLegOptions;
  readonly #dialog: Dialog | undefined;
  readonly #sender: DialogSender | undefined;
  readonly #reliable: ReliableProvisional | undefined;
  #accepted: AcceptedInvite | undefined;
  /** An answer that waits for a PRACK. */
  #afterPrack: (() => void) | undefined;

  constructor(options: IncomingLegOptions) {
    const { context, transaction } = options;
    const { request } = transaction;
    this.#options = options;
    this.localTag = context.newToken();
    this.#dialog = Dialog.ofIncoming(request, this.localTag);
    if (this.#dialog !== undefined) this.#sender = senderFor(this.#dialog, options);
    this.#reliable = requiresReliability(request)
      ? new ReliableProvisional({
          invite: request,
          clock: context.clock,
          firstNumber: 1 + Math.floor(context.random() * 65_536),
          onMissing: () => this.#refuse(504, "no PRACK came"),
        })
      : undefined;
  }

  get invite(): SipRequest {
    return this.#options.transaction.request;
  }

  get flow(): SipFlow {
    return this.#options.transaction.flow;
  }

  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  /** 180, reliably where the caller requires that. */
  ring(): void {
    if (this.#reliable?.isWaiting) return;
    const reliable = this.#reliable?.headers() ?? [];
    const response = this.#response(180, { headers: [allowHeader, ...reliable] });
    const send = (): void => this.#options.transaction.respond(response);
    if (this.#reliable === undefined) send();
    else this.#reliable.begin(send);
  }

  /** Undefined when the call was refused instead; the events tell why. */
  accept(media: SessionMedia): AcceptedLeg | undefined {
    const sender = this.#sender;
    if (sender === undefined) return this.#refuse(400, "the INVITE has no Contact");
    const description = describe(this.invite, media);
    if (description.kind === "refused") return this.#refuse(488, description.reason);
    const timer = answerTimer(this.invite);
    if (timer.kind === "too-short") return this.#refuse(422, "the session timer is too short");
    const timerHeaders = timer.kind === "timer" ? timer.headers : [];
    const answer = (): void => this.#sendAccepted(description.body, timerHeaders, media);
    if (this.#reliable?.isWaiting) this.#afterPrack = answer;
    else answer();
    return { sender, timer: timer.kind === "timer" ? timer.timer : undefined };
  }

  reject(status: number, parts: ResponseParts = {}): void {
    this.stop();
    this.#options.transaction.respond(this.#response(status, parts));
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#accepted?.acknowledge(ack) ?? false;
  }

  prack(transaction: ServerTransaction): void {
    const isKnown = this.#reliable?.acknowledge(transaction.request) ?? false;
    const status = isKnown ? 200 : 481;
    transaction.respond(createResponse(transaction.request, status, { toTag: this.localTag }));
    if (!isKnown) return;
    const answer = this.#afterPrack;
    this.#afterPrack = undefined;
    answer?.();
  }

  stop(): void {
    this.#reliable?.stop();
    this.#accepted?.stop();
    this.#afterPrack = undefined;
  }

  #sendAccepted(body: Uint8Array, timerHeaders: readonly SipHeader[], media: SessionMedia): void {
    const { context, transaction, events } = this.#options;
    const headers = [
      allowHeader,
      { name: "Supported", value: supportedTags.join(", ") },
      { name: "Content-Type", value: sdpType },
      ...timerHeaders,
    ];
    const response = this.#response(200, { headers, body });
    const hadOffer = this.invite.body.length > 0;
    this.#accepted = new AcceptedInvite({
      invite: this.invite,
      clock: context.clock,
      send: () => transaction.respond(response),
      onAck: (ack) => events.acknowledged(hadOffer ? undefined : media.accept(ack.body)),
      onMissing: () => events.ackMissing(),
    });
  }

  #refuse(status: number, reason: string): undefined {
    const warning = `399 wildfire "${reason.replaceAll(/["\\\r\n]/g, "'")}"`;
    const headers = [{ name: "Warning", value: warning }, ...refusalHeaders(status)];
    this.reject(status, { headers });
    this.#options.events.refused(status, reason);
  }

  #response(status: number, parts: ResponseParts) {
    const contacts = this.#sender === undefined ? [] : [this.#sender.contact];
    return createResponse(this.invite, status, { toTag: this.localTag, contacts, ...parts });
  }
}

function senderFor(dialog: Dialog, { context, transaction }: IncomingLegOptions): DialogSender {
  return new DialogSender({
    dialog,
    flow: transaction.flow,
    layer: context.layer,
    credentials: context.line.credentials,
    findFlow: context.findFlow,
    contactFor: (flow) => context.line.contactFor(flow),
    log: context.log,
  });
}

/** Our answer to the offer of an INVITE, or our offer where it has none. */
export function describe(invite: SipRequest, media: SessionMedia): MediaAnswer {
  if (invite.body.length === 0) return { kind: "answer", body: media.offer() };
  return media.answer(invite.body);
}

function requiresReliability(invite: SipRequest): boolean {
  return optionTags(headerValue(invite, "Require")).includes("100rel");
}

function refusalHeaders(status: number): readonly SipHeader[] {
  return status === 422 ? [{ name: "Min-SE", value: "90" }] : [];
}
