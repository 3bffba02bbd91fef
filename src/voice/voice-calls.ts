/** All calls that are spoken to, from the first sign of each to its last. */
import type { Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import type { CallId } from "../wire/call-id.ts";
import type { Signal } from "../wire/registration.ts";
import type { TextIntakeListener } from "../links/text-intake.ts";
import { VoiceCall, type VoiceCallListener, type VoiceCallShared } from "./voice-call.ts";

interface HeldCall {
  readonly call: VoiceCall;
  /** Runs while no LLaMA is connected for it. */
  orphanTimer: Timer | undefined;
}

/** A LLaMA that went away in mid-call is waited for so long. */
const orphanLimitMs = 60_000;
const maxCalls = 1000;

export class VoiceCalls implements TextIntakeListener {
  readonly #shared: VoiceCallShared;
  readonly #listener: VoiceCallListener;
  readonly #repeated: RepeatedLog;
  readonly #calls = new Map<number, HeldCall>();
  readonly #counts = { calls: 0, refused: 0, orphaned: 0 };

  constructor(shared: VoiceCallShared, listener: VoiceCallListener = {}) {
    this.#shared = shared;
    this.#listener = listener;
    this.#repeated = new RepeatedLog(shared.log, shared.clock);
  }

  status(): Record<string, unknown> {
    return { ...this.#counts, open: [...this.#calls.values()].map(({ call }) => call.status()) };
  }

  connected(callId: CallId): void {
    this.#hold(callId);
  }

  text(callId: CallId, text: string): void {
    this.#hold(callId)?.say(text);
  }

  ended(callId: CallId): void {
    const held = this.#calls.get(callId.number);
    if (held === undefined) return;
    this.#calls.delete(callId.number);
    held.orphanTimer?.cancel();
    held.call.close();
    this.#shared.log.info("call ended", { call: callId.text });
  }

  lost(callId: CallId): void {
    const held = this.#calls.get(callId.number);
    if (held === undefined) return;
    held.orphanTimer?.cancel();
    held.orphanTimer = this.#shared.clock.after(orphanLimitMs, () => {
      this.#counts.orphaned += 1;
      this.ended(callId);
    });
  }

  signal({ kind, callId }: Signal): void {
    const call = this.#calls.get(callId.number)?.call;
    switch (kind) {
      case "register":
        this.#outboundIsReady(callId);
        return;
      case "bye":
        this.ended(callId);
        return;
      case "speech":
        call?.callerSpeaks();
        return;
      case "silence":
        call?.callerSilent();
        return;
      case "pause":
      case "resume":
        // For outbound, which alone can wait in the middle of a word.
        return;
    }
  }

  close(): void {
    for (const { call } of this.#calls.values()) this.ended(call.callId);
    this.#repeated.close();
  }

  /** The ready signal of an older outbound may be the first sign of a call. */
  #outboundIsReady(callId: CallId): void {
    const isKnown = this.#calls.has(callId.number);
    const call = isKnown ? this.#calls.get(callId.number)?.call : this.#begin(callId);
    if (isKnown) call?.outboundIsReady();
    else this.lost(callId);
  }

  #hold(callId: CallId): VoiceCall | undefined {
    const held = this.#calls.get(callId.number);
    if (held === undefined) return this.#begin(callId);
    held.orphanTimer?.cancel();
    held.orphanTimer = undefined;
    return held.call;
  }

  #begin(callId: CallId): VoiceCall | undefined {
    try {
      if (this.#calls.size >= maxCalls) throw new Error(`${maxCalls} calls are spoken to already`);
      const call = new VoiceCall(callId, this.#shared, this.#listener);
      this.#calls.set(callId.number, { call, orphanTimer: undefined });
      this.#counts.calls += 1;
      this.#shared.log.info("call begins", { call: callId.text });
      return call;
    } catch (error) {
      this.#counts.refused += 1;
      this.#repeated.say("error", "a call cannot be spoken to", () => ({
        call: callId.text,
        reason: describeError(error),
      }));
      return undefined;
    }
  }
}
