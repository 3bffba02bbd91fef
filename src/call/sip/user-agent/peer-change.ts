/** What the peer changes in a running call: its re-INVITE up to the ACK, its UPDATE (RFC 3261 14.2, RFC 3311). */
import { createResponse } from "../message/create-response.ts";
import type { SipHeader, SipRequest } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import { AcceptedInvite } from "./accepted-invite.ts";
import { allowHeader, type CallContext, supportedHeader } from "./call-context.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { descriptionIn } from "./sdp-body.ts";
import { type MediaAnswer, sdpType, type SessionMedia } from "./session-media.ts";
import { answerTimer, minimumSessionSeconds, type SessionTimer } from "./session-timer.ts";

interface Place {
  readonly context: CallContext;
  readonly sender: DialogSender;
  readonly media: SessionMedia;
}

export interface PeerChangeOptions extends Place {
  /** The ACK is there. */
  readonly done: () => void;
  /** The call cannot go on. */
  readonly lost: (reason: string) => void;
}

type AgreedTimer = SessionTimer | "unmentioned";

interface Acceptance {
  readonly body: Uint8Array | undefined;
  readonly timer: AgreedTimer;
  readonly timerHeaders: readonly SipHeader[];
}

/** A re-INVITE that was answered with 200. */
export class PeerChange {
  readonly timer: AgreedTimer;
  /** Our 200 holds an offer, and its answer is not there yet. */
  readonly owesAnswer: boolean;
  readonly #accepted: AcceptedInvite;

  private constructor(
    transaction: ServerTransaction,
    acceptance: Acceptance,
    options: PeerChangeOptions,
  ) {
    const { request } = transaction;
    const { context, media, done, lost } = options;
    const response = accepting(request, acceptance, options);
    this.timer = acceptance.timer;
    this.owesAnswer = descriptionIn(request).kind === "none";
    this.#accepted = new AcceptedInvite({
      invite: request,
      clock: context.clock,
      send: () => transaction.respond(response),
      onAck: (ack) => {
        if (this.owesAnswer) takeAnswer(ack, { context, media });
        done();
      },
      onMissing: () => lost("no ACK came for a change of the call"),
    });
  }

  /** Undefined when it was refused; the call goes on as it was. */
  static invited(
    transaction: ServerTransaction,
    options: PeerChangeOptions,
  ): PeerChange | undefined {
    const acceptance = judge(transaction, options);
    if (acceptance === undefined) return undefined;
    return new PeerChange(transaction, acceptance, options);
  }

  /** An UPDATE is over with its answer; undefined when it was refused. */
  static updated(transaction: ServerTransaction, place: Place): AgreedTimer | undefined {
    const acceptance = judge(transaction, place);
    if (acceptance === undefined) return undefined;
    transaction.respond(accepting(transaction.request, acceptance, place));
    return acceptance.timer;
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#accepted.acknowledge(ack);
  }

  stop(): void {
    this.#accepted.stop();
  }
}

export function refuseChange(
  transaction: ServerTransaction,
  status: number,
  ...headers: readonly SipHeader[]
): void {
  transaction.respond(createResponse(transaction.request, status, { headers }));
}

/** Our answer to the offer of an INVITE, or our offer where it has none. */
export function describe(invite: SipRequest, media: SessionMedia): MediaAnswer {
  const offer = descriptionIn(invite);
  if (offer.kind === "other") return { kind: "refused", reason: "the body describes no session" };
  if (offer.kind === "none") return { kind: "answer", body: media.offer() };
  return media.answer(offer.bytes);
}

/** What a request is accepted with; undefined when it was refused with the right answer. */
function judge(transaction: ServerTransaction, place: Place): Acceptance | undefined {
  const { request } = transaction;
  const timer = answerTimer(request);
  if (timer.kind === "too-short") {
    refuseChange(transaction, 422, { name: "Min-SE", value: String(minimumSessionSeconds) });
    return undefined;
  }
  const agreed =
    timer.kind === "timer"
      ? ({ timer: timer.timer, timerHeaders: timer.headers } as const)
      : ({ timer: "unmentioned", timerHeaders: [] } as const);
  const isBare = request.method === "UPDATE" && request.body.length === 0;
  if (isBare) return { ...agreed, body: undefined };
  const description = describe(request, place.media);
  if (description.kind === "answer") return { ...agreed, body: description.body };
  place.context.log.warn("change of the call refused", { reason: description.reason });
  refuseChange(transaction, 488);
  return undefined;
}

function accepting(request: SipRequest, acceptance: Acceptance, { sender }: Place) {
  const { body, timerHeaders } = acceptance;
  sender.dialog.refreshTarget(request);
  sender.refreshWay();
  const type = body === undefined ? [] : [{ name: "Content-Type", value: sdpType }];
  const headers = [allowHeader, supportedHeader, ...type, ...timerHeaders];
  return createResponse(request, 200, { contacts: [sender.contact], headers, body });
}

/** An answer of no use leaves the sound as it was: better than to lose the call. */
function takeAnswer(ack: SipRequest, { context, media }: Pick<Place, "context" | "media">): void {
  const answer = descriptionIn(ack);
  const bytes = answer.kind === "description" ? answer.bytes : new Uint8Array(0);
  const problem = media.accept(bytes);
  if (problem === undefined) return;
  media.revert();
  context.log.warn("the peer's answer to our description is of no use", {
    private: { reason: problem },
  });
}
