/** Changes of a running call (RFC 3261 section 14, RFC 3311): hold, resume, codec, address; one at a time. */
import type { Timer } from "../../../core/clock.ts";
import { createResponse } from "../message/create-response.ts";
import type { SipHeader, SipRequest, SipResponse } from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import { AcceptedInvite } from "./accepted-invite.ts";
import { allowHeader, type CallContext, supportedTags } from "./call-context.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { describe } from "./incoming-leg.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { sdpType, type SessionMedia } from "./session-media.ts";
import { agreedTimer, answerTimer, type SessionTimer, wishFor } from "./session-timer.ts";

export interface RenegotiationEvents {
  /** Either side's change is in force, or the session was refreshed; the timer that was agreed with it. */
  changed(timer: SessionTimer | undefined): void;
  /** The call cannot go on. */
  lost(reason: string): void;
}

export interface RenegotiationOptions {
  readonly context: CallContext;
  readonly sender: DialogSender;
  readonly media: SessionMedia;
  readonly events: RenegotiationEvents;
  /** Who made the Call-ID waits longer when both sides ask at once (section 14.1). */
  readonly ownsCallId: boolean;
}

export type ChangeOutcome =
  { readonly ok: true } | { readonly ok: false; readonly status: number; readonly reason: string };

/** One INVITE of ours. */
interface Attempt {
  /** Sends its ACK again, for a 2xx that comes again. */
  acknowledge: (() => void) | undefined;
}

type Phase = "idle" | "offering" | "answering" | "waiting" | "stopped";

/** Answers that mean that the peer does not know the call any more (section 12.2.1.2). */
const lostStatuses = new Set([408, 481]);

export class Renegotiation {
  readonly #options: RenegotiationOptions;
  #phase: Phase = "idle";
  #accepted: AcceptedInvite | undefined;
  #request: OutgoingRequest | undefined;
  #retry: Timer | undefined;
  /** Who waits for the change that is under way, and for the one after it. */
  #waiting: ((outcome: ChangeOutcome) => void)[] = [];
  #next: ((outcome: ChangeOutcome) => void)[] = [];

  constructor(options: RenegotiationOptions) {
    this.#options = options;
  }

  /** Offers the media as they are now wanted; waits for what is under way. */
  offer(): Promise<ChangeOutcome> {
    return new Promise((resolve) => {
      if (this.#phase === "stopped") resolve(over);
      else {
        this.#next.push(resolve);
        if (this.#phase === "idle") this.#begin();
      }
    });
  }

  invited(transaction: ServerTransaction): void {
    const busy = this.#busyStatus();
    if (busy !== undefined) {
      this.#answer(transaction, busy, { headers: this.#busyHeaders(busy) });
      return;
    }
    const { request } = transaction;
    const { context, media, events } = this.#options;
    const description = describe(request, media);
    const timer = answerTimer(request);
    if (description.kind === "refused") return this.#refuseOffer(transaction, description.reason);
    if (timer.kind === "too-short") return this.#refuseTimer(transaction);
    this.#moved(request);
    this.#phase = "answering";
    const headers = [
      ...this.#describingHeaders(),
      ...(timer.kind === "timer" ? timer.headers : []),
    ];
    const response = this.#response(request, 200, headers, description.body);
    this.#accepted = new AcceptedInvite({
      invite: request,
      clock: context.clock,
      send: () => transaction.respond(response),
      onAck: (ack) => this.#answered(request, ack),
      onMissing: () => events.lost("no ACK came for a change of the call"),
    });
    events.changed(timer.kind === "timer" ? timer.timer : undefined);
  }

  updated(transaction: ServerTransaction): void {
    const { request } = transaction;
    const { media, events } = this.#options;
    const timer = answerTimer(request);
    if (timer.kind === "too-short") return this.#refuseTimer(transaction);
    const timerHeaders = timer.kind === "timer" ? timer.headers : [];
    let headers: readonly SipHeader[] = [allowHeader, ...timerHeaders];
    let body: Uint8Array | undefined;
    if (request.body.length > 0) {
      const busy = this.#busyStatus();
      if (busy !== undefined) {
        return this.#answer(transaction, busy, { headers: this.#busyHeaders(busy) });
      }
      const description = media.answer(request.body);
      if (description.kind === "refused") return this.#refuseOffer(transaction, description.reason);
      headers = [...this.#describingHeaders(), ...timerHeaders];
      body = description.body;
    }
    this.#moved(request);
    transaction.respond(this.#response(request, 200, headers, body));
    events.changed(timer.kind === "timer" ? timer.timer : undefined);
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#accepted?.acknowledge(ack) ?? false;
  }

  stop(): void {
    this.#phase = "stopped";
    this.#accepted?.stop();
    this.#retry?.cancel();
    this.#request?.abandon();
    for (const resolve of [...this.#waiting, ...this.#next]) resolve(over);
    this.#waiting = [];
    this.#next = [];
  }

  #begin(): void {
    const { sender, media } = this.#options;
    this.#phase = "offering";
    this.#waiting = [...this.#waiting, ...this.#next];
    this.#next = [];
    const attempt: Attempt = { acknowledge: undefined };
    const headers = [...this.#describingHeaders(), ...wishFor()];
    const parts = { method: "INVITE", headers, contacts: [sender.contact], body: media.offer() };
    const sent = sender.send(parts, {
      provisional: () => undefined,
      final: (response) => this.#final(response, attempt),
      timedOut: () => this.#failed("nobody answered a change of the call"),
      failed: (errno) => this.#failed(`the way to the peer failed: ${errno}`),
    });
    void sent.then((request) => {
      this.#request = request;
      if (this.#phase === "stopped") request.abandon();
    });
  }

  #final(response: SipResponse, attempt: Attempt): void {
    if (this.#phase === "stopped") return;
    if (response.status < 300) this.#agreed(response, attempt);
    else if (response.status === 491) this.#tryLater();
    else this.#refused(response.status, response.reason);
  }

  #agreed(response: SipResponse, attempt: Attempt): void {
    if (attempt.acknowledge !== undefined) {
      attempt.acknowledge();
      return;
    }
    const { sender, media, events } = this.#options;
    const invite = this.#request?.request;
    if (invite === undefined || this.#phase !== "offering") return;
    sender.dialog.refreshTarget(response);
    sender.refreshWay();
    attempt.acknowledge = () => undefined;
    void sender.acknowledge(invite).then((resend) => (attempt.acknowledge = resend));
    const problem = media.accept(response.body);
    if (problem !== undefined) {
      events.lost(problem);
      return;
    }
    events.changed(agreedTimer(response));
    this.#settle({ ok: true });
  }

  #refused(status: number, reason: string): void {
    const { media, events } = this.#options;
    media.revert();
    if (lostStatuses.has(status)) {
      events.lost(`the peer does not know the call any more: ${status} ${reason}`);
      return;
    }
    this.#settle({ ok: false, status, reason });
  }

  #failed(reason: string): void {
    if (this.#phase === "stopped") return;
    this.#options.media.revert();
    this.#options.events.lost(reason);
  }

  /** Both sides asked at the same moment: each waits for another time (section 14.1). */
  #tryLater(): void {
    const { context, media, ownsCallId } = this.#options;
    media.revert();
    this.#phase = "waiting";
    const delayMs = ownsCallId ? 2100 + 1900 * context.random() : 2000 * context.random();
    this.#retry = context.clock.after(delayMs, () => this.#begin());
  }

  #answered(invite: SipRequest, ack: SipRequest): void {
    const hadOffer = invite.body.length > 0;
    const problem = hadOffer ? undefined : this.#options.media.accept(ack.body);
    if (problem === undefined) this.#idle();
    else this.#options.events.lost(problem);
  }

  #settle(outcome: ChangeOutcome): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#idle();
    for (const resolve of waiting) resolve(outcome);
  }

  #idle(): void {
    this.#phase = "idle";
    if (this.#next.length + this.#waiting.length > 0) this.#begin();
  }

  /** Section 14.2: 491 while ours is out, 500 while theirs is not finished. */
  #busyStatus(): number | undefined {
    if (this.#phase === "offering") return 491;
    return this.#phase === "answering" ? 500 : undefined;
  }

  #busyHeaders(status: number): readonly SipHeader[] {
    if (status !== 500) return [];
    const seconds = Math.floor(this.#options.context.random() * 11);
    return [{ name: "Retry-After", value: String(seconds) }];
  }

  #moved(request: SipRequest): void {
    const { sender } = this.#options;
    sender.dialog.refreshTarget(request);
    sender.refreshWay();
  }

  #describingHeaders(): readonly SipHeader[] {
    return [
      allowHeader,
      { name: "Supported", value: supportedTags.join(", ") },
      { name: "Content-Type", value: sdpType },
    ];
  }

  #refuseOffer(transaction: ServerTransaction, reason: string): void {
    this.#options.context.log.warn("change of the call refused", { reason });
    this.#answer(transaction, 488, {});
  }

  #refuseTimer(transaction: ServerTransaction): void {
    this.#answer(transaction, 422, { headers: [{ name: "Min-SE", value: "90" }] });
  }

  #answer(
    transaction: ServerTransaction,
    status: number,
    parts: { readonly headers?: readonly SipHeader[] },
  ): void {
    transaction.respond(createResponse(transaction.request, status, parts));
  }

  #response(
    request: SipRequest,
    status: number,
    headers: readonly SipHeader[],
    body: Uint8Array | undefined,
  ): SipResponse {
    const contacts = [this.#options.sender.contact];
    return createResponse(request, status, {
      contacts,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  }
}

const over: ChangeOutcome = { ok: false, status: 481, reason: "the call is over" };
