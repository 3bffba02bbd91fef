/** All calls that are spoken to, from the first sign of each to its last. */
import { describeError } from "../core/errors.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { OrphanedCalls } from "../links/orphaned-calls.ts";
import type { TextIntakeListener } from "../links/text-intake.ts";
import type { TcpLink } from "../tcp-link.ts";
import type { CallId } from "../wire/call-id.ts";
import type { Signal } from "../wire/registration.ts";
import type { HeardReport, Report } from "../wire/reports.ts";
import type { HeardValues } from "./heard-texts.ts";
import { VoiceCall, type VoiceCallListener, type VoiceCallShared } from "./voice-call.ts";
import type { VoiceCallName, VoiceEvent } from "./voice-events.ts";

export interface VoiceCallsOptions extends VoiceCallShared {
  /** For the LLaMA at that address. */
  readonly tell: (report: HeardReport, address: string) => void;
  readonly onEvent: (call: VoiceCallName, event: VoiceEvent) => void;
}

/** The connection that a call's texts come by; it outlives calls. */
interface TextLine {
  readonly address: string;
  /** Since its HELLO. */
  texts: number;
}

const maxCalls = 1000;

export class VoiceCalls implements TextIntakeListener {
  readonly #options: VoiceCallsOptions;
  readonly #repeated: RepeatedLog;
  readonly #calls = new Map<number, VoiceCall>();
  /** Those for which no LLaMA is connected. */
  readonly #orphans: OrphanedCalls;
  readonly #lines = new Map<number, TextLine>();
  readonly #counts = { calls: 0, refused: 0, played: 0, heard: 0 };

  constructor(options: VoiceCallsOptions) {
    this.#options = options;
    this.#repeated = new RepeatedLog(options.log, options.clock);
    this.#orphans = new OrphanedCalls(options.clock, (callId) => this.ended(callId));
  }

  status(): Record<string, unknown> {
    const open = [...this.#calls.values()].map((call) => call.status());
    return { ...this.#counts, orphaned: this.#orphans.givenUp, open };
  }

  connected(callId: CallId, link: TcpLink): void {
    this.#lines.set(callId.number, { address: link.remoteAddress, texts: 0 });
    this.#hold(callId)?.llamaConnected();
  }

  text(callId: CallId, text: string): void {
    const line = this.#lines.get(callId.number);
    if (line === undefined) return;
    line.texts += 1;
    const call = this.#hold(callId);
    if (call !== undefined) call.say(line.texts, text);
    else this.#heard(callId, { text: line.texts, samples: 0, of: 0, voice: 0, wait: 0 });
  }

  ended(callId: CallId): void {
    const call = this.#calls.get(callId.number);
    if (call === undefined) return;
    this.#calls.delete(callId.number);
    this.#orphans.found(callId);
    call.close();
    this.#options.log.info("call ended", { call: callId.text });
  }

  lost(callId: CallId): void {
    this.#lines.delete(callId.number);
    if (this.#calls.has(callId.number)) this.#orphans.lost(callId);
  }

  signal({ kind, callId }: Signal): void {
    const call = this.#calls.get(callId.number);
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

  /** PLAYED of outbound; other reports are for others. */
  report(report: Report): void {
    if (report.kind !== "played") return;
    this.#counts.played += 1;
    this.#calls.get(report.callId.number)?.played(report.values);
  }

  close(): void {
    for (const call of this.#calls.values()) this.ended(call.callId);
    this.#repeated.close();
  }

  /** The ready signal of an older outbound may be the first sign of a call. */
  #outboundIsReady(callId: CallId): void {
    const known = this.#calls.get(callId.number);
    if (known !== undefined) known.outboundIsReady();
    else if (this.#begin(callId) !== undefined) this.#orphans.lost(callId);
  }

  #heard(callId: CallId, values: HeardValues): void {
    const line = this.#lines.get(callId.number);
    if (line === undefined) return;
    this.#counts.heard += 1;
    this.#options.tell({ kind: "heard", callId, values }, line.address);
  }

  #hold(callId: CallId): VoiceCall | undefined {
    this.#orphans.found(callId);
    return this.#calls.get(callId.number) ?? this.#begin(callId);
  }

  #begin(callId: CallId): VoiceCall | undefined {
    try {
      if (this.#calls.size >= maxCalls) throw new Error(`${maxCalls} calls are spoken to already`);
      const key = `${callId.text}-${this.#counts.calls + 1}`;
      const call = new VoiceCall(callId, this.#options, this.#listener(callId, key));
      this.#calls.set(callId.number, call);
      this.#counts.calls += 1;
      this.#options.log.info("call begins", { call: callId.text });
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

  #listener(callId: CallId, key: string): VoiceCallListener {
    const name = { callId: callId.text, key };
    return {
      heard: (values) => this.#heard(callId, values),
      event: (event) => this.#options.onEvent(name, event),
    };
  }
}
