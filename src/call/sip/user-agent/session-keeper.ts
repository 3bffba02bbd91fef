/** Keeps the session timer of a call: refreshes in time, and says when the peer has let it run out. */
import type { Clock, Timer } from "../../../core/clock.ts";
import type { SipHeader } from "../message/sip-message.ts";
import type { ChangeOutcome } from "./renegotiation.ts";
import { dueSeconds, refreshHeaders, type SessionTimer } from "./session-timer.ts";

export interface SessionKeeperOptions {
  readonly clock: Clock;
  /** Asks the peer; `agreed` is called before it resolves with success. Never rejects. */
  readonly refresh: () => Promise<ChangeOutcome>;
  readonly expired: () => void;
}

/** After a refusal that says nothing about the call, such as 500 or a broken connection. */
const retryMs = 20_000;

export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  #session: SessionTimer | undefined;
  #expiresAtMs = 0;
  #leastSeconds: number | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
  }

  /** What was agreed just now; undefined: no timer. The session counts as refreshed. */
  agreed(session: SessionTimer | undefined): void {
    this.#timer?.cancel();
    this.#session = session;
    if (session === undefined || this.#isStopped) return;
    this.#expiresAtMs = this.#options.clock.nowMs() + session.intervalSeconds * 1000;
    this.#wait(dueSeconds(session) * 1000);
  }

  /** The peer asked something without a word about the timer: who refreshes goes on doing that. */
  unmentioned(): void {
    this.agreed(this.#session?.weRefresh === true ? this.#session : undefined);
  }

  /** A 422 wants longer sessions. */
  demand(seconds: number): void {
    this.#leastSeconds = seconds;
  }

  /** For requests of ours within the call. */
  headers(): readonly SipHeader[] {
    return this.#session === undefined ? [] : refreshHeaders(this.#session, this.#leastSeconds);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => this.#due());
  }

  #due(): void {
    const { clock, expired, refresh } = this.#options;
    const session = this.#session;
    if (session === undefined) return;
    if (clock.nowMs() >= this.#expiresAtMs) {
      expired();
      return;
    }
    // A peer that owes us a refresh and forgot it gets one from us: better than to lose the call.
    this.#session = { ...session, weRefresh: true };
    const asked = this.#session;
    this.#wait(this.#expiresAtMs - clock.nowMs());
    void refresh().then((outcome) => {
      if (!outcome.ok && this.#session === asked) this.#again();
    });
  }

  #again(): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    const restMs = this.#expiresAtMs - this.#options.clock.nowMs();
    this.#wait(Math.max(0, Math.min(retryMs, restMs)));
  }
}
