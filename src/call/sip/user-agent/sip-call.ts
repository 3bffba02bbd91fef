/** One call of a line, from its INVITE to its last answer; whoever has the call is told its end once. */
import { createResponse, type ResponseParts } from "../message/create-response.ts";
import type { AnyUri, NameAddress, SipRequest } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import type { CallContext } from "./call-context.ts";
import { type CallInput, type CallState, isAlive, nextCallState } from "./call-states.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";
import { IncomingLeg } from "./incoming-leg.ts";
import type { InfoDigit } from "./info-digits.ts";
import { type ConnectedLeg, OutgoingLeg } from "./outgoing-leg.ts";
import { reasonOf } from "./peer-reason.ts";
import type { ChangeOutcome } from "./renegotiation.ts";
import type { SessionMedia } from "./session-media.ts";
import type { TransferOutcome } from "./transfer.ts";

export interface CallEnd {
  readonly by: "us" | "peer" | "network";
  /** Of SIP, where there is one. */
  readonly status: number | undefined;
  /** One line. */
  readonly reason: string;
}

export interface SipCallEvents {
  /** 18x to a call of ours. */
  progress?(status: number, reason: string): void;
  /** The ACK is there, or our ACK is out: both sides know that the call is up. */
  established?(): void;
  digit?(digit: InfoDigit): void;
  /** Exactly once; nothing follows. Resources of the call are to be freed now. */
  ended(end: CallEnd): void;
}

export interface SipCallOptions {
  readonly context: CallContext;
  /** The call needs no more of the user agent. */
  readonly onGone: (call: SipCall) => void;
}

const notUp: ChangeOutcome = { ok: false, status: 481, reason: "the call is not up" };

export class SipCall {
  readonly #options: SipCallOptions;
  readonly #remote: NameAddress;
  #state: CallState;
  #events: SipCallEvents | undefined;
  #incoming: IncomingLeg | undefined;
  #outgoing: OutgoingLeg | undefined;
  #conversation: Conversation | undefined;
  #end: CallEnd | undefined;
  /** For a BYE that may have to wait. */
  #byeReason: string | undefined;
  #isGone = false;

  private constructor(options: SipCallOptions, state: CallState, remote: NameAddress) {
    this.#options = options;
    this.#state = state;
    this.#remote = remote;
  }

  static incoming(options: SipCallOptions, transaction: ServerTransaction): SipCall {
    const call = new SipCall(options, "incoming", transaction.request.from);
    call.#incoming = new IncomingLeg({
      context: options.context,
      transaction,
      events: {
        acknowledged: (judge) => call.#acknowledged(judge),
        ackMissing: () => call.#ackMissing(),
        refused: (status, reason) => call.#finish("reject", { by: "us", status, reason }),
        digit: (digit) => call.#listener?.digit?.(digit),
      },
    });
    return call;
  }

  /** The INVITE goes out when `start` is called. */
  static outgoing(options: SipCallOptions, to: NameAddress, media: SessionMedia): SipCall {
    const call = new SipCall(options, "calling", to);
    call.#outgoing = new OutgoingLeg({
      context: options.context,
      to,
      media,
      events: {
        provisional: (status, reason) => {
          call.#input("provisional");
          if (status > 100) call.#listener?.progress?.(status, reason);
        },
        accepted: (leg, problem) => call.#connected(leg, media, problem),
        refused: (status, reason) => call.#finish("refused", { by: "peer", status, reason }),
        unanswered: () => call.#leave("hang-up", ownEnd("nobody answered in three minutes")),
        digit: (digit) => call.#listener?.digit?.(digit),
      },
    });
    return call;
  }

  get state(): CallState {
    return this.#state;
  }

  get direction(): "incoming" | "outgoing" {
    return this.#incoming === undefined ? "outgoing" : "incoming";
  }

  /** Private data: it names the caller. */
  get remote(): NameAddress {
    return this.#remote;
  }

  get lineLabel(): string {
    return this.#options.context.line.label;
  }

  /** Of an incoming call. */
  get invite(): SipRequest | undefined {
    return this.#incoming?.invite;
  }

  /** On which requests go now; undefined before a call of ours is answered. */
  get flow(): SipFlow | undefined {
    return this.#conversation?.sender.flow ?? this.#incoming?.flow;
  }

  get callId(): string {
    return this.#incoming?.invite.callId ?? this.#outgoing?.callId ?? "";
  }

  get localTag(): string {
    return this.#incoming?.localTag ?? this.#outgoing?.localTag ?? "";
  }

  /** A call that has ended meanwhile says so at once. */
  attach(events: SipCallEvents): void {
    this.#events = events;
    if (this.#end !== undefined) events.ended(this.#end);
  }

  /** Rejects with a WildfireError when there is no way to the PBX; the call has ended then. */
  async start(): Promise<void> {
    try {
      await this.#outgoing?.start();
    } catch (error) {
      const reason = "there is no way to the PBX";
      this.#finish("refused", { by: "network", status: undefined, reason });
      throw error;
    }
  }

  ring(): void {
    if (this.#state === "incoming") this.#incoming?.ring();
  }

  /** Answers with 200; what the media refuse is answered with 488 and ends the call. */
  accept(media: SessionMedia): void {
    if (this.#state !== "incoming") return;
    const leg = this.#incoming?.accept(media);
    if (leg === undefined || this.#incoming === undefined) return;
    this.#converse({ ...leg, peer: this.#incoming.invite }, media);
    this.#input("accept");
  }

  reject(status: number, parts: ResponseParts = {}): void {
    if (this.#state === "incoming")
      this.#refuse(status, { by: "us", status, reason: "refused" }, parts);
  }

  /** In any state, as often as one likes; `reason` is a value of the header Reason (RFC 3326). */
  hangUp(reason?: string): void {
    const end = ownEnd(reason ?? "hung up");
    if (this.#isUnanswered) this.#refuse(480, { ...end, status: 480 });
    else this.#leave("hang-up", end, reason);
  }

  setHeld(isHeld: boolean): Promise<ChangeOutcome> {
    if (this.#state !== "up") return Promise.resolve(notUp);
    return this.#conversation?.setHeld(isHeld) ?? Promise.resolve(notUp);
  }

  offerAgain(): Promise<ChangeOutcome> {
    if (this.#state !== "up") return Promise.resolve(notUp);
    return this.#conversation?.offerAgain() ?? Promise.resolve(notUp);
  }

  /**
   * A blind transfer, or an attended one to the call that `replaces` names (RFC 3891). When the peer
   * has its new call, this one is hung up.
   */
  async transfer(target: AnyUri, replaces?: string): Promise<TransferOutcome> {
    if (this.#state !== "up" || this.#conversation === undefined) return notUp;
    const outcome = await this.#conversation.transfer(target, replaces);
    if (outcome.ok) this.#leave("hang-up", ownEnd("transferred"));
    return outcome;
  }

  /** Value of Replaces for a peer that is to take this call over; undefined before it is up. */
  get replaces(): string | undefined {
    const dialog = this.#conversation?.sender.dialog;
    if (dialog === undefined) return undefined;
    // As the peer of this call sees it, to which the INVITE with Replaces goes; 0 stands for no tag.
    return `${dialog.callId};to-tag=${dialog.remoteTag ?? "0"};from-tag=${dialog.localTag}`;
  }

  /** A request within the dialog, but ACK. */
  request(transaction: ServerTransaction): void {
    const { request } = transaction;
    const dialog = this.#conversation?.sender.dialog ?? this.#incoming?.dialog;
    if (dialog?.isFrom(request) === false) this.#answer(transaction, 481);
    else if (request.method === "PRACK" && this.#incoming !== undefined) {
      this.#incoming.prack(transaction);
    } else if (this.#conversation === undefined || this.#isUnanswered) this.#early(transaction);
    else this.#inDialog(transaction, this.#conversation);
  }

  acknowledge(ack: SipRequest): void {
    if (this.#incoming?.acknowledge(ack) !== true) this.#conversation?.acknowledge(ack);
  }

  /** The peer took back its INVITE, which has no final answer. */
  cancelled(): void {
    this.#incoming?.reject(487);
    this.#finish("cancelled", { by: "peer", status: 487, reason: "cancelled by the caller" });
  }

  /** The way on which an INVITE waits for our answer is gone. */
  broken(errno: string): void {
    if (!this.#isUnanswered) return;
    const reason = `the connection to the caller broke: ${errno}`;
    this.#refuse(503, { by: "network", status: undefined, reason });
  }

  /** Nothing is sent any more; for a user agent that closes. */
  abandon(): void {
    this.#state = "ended";
    this.#tellEnd(ownEnd("stopped"));
    this.#gone();
  }

  /** Nobody, once the end was told. */
  get #listener(): SipCallEvents | undefined {
    return this.#end === undefined ? this.#events : undefined;
  }

  /** An INVITE waits for our final answer, which may be held back. */
  get #isUnanswered(): boolean {
    const isOpen = this.#state === "incoming" || this.#state === "accepting";
    return isOpen && this.#incoming?.isAnswered === false;
  }

  #early(transaction: ServerTransaction): void {
    if (transaction.request.method !== "BYE") {
      (this.#incoming ?? this.#outgoing)?.early(transaction);
      return;
    }
    // Of a called side that never got our ACK, or a caller that does not know of CANCEL.
    this.#answer(transaction, 200);
    if (this.#incoming !== undefined) this.cancelled();
    else this.#byPeer(reasonOf(transaction.request));
  }

  #inDialog(transaction: ServerTransaction, conversation: Conversation): void {
    const { request } = transaction;
    const isChange = request.method === "INVITE" || request.body.length > 0;
    const isNegotiation = request.method === "INVITE" || request.method === "UPDATE";
    if (isNegotiation && isChange && this.#incoming?.owesAnswer === true) {
      this.#answer(transaction, 491);
      return;
    }
    if (request.method === "INVITE") this.#incoming?.acknowledgeImplied(request);
    conversation.request(transaction);
  }

  #answer(transaction: ServerTransaction, status: number): void {
    transaction.respond(createResponse(transaction.request, status));
  }

  #acknowledged(judge: () => string | undefined): void {
    const wasHungUp = this.#state === "unacknowledged";
    // Of a call that was given up the media are gone already.
    const problem = wasHungUp ? undefined : judge();
    this.#input("acknowledged");
    if (wasHungUp) this.#sayBye();
    else if (problem === undefined) this.#listener?.established?.();
    else this.#lost(problem);
  }

  #ackMissing(): void {
    const reason = "no ACK came for our answer";
    this.#leave("ack-missing", { by: "network", status: undefined, reason });
  }

  #connected(leg: ConnectedLeg, media: SessionMedia, problem: string | undefined): void {
    const wasGivenUp = this.#state === "cancelling";
    this.#converse({ ...leg, peer: leg.response }, media);
    this.#input("accepted");
    if (wasGivenUp) this.#sayBye();
    else if (problem === undefined) this.#listener?.established?.();
    else this.#lost(problem);
  }

  #converse(
    leg: Pick<ConversationOptions, "sender" | "timer" | "peer">,
    media: SessionMedia,
  ): void {
    this.#conversation = new Conversation({
      context: this.#options.context,
      sender: leg.sender,
      timer: leg.timer,
      peer: leg.peer,
      media,
      ownsCallId: this.direction === "outgoing",
      events: {
        peerHungUp: (reason) => this.#byPeer(reason),
        lost: (reason) => this.#lost(reason),
        digit: (digit) => this.#listener?.digit?.(digit),
      },
    });
  }

  #byPeer(reason: string): void {
    this.#finish("bye", { by: "peer", status: undefined, reason });
  }

  #refuse(status: number, end: CallEnd, parts: ResponseParts = {}): void {
    this.#incoming?.reject(status, parts);
    this.#finish("reject", end);
  }

  #lost(reason: string): void {
    this.#leave("hang-up", { by: "network", status: undefined, reason });
  }

  /** Gives the call up from our side; what signalling is left goes on by itself. */
  #leave(input: CallInput, end: CallEnd, reasonHeader?: string): void {
    const before = this.#state;
    this.#input(input);
    if (this.#state === before) return;
    this.#byeReason ??= reasonHeader;
    this.#tellEnd(end);
    if (this.#state === "terminating") this.#sayBye();
    else if (this.#state === "unacknowledged") this.#conversation?.stop();
    else if (this.#state === "cancelling" && this.#outgoing?.cancel() === false) {
      this.#input("refused");
      this.#gone();
    }
  }

  #sayBye(): void {
    void this.#conversation?.hangUp(this.#byeReason).then(() => {
      this.#input("bye-done");
      this.#gone();
    });
  }

  #finish(input: CallInput, end: CallEnd): void {
    this.#input(input);
    this.#tellEnd(end);
    if (this.#state === "ended") this.#gone();
  }

  #input(input: CallInput): void {
    this.#state = nextCallState(this.#state, input);
  }

  #tellEnd(end: CallEnd): void {
    if (this.#end !== undefined || isAlive(this.#state)) return;
    this.#end = end;
    this.#events?.ended(end);
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#incoming?.stop();
    this.#outgoing?.abandon();
    this.#conversation?.stop();
    this.#options.onGone(this);
  }
}

function ownEnd(reason: string): CallEnd {
  return { by: "us", status: undefined, reason };
}
