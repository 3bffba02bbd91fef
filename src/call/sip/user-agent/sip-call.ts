/** One call of a line, from its INVITE to its last answer; whoever has the call is told its end once. */
import { createResponse, type ResponseParts } from "../message/create-response.ts";
import type { AnyUri, NameAddress, SipRequest } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import type { SipFlow } from "../transport/sip-flow.ts";
import type { CallContext } from "./call-context.ts";
import { type CallInput, type CallState, isAlive, nextCallState } from "./call-states.ts";
import { Conversation } from "./conversation.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { IncomingLeg } from "./incoming-leg.ts";
import type { InfoDigit } from "./info-digits.ts";
import { OutgoingLeg } from "./outgoing-leg.ts";
import type { ChangeOutcome } from "./renegotiation.ts";
import type { SessionMedia } from "./session-media.ts";
import type { SessionTimer } from "./session-timer.ts";
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
  #isEndTold = false;
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
        acknowledged: (problem) => call.#acknowledged(problem),
        ackMissing: () => call.#ackMissing(),
        refused: (status, reason) => call.#end("reject", { by: "us", status, reason }),
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
          if (status > 100) call.#events?.progress?.(status, reason);
        },
        accepted: (leg, problem) => call.#connected(leg, media, problem),
        refused: (status, reason) => call.#end("refused", { by: "peer", status, reason }),
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

  attach(events: SipCallEvents): void {
    this.#events = events;
  }

  /** Rejects with a WildfireError when there is no way to the PBX; the call has ended then. */
  async start(): Promise<void> {
    try {
      await this.#outgoing?.start();
    } catch (error) {
      const reason = "there is no way to the PBX";
      this.#end("refused", { by: "network", status: undefined, reason });
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
    if (leg === undefined) return;
    this.#converse(leg.sender, media, leg.timer);
    this.#input("accept");
  }

  reject(status: number, parts: ResponseParts = {}): void {
    if (this.#state !== "incoming") return;
    this.#incoming?.reject(status, parts);
    this.#end("reject", { by: "us", status, reason: "refused" });
  }

  /** In any state, as often as one likes; `reason` is a value of the header Reason (RFC 3326). */
  hangUp(reason?: string): void {
    if (this.#state === "incoming") {
      this.reject(480);
      return;
    }
    this.#leave("hang-up", { by: "us", status: undefined, reason: reason ?? "hung up" }, reason);
  }

  setHeld(isHeld: boolean): Promise<ChangeOutcome> {
    if (this.#state !== "up") return Promise.resolve(notUp);
    return this.#conversation?.setHeld(isHeld) ?? Promise.resolve(notUp);
  }

  offerAgain(): Promise<ChangeOutcome> {
    if (this.#state !== "up") return Promise.resolve(notUp);
    return this.#conversation?.offerAgain() ?? Promise.resolve(notUp);
  }

  /** A blind transfer, or an attended one to the call that `replaces` names (RFC 3891). */
  transfer(target: AnyUri, replaces?: string): Promise<TransferOutcome> {
    if (this.#state !== "up") return Promise.resolve(notUp);
    return this.#conversation?.transfer(target, replaces) ?? Promise.resolve(notUp);
  }

  /** Value of Replaces for a peer that is to take this call over; undefined before it is up. */
  get replaces(): string | undefined {
    const dialog = this.#conversation?.sender.dialog;
    if (dialog === undefined) return undefined;
    return `${dialog.callId};to-tag=${dialog.remoteTag ?? ""};from-tag=${dialog.localTag}`;
  }

  /** A request within the dialog, but ACK. */
  request(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    if (method === "PRACK" && this.#incoming !== undefined) {
      this.#incoming.prack(transaction);
      return;
    }
    if (this.#conversation !== undefined) {
      this.#conversation.request(transaction);
      return;
    }
    const isBye = method === "BYE" && this.#incoming !== undefined;
    transaction.respond(createResponse(transaction.request, isBye ? 200 : 481));
    if (isBye) this.cancelled();
  }

  acknowledge(ack: SipRequest): void {
    if (this.#incoming?.acknowledge(ack) !== true) this.#conversation?.acknowledge(ack);
  }

  /** The peer took back its INVITE, which has no final answer. */
  cancelled(): void {
    this.#incoming?.reject(487);
    this.#end("cancelled", { by: "peer", status: 487, reason: "cancelled by the caller" });
  }

  #acknowledged(problem: string | undefined): void {
    const wasHungUp = this.#state === "unacknowledged";
    this.#input("acknowledged");
    if (wasHungUp) this.#sayBye(undefined);
    else if (problem === undefined) this.#events?.established?.();
    else this.#lost(problem);
  }

  #ackMissing(): void {
    const reason = "no ACK came for our answer";
    this.#leave("ack-missing", { by: "network", status: undefined, reason }, undefined);
  }

  #connected(
    leg: { readonly sender: DialogSender; readonly timer: SessionTimer | undefined },
    media: SessionMedia,
    problem: string | undefined,
  ): void {
    const wasGivenUp = this.#state === "cancelling";
    this.#converse(leg.sender, media, leg.timer);
    this.#input("accepted");
    if (wasGivenUp) this.#sayBye(undefined);
    else if (problem === undefined) this.#events?.established?.();
    else this.#lost(problem);
  }

  #converse(sender: DialogSender, media: SessionMedia, timer: SessionTimer | undefined): void {
    this.#conversation = new Conversation({
      context: this.#options.context,
      sender,
      media,
      timer,
      ownsCallId: this.direction === "outgoing",
      events: {
        peerHungUp: (reason) => this.#end("bye", { by: "peer", status: undefined, reason }),
        lost: (reason) => this.#lost(reason),
        digit: (digit) => this.#events?.digit?.(digit),
      },
    });
  }

  #lost(reason: string): void {
    this.#leave("hang-up", { by: "network", status: undefined, reason }, undefined);
  }

  /** Gives the call up from our side; what signalling is left goes on by itself. */
  #leave(input: CallInput, end: CallEnd, reasonHeader: string | undefined): void {
    const before = this.#state;
    this.#input(input);
    if (this.#state === before) return;
    this.#tellEnd(end);
    if (this.#state === "terminating") this.#sayBye(reasonHeader);
    else if (this.#state === "cancelling" && this.#outgoing?.cancel() === false) {
      this.#input("refused");
      this.#gone();
    }
  }

  #sayBye(reason: string | undefined): void {
    void this.#conversation?.hangUp(reason).then(() => {
      this.#input("bye-done");
      this.#gone();
    });
  }

  #end(input: CallInput, end: CallEnd): void {
    this.#input(input);
    this.#tellEnd(end);
    if (this.#state === "ended") this.#gone();
  }

  #input(input: CallInput): void {
    this.#state = nextCallState(this.#state, input);
  }

  #tellEnd(end: CallEnd): void {
    if (this.#isEndTold || isAlive(this.#state)) return;
    this.#isEndTold = true;
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
