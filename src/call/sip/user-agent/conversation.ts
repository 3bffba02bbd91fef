/** A call that is up: what either side may ask within its dialog, and the timer that keeps it honest. */
import type { Timer } from "../../../core/clock.ts";
import { createResponse } from "../message/create-response.ts";
import type { AnyUri, SipRequest } from "../message/sip-message.ts";
import { headerValue } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import { allowHeader, type CallContext } from "./call-context.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { type InfoDigit, readInfoDigit } from "./info-digits.ts";
import { type ChangeOutcome, Renegotiation } from "./renegotiation.ts";
import type { SessionMedia } from "./session-media.ts";
import { dueSeconds, type SessionTimer } from "./session-timer.ts";
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
  readonly ownsCallId: boolean;
  readonly events: ConversationEvents;
}

type Handler = (conversation: Conversation, transaction: ServerTransaction) => void;

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #renegotiation: Renegotiation;
  #sessionTimer: Timer | undefined;
  #transfer: Transfer | undefined;
  #isOver = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { context, sender, media, ownsCallId, events } = options;
    this.#renegotiation = new Renegotiation({
      context,
      sender,
      media,
      ownsCallId,
      events: {
        changed: (timer) => this.#armSessionTimer(timer),
        lost: (reason) => events.lost(reason),
      },
    });
    this.#armSessionTimer(options.timer);
  }

  get sender(): DialogSender {
    return this.#options.sender;
  }

  /** Any request within the dialog but ACK. */
  request(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (!this.sender.dialog.admits(request)) {
      this.#respond(transaction, 500);
      return;
    }
    const handler = handlers.get(request.method);
    if (handler === undefined) this.#respond(transaction, 405, [allowHeader]);
    else handler(this, transaction);
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#renegotiation.acknowledge(ack);
  }

  setHeld(isHeld: boolean): Promise<ChangeOutcome> {
    this.#options.media.setHeld(isHeld);
    return this.#renegotiation.offer();
  }

  /** Our address or port has changed. */
  offerAgain(): Promise<ChangeOutcome> {
    return this.#renegotiation.offer();
  }

  /** Rejects nothing: the outcome tells. One transfer at a time. */
  transfer(target: AnyUri, replaces?: string): Promise<TransferOutcome> {
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
    await new Promise<void>((resolve) => {
      void this.sender.send(
        { method: "BYE", headers },
        {
          provisional: () => undefined,
          final: () => resolve(),
          timedOut: () => resolve(),
          failed: () => resolve(),
        },
      );
    });
  }

  stop(): void {
    this.#isOver = true;
    this.#sessionTimer?.cancel();
    this.#transfer?.stop();
    this.#renegotiation.stop();
  }

  bye(transaction: ServerTransaction): void {
    this.#respond(transaction, 200);
    this.#transfer?.peerHungUp();
    this.stop();
    this.#options.events.peerHungUp(headerValue(transaction.request, "Reason") ?? "");
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

  #armSessionTimer(timer: SessionTimer | undefined): void {
    this.#sessionTimer?.cancel();
    this.#sessionTimer = undefined;
    if (timer === undefined || this.#isOver) return;
    const { context, events } = this.#options;
    this.#sessionTimer = context.clock.after(dueSeconds(timer) * 1000, () => {
      if (timer.weRefresh) this.#refresh(timer);
      else events.lost("the peer did not refresh the session in time");
    });
  }

  #refresh(timer: SessionTimer): void {
    // Where nothing answers the refresh, the call ends by the refresh's own failure.
    this.#options.context.log.debug("refreshing the session", { interval: timer.intervalSeconds });
    void this.#renegotiation.offer().then((outcome) => {
      if (!outcome.ok && !this.#isOver) this.#armSessionTimer(timer);
    });
  }

  #respond(
    transaction: ServerTransaction,
    status: number,
    headers: readonly { readonly name: string; readonly value: string }[] = [],
  ): void {
    transaction.respond(createResponse(transaction.request, status, { headers }));
  }
}

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
