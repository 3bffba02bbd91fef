/** All calls of the whisper service: an id leads to at most one call that is up. */
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { SocketControl } from "../core/socket-control.ts";
import { connectTcp } from "../tcp.ts";
import type { CallId } from "../wire/call-id.ts";
import { callerAudioPort } from "../wire/ports.ts";
import type { CallStatus } from "./call-counters.ts";
import type { CallTeller } from "./call-signals.ts";
import { CallSession, type HearingSettings, type TextSink } from "./call-session.ts";
import type { CallHearingEvent } from "./hearing-events.ts";
import type { Recogniser } from "./recogniser.ts";
import type { VoiceActivity } from "./voice-activity.ts";

export interface CallsOptions {
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly settings: HearingSettings;
  readonly texts: TextSink;
  /** Tells the peers that a call has begun; `address` is where its sound comes from. */
  readonly openSignals: (callId: CallId, address: string) => CallTeller;
  /** For those who watch; `key` is unique for the life of the service. */
  readonly onEvent: (
    call: { readonly callId: string; readonly key: string },
    event: CallHearingEvent,
  ) => void;
  /** Whether anybody watches at the moment. */
  readonly isWatched: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly control?: SocketControl | undefined;
}

export interface CallTotals {
  started: number;
  connected: number;
  ended: number;
  refused: number;
  transcripts: number;
  failedUtterances: number;
}

const tickMs = 100;
const connectLimitMs = 2000;
/** Returned transcripts that may wait for a peer that does not read them. */
const maxReturnBytes = 64 * 1024;
/** Far above any PBX that one host carries; keeps a flood of forged ids from opening sockets. */
const maxCallsUp = 1000;

export class Calls {
  readonly totals: CallTotals = {
    started: 0,
    connected: 0,
    ended: 0,
    refused: 0,
    transcripts: 0,
    failedUtterances: 0,
  };
  readonly #options: CallsOptions;
  readonly #repeated: RepeatedLog;
  /** Runs while there are sessions: an idle process should hardly wake. */
  #ticker: Timer | undefined;
  /** By call number: the latest call of each id that is not freed yet. */
  readonly #latest = new Map<number, CallSession>();
  readonly #all = new Set<CallSession>();
  #isStopping = false;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  /** Idempotent while the call is connecting or connected; `address` is where inbound listens. */
  register(callId: CallId, address: string): void {
    const known = this.#latest.get(callId.number);
    if (known?.isUp === true) {
      known.counters.registers += 1;
      return;
    }
    if (this.#isStopping || this.#all.size >= maxCallsUp) {
      this.totals.refused += 1;
      this.#repeated.say("warn", "call refused: too many calls or stopping", () => ({
        call: callId.text,
        calls: this.#all.size,
      }));
      return;
    }
    this.#start(callId, address, known?.ended ?? Promise.resolve());
  }

  bye(callId: CallId): void {
    this.#latest.get(callId.number)?.bye();
  }

  get size(): number {
    return this.#all.size;
  }

  status(): CallStatus[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#all].map((session) => session.status(nowMs));
  }

  /** Takes no new calls, finishes what was heard within `limitMs`, then gives up the rest. */
  async shutdown(limitMs: number): Promise<void> {
    this.#isStopping = true;
    const ended = [...this.#all].map((session) => session.ended);
    for (const session of this.#all) session.shutdown();
    const timer = this.#options.clock.after(limitMs, () => {
      for (const session of this.#all) session.abandon();
    });
    await Promise.all(ended);
    timer.cancel();
    this.#repeated.close();
  }

  #start(callId: CallId, address: string, after: Promise<void>): void {
    const { clock, control, recogniser, voice, settings, texts, openSignals } = this.#options;
    const { log, onEvent, isWatched } = this.#options;
    this.totals.started += 1;
    const port = callerAudioPort(callId);
    const key = `${callId.text}-${this.totals.started}`;
    const session = new CallSession({
      callId,
      key,
      dial: (handlers) =>
        connectTcp(
          {
            hostname: address,
            port,
            clock,
            control,
            timeoutMs: connectLimitMs,
            maxPendingBytes: maxReturnBytes,
          },
          handlers,
        ),
      recogniser,
      voice,
      settings,
      texts,
      openSignals: () => openSignals(callId, address),
      onEvent: (event) => onEvent({ callId: callId.text, key }, event),
      isWatched,
      clock,
      log,
      after,
    });
    this.#latest.set(callId.number, session);
    this.#all.add(session);
    this.#ticker ??= clock.every(tickMs, () => this.#tick());
    void session.ended.then(() => this.#forget(session));
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const session of this.#all) session.tick(nowMs);
  }

  #stopTicking(): void {
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }

  #forget(session: CallSession): void {
    this.#all.delete(session);
    if (this.#all.size === 0) this.#stopTicking();
    if (this.#latest.get(session.callId.number) === session) {
      this.#latest.delete(session.callId.number);
    }
    this.totals.ended += 1;
    this.totals.transcripts += session.counters.transcripts;
    this.totals.failedUtterances += session.counters.failed;
    if (session.isGreeted) this.totals.connected += 1;
    else this.#reportUnanswered(session);
  }

  #reportUnanswered(session: CallSession): void {
    const { callId, cause } = session;
    this.#repeated.say(
      "warn",
      `call ${callId.text} was registered but not heard: ${cause}`,
      () => ({
        advice: `check that inbound listens on TCP ${callerAudioPort(callId)}`,
      }),
    );
  }
}
