/** A call that is up: what either side may ask within its dialog, and the timer that keeps it honest. */
import { createResponse } from "../message/create-response.ts";
import {
  type AnyUri,
  headerValue,
  type SipHeader,
  type SipMessageParts,
  type SipRequest,
} from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import { allowHeader, type CallContext, unsupportedTags } from "./call-context.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { type InfoDigit, readInfoDigit } from "./info-digits.ts";
import { reasonOf } from "./peer-reason.ts";
import { type ChangeOutcome, Renegotiation } from "./renegotiation.ts";
import type { SessionMedia } from "./session-media.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { SessionRefresh } from "./session-refresh.ts";
import type { SessionTimer } from "./session-timer.ts";
import { Transfer, type TransferOutcome } from "./transfer.ts";

export interface ConversationEvents {
  /** The peer said BYE; a line from its Reason header where there is one. */
  peerHungUp(reason: string): void;
  /** The call cannot go on; we are to say BYE. */
  lost(reason: string): void;
  digit(digit: InfoDigit): void;
}

export interface ConversationOptions {
  readonly context: CallContext;
  readonly sender: DialogSender;
  readonly media: SessionMedia;
  readonly timer: SessionTimer | undefined;
  /** What the peer sent to begin the call: its INVITE or its 2xx. */
  readonly peer: SipMessageParts;
  readonly ownsCallId: boolean;
  readonly events: ConversationEvents;
}

type Handler = (conversation: Conversation, transaction: ServerTransaction) => void;

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #renegotiation: Renegotiation;
  readonly #keeper: SessionKeeper;
  readonly #refresh: SessionRefresh;
  #transfer: Transfer | undefined;
  #isHeld = false;
  #isOver = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { context, sender, media, ownsCallId, events, peer } = options;
    this.#keeper = new SessionKeeper({
      clock: context.clock,
      refresh: () => this.#refresh.refresh(),
      expired: () => events.lost("the peer did not refresh the session in time"),
    });
    this.#renegotiation = new Renegotiation({
      context,
      sender,
      media,
      ownsCallId,
      timerHeaders: () => this.#keeper.headers(),
      events: {
        changed: (timer) => this.#keeper.agreed(timer),
        changedUntimed: () => this.#keeper.unmentioned(),
        demanded: (seconds) => this.#keeper.demand(seconds),
        lost: (reason) => events.lost(reason),
      },
    });
    this.#refresh = new SessionRefresh({
      sender,
      peer,
      headers: () => this.#keeper.headers(),
      offer: () => this.#renegotiation.offer(),
      agreed: (timer) => this.#keeper.agreed(timer),
      demanded: (seconds) => this.#keeper.demand(seconds),
      lost: (reason) => events.lost(reason),
    });
    this.#keeper.agreed(options.timer);
  }

  get sender(): DialogSender {
    return this.#options.sender;
  }

  /** Any request within the dialog but ACK. */
  request(transaction: ServerTransaction): void {
    const { request } = transaction;
    const unsupported = unsupportedTags(request);
    const handler = handlers.get(request.method);
    if (!this.sender.dialog.admits(request)) this.#respond(transaction, 500);
    else if (handler === undefined) this.#respond(transaction, 405, [allowHeader]);
    else if (this.#isOver && request.method !== "BYE") this.#respond(transaction, 481);
    else if (unsupported.length > 0) {
      this.#respond(transaction, 420, [{ name: "Unsupported", value: unsupported.join(", ") }]);
    } else handler(this, transaction);
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#renegotiation.acknowledge(ack);
  }

  async setHeld(isHeld: boolean): Promise<ChangeOutcome> {
    const { media } = this.#options;
    media.setHeld(isHeld);
    const outcome = await this.#renegotiation.offer();
    if (outcome.ok) this.#isHeld = isHeld;
    else media.setHeld(this.#isHeld);
    return outcome;
  }

  /** Our address or port has changed. */
  offerAgain(): Promise<ChangeOutcome> {
    return this.#renegotiation.offer();
  }

  /** Rejects nothing: the outcome tells. One transfer at a time. */
  transfer(target: AnyUri, replaces?: string): Promise<TransferOutcome> {
    if (this.#isOver) return Promise.resolve(over);
    if (this.#transfer?.isDone === false) {
      return Promise.resolve({ ok: false, status: 491, reason: "another transfer is under way" });
    }
    const { context } = this.#options;
    return new Promise((onDone) => {
      this.#transfer = new Transfer({
        sender: this.sender,
        clock: context.clock,
        target,
        replaces,
        onDone,
      });
    });
  }

  /** Stops all that is under way and says BYE; resolves when that is answered or given up. */
  async hangUp(reason: string | undefined): Promise<void> {
    this.stop();
    const headers = reason === undefined ? [] : [{ name: "Reason", value: reason }];
    const isHeard = await this.#sayBye(headers);
    // The connection broke under it, and there may be another one.
    if (!isHeard) await this.#sayBye(headers);
  }

  stop(): void {
    this.#isOver = true;
    this.#keeper.stop();
    this.#refresh.stop();
    this.#transfer?.stop();
    this.#renegotiation.stop();
  }

  bye(transaction: ServerTransaction): void {
    this.#respond(transaction, 200);
    this.#transfer?.peerHungUp();
    this.stop();
    this.#options.events.peerHungUp(reasonOf(transaction.request));
  }

  invite(transaction: ServerTransaction): void {
    this.#renegotiation.invited(transaction);
  }

  update(transaction: ServerTransaction): void {
    this.#renegotiation.updated(transaction);
  }

  info(transaction: ServerTransaction): void {
    const digit = readInfoDigit(transaction.request);
    // An empty INFO is a way to ask whether we are still there; an unknown body is one too many.
    const isKnown = digit !== undefined || transaction.request.body.length === 0;
    this.#respond(transaction, isKnown ? 200 : 415);
    if (digit !== undefined) this.#options.events.digit(digit);
  }

  notify(transaction: ServerTransaction): void {
    const event = headerValue(transaction.request, "Event") ?? "";
    const isOurs = /^\s*refer\b/i.test(event) && this.#transfer !== undefined;
    this.#respond(transaction, isOurs ? 200 : 481);
    if (isOurs) this.#transfer?.notified(transaction.request);
  }

  options(transaction: ServerTransaction): void {
    this.#respond(transaction, 200, [allowHeader, { name: "Accept", value: "application/sdp" }]);
  }

  /** A REFER asks us to call a third party for the peer: no caller may make the PBX pay for that. */
  refer(transaction: ServerTransaction): void {
    this.#options.context.log.info("REFER declined: callers cannot make us call others");
    this.#respond(transaction, 603);
  }

  prack(transaction: ServerTransaction): void {
    this.#respond(transaction, 481);
  }

  /** False when it did not get through at all. */
  #sayBye(headers: readonly SipHeader[]): Promise<boolean> {
    return new Promise((resolve) => {
      this.sender.send(() => ({ method: "BYE", headers }), {
        provisional: () => undefined,
        final: () => resolve(true),
        timedOut: () => resolve(true),
        failed: () => resolve(false),
      });
    });
  }

  #respond(
    transaction: ServerTransaction,
    status: number,
    headers: readonly SipHeader[] = [],
  ): void {
    transaction.respond(createResponse(transaction.request, status, { headers }));
  }
}

const over: ChangeOutcome = { ok: false, status: 481, reason: "the call is over" };

const handlers: ReadonlyMap<string, Handler> = new Map([
  ["BYE", (conversation, transaction) => conversation.bye(transaction)],
  ["INVITE", (conversation, transaction) => conversation.invite(transaction)],
  ["UPDATE", (conversation, transaction) => conversation.update(transaction)],
  ["INFO", (conversation, transaction) => conversation.info(transaction)],
  ["NOTIFY", (conversation, transaction) => conversation.notify(transaction)],
  ["OPTIONS", (conversation, transaction) => conversation.options(transaction)],
  ["REFER", (conversation, transaction) => conversation.refer(transaction)],
  ["PRACK", (conversation, transaction) => conversation.prack(transaction)],
] satisfies [string, Handler][]);
