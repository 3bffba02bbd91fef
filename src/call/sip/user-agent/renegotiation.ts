/** Changes of a running call (RFC 3261 section 14, RFC 3311): whose turn it is, one at a time. */
import type { Timer } from "../../../core/clock.ts";
import {
  headerValue,
  type SipHeader,
  type SipRequest,
  type SipResponse,
} from "../message/sip-message.ts";
import type { ServerTransaction } from "../transaction/transaction-user.ts";
import type { CallContext } from "./call-context.ts";
import type { DialogSender } from "./dialog-sender.ts";
import { OwnChange, type OwnChangeResult } from "./own-change.ts";
import { PeerChange, refuseChange } from "./peer-change.ts";
import { descriptionIn } from "./sdp-body.ts";
import type { SessionMedia } from "./session-media.ts";
import { agreedTimer, demandedSeconds, type SessionTimer } from "./session-timer.ts";

export interface RenegotiationEvents {
  /** Either side's change is in force, or the session was refreshed; the timer that was agreed with it. */
  changed(timer: SessionTimer | undefined): void;
  /** The same, and the peer's request said nothing about the timer. */
  changedUntimed(): void;
  /** The peer wants sessions that are longer. */
  demanded(seconds: number): void;
  /** The call cannot go on. */
  lost(reason: string): void;
}

export interface RenegotiationOptions {
  readonly context: CallContext;
  readonly sender: DialogSender;
  readonly media: SessionMedia;
  readonly events: RenegotiationEvents;
  /** Of the session timer, for requests of ours. */
  readonly timerHeaders: () => readonly SipHeader[];
  /** Who made the Call-ID waits longer when both sides ask at once (section 14.1). */
  readonly ownsCallId: boolean;
}

export type ChangeOutcome =
  { readonly ok: true } | { readonly ok: false; readonly status: number; readonly reason: string };

type Waiting = (outcome: ChangeOutcome) => void;

/** Answers that mean that the peer does not know the call any more (section 12.2.1.2). */
const lostStatuses = new Set([408, 481]);

/** One line when this refusal ends the call. */
export function lostReason({ status, reason }: SipResponse): string | undefined {
  if (!lostStatuses.has(status)) return undefined;
  return `the peer does not know the call any more: ${status} ${reason}`;
}

/** How often one change is tried when the peer asks for patience. */
const maxTries = 5;
/** What a peer may ask for in Retry-After, so that a change is still what somebody wants. */
const longestPauseS = 30;

export class Renegotiation {
  readonly #options: RenegotiationOptions;
  #own: OwnChange | undefined;
  #peer: PeerChange | undefined;
  #pause: Timer | undefined;
  #tries = 0;
  #isStopped = false;
  /** Who waits for the change that is under way, and for the one after it. */
  #waiting: readonly Waiting[] = [];
  #next: readonly Waiting[] = [];

  constructor(options: RenegotiationOptions) {
    this.#options = options;
  }

  /** Offers the media as they are now wanted; waits for what is under way. Never rejects. */
  offer(): Promise<ChangeOutcome> {
    return new Promise((resolve) => {
      if (this.#isStopped) {
        resolve(over);
        return;
      }
      this.#next = [...this.#next, resolve];
      this.#proceed();
    });
  }

  /** A re-INVITE. */
  invited(transaction: ServerTransaction): void {
    // Who asks anew has our last answer, so only its ACK was lost; but not where it was to answer us.
    if (this.#own !== undefined || this.#peer?.owesAnswer === true) {
      refuseChange(transaction, 491);
      return;
    }
    const { context, sender, media, events } = this.#options;
    this.#peer?.stop();
    this.#peer = undefined;
    const change = PeerChange.invited(transaction, {
      context,
      sender,
      media,
      done: () => this.#peerDone(change),
      lost: (reason) => events.lost(reason),
    });
    this.#peer = change;
    if (change !== undefined) this.#timed(change.timer);
    else this.#proceed();
  }

  updated(transaction: ServerTransaction): void {
    const { context, sender, media } = this.#options;
    const hasOffer = descriptionIn(transaction.request).kind === "description";
    if (hasOffer && (this.#own !== undefined || this.#peer?.owesAnswer === true)) {
      refuseChange(transaction, 491);
      return;
    }
    const timer = PeerChange.updated(transaction, { context, sender, media });
    if (timer !== undefined) this.#timed(timer);
  }

  acknowledge(ack: SipRequest): boolean {
    return this.#peer?.acknowledge(ack) ?? false;
  }

  stop(): void {
    this.#isStopped = true;
    this.#peer?.stop();
    this.#own?.stop();
    this.#pause?.cancel();
    const waiting = [...this.#waiting, ...this.#next];
    this.#waiting = [];
    this.#next = [];
    for (const resolve of waiting) resolve(over);
  }

  /** Begins with what is wanted, when nothing is in its way. */
  #proceed(): void {
    const isBusy = this.#own !== undefined || this.#peer !== undefined;
    if (this.#isStopped || isBusy || this.#pause !== undefined) return;
    this.#waiting = [...this.#waiting, ...this.#next];
    this.#next = [];
    if (this.#waiting.length === 0) return;
    const { context, sender, media, timerHeaders } = this.#options;
    this.#tries += 1;
    this.#own = new OwnChange({
      context,
      sender,
      media,
      headers: timerHeaders,
      done: (result) => this.#ownDone(result),
    });
  }

  #ownDone(result: OwnChangeResult): void {
    this.#own = undefined;
    const { media, events } = this.#options;
    if (result.kind === "answered" && result.response.status < 300) {
      this.#agreed(result.response);
      return;
    }
    media.revert();
    if (result.kind === "answered") this.#refused(result.response);
    else if (result.kind === "unanswered") events.lost("nobody answered a change of the call");
    // The way may be another one next time; the call itself goes on.
    else this.#settle({ ok: false, status: 503, reason: result.reason });
  }

  #agreed(response: SipResponse): void {
    const { media, events } = this.#options;
    const answer = descriptionIn(response);
    const bytes = answer.kind === "description" ? answer.bytes : new Uint8Array(0);
    const problem = media.accept(bytes);
    if (problem !== undefined) media.revert();
    events.changed(agreedTimer(response));
    this.#settle(
      problem === undefined ? { ok: true } : { ok: false, status: 488, reason: problem },
    );
  }

  #refused(response: SipResponse): void {
    const { status, reason } = response;
    const lost = lostReason(response);
    if (lost !== undefined) {
      this.#options.events.lost(lost);
      return;
    }
    const pauseMs = this.#tries < maxTries ? this.#pauseMs(response) : undefined;
    if (pauseMs === undefined) this.#settle({ ok: false, status, reason });
    else this.#tryLater(pauseMs);
  }

  /** Undefined for a refusal that stays one. */
  #pauseMs(response: SipResponse): number | undefined {
    const { context, ownsCallId, events } = this.#options;
    // Both sides asked at the same moment: each waits for another time (section 14.1).
    if (response.status === 491) {
      return ownsCallId ? 2100 + 1900 * context.random() : 2000 * context.random();
    }
    if (response.status === 422) {
      const seconds = demandedSeconds(response);
      if (seconds !== undefined) events.demanded(seconds);
      return seconds === undefined ? undefined : 0;
    }
    if (response.status !== 500 && response.status !== 503) return undefined;
    const seconds = Number(/^\d{1,5}/.exec(headerValue(response, "Retry-After") ?? "")?.[0]);
    return seconds <= longestPauseS ? Math.max(seconds, 1) * 1000 : undefined;
  }

  #tryLater(pauseMs: number): void {
    this.#pause = this.#options.context.clock.after(pauseMs, () => {
      this.#pause = undefined;
      this.#proceed();
    });
  }

  #peerDone(change: PeerChange | undefined): void {
    if (this.#peer !== change) return;
    this.#peer = undefined;
    this.#proceed();
  }

  #timed(timer: SessionTimer | "unmentioned"): void {
    const { events } = this.#options;
    if (timer === "unmentioned") events.changedUntimed();
    else events.changed(timer);
  }

  #settle(outcome: ChangeOutcome): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#tries = 0;
    for (const resolve of waiting) resolve(outcome);
    this.#proceed();
  }
}

const over: ChangeOutcome = { ok: false, status: 481, reason: "the call is over" };
