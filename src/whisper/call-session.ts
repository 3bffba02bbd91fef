/**
 * One call in the whisper service, from REGISTER to the last transcript. Everything it holds hangs on
 * it, and each way in which a call can end leads through `draining` or straight to `ended`.
 */
import { sanitiseSamples } from "../audio/sanitise.ts";
import type { Clock } from "../core/clock.ts";
import { describeError, quote } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../tcp-link.ts";
import type { ConnectAttempt } from "../tcp.ts";
import { AudioFrameDecoder, type AudioFrameSink } from "../wire/audio-frames.ts";
import { type CallId, parseCallId } from "../wire/call-id.ts";
import { byeMarker } from "../wire/text-frames.ts";
import { type CallStatus, createCounters } from "./call-counters.ts";
import { CallSignals, type CallTeller } from "./call-signals.ts";
import { type CallInput, type CallState, isCallUp, nextCallState } from "./call-states.ts";
import { Hearing, type EarSettings } from "./hearing.ts";
import type { CallHearingEvent, TurnTiming } from "./hearing-events.ts";
import { type Recogniser, whisperSampleRateHz } from "./recogniser.ts";
import { ReturnPath } from "./return-path.ts";
import type { FinalTranscript } from "./utterance-line.ts";
import type { VoiceActivity } from "./voice-activity.ts";

/** Where finished transcripts go; the LLaMA bridge in the running service. */
export interface TextSink {
  beginCall(callId: string): void;
  send(callId: string, text: string): void;
  endCall(callId: string): void;
}

export interface HearingSettings extends EarSettings {
  /** Speech in one utterance that is more than a sound in passing; 0: any. */
  readonly backChannelMs: number;
  /** A chunk at least this long is a finished utterance. */
  readonly chunkUtteranceMs: number;
  /** A connected peer that sends nothing for this long is taken for dead. */
  readonly idleLimitMs: number;
}

export interface CallSessionOptions {
  readonly callId: CallId;
  /** Unique for the life of the service, unlike the id. */
  readonly key: string;
  readonly dial: (handlers: TcpHandlers) => ConnectAttempt;
  readonly recogniser: Recogniser;
  readonly voice: VoiceActivity;
  readonly settings: HearingSettings;
  readonly texts: TextSink;
  /** Tells the peers that the call has begun. */
  readonly openSignals: () => CallTeller;
  /** For those who watch. */
  readonly onEvent: (event: CallHearingEvent) => void;
  /** Whether anybody watches at the moment. */
  readonly isWatched: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves when the earlier call with this id has delivered its last text. */
  readonly after: Promise<void>;
}

const helloLimitMs = 5000;
/** How long audio that was sent before a BYE may still be on its way. */
const byeGraceMs = 250;
/** A caller in mid-word whose packets stop for this long has said what can be heard. */
const stallMs = 1500;
const lingerMs = 1000;

export class CallSession {
  readonly callId: CallId;
  readonly key: string;
  /** Resolves when everything of the call is freed. */
  readonly ended: Promise<void>;
  readonly counters = createCounters();
  readonly #options: CallSessionOptions;
  readonly #log: Logger;
  readonly #startedAtMs: number;
  readonly #resolveEnded: () => void;
  readonly #decoder = new AudioFrameDecoder();
  readonly #signals: CallSignals;
  readonly #hearing: Hearing;
  readonly #returns = new ReturnPath({
    write: (bytes) => this.#link?.write(bytes) ?? true,
    onLost: () => {
      this.counters.notReturned += 1;
    },
  });
  readonly #attempt: ConnectAttempt;
  #link: TcpLink | undefined;
  #state: CallState = "connecting";
  #stateSinceMs: number;
  #lastDataMs: number;
  #isUtteranceChunk = false;
  #isGreeted = false;
  #isPaused = false;
  /** Packets have stopped, and what they left open is being transcribed. */
  #isStalled = false;
  #cause = "";

  constructor(options: CallSessionOptions) {
    this.#options = options;
    this.callId = options.callId;
    this.key = options.key;
    this.#log = options.log.child({ call: options.callId.text, key: options.key });
    this.#startedAtMs = options.clock.nowMs();
    this.#stateSinceMs = this.#startedAtMs;
    this.#lastDataMs = this.#startedAtMs;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#resolveEnded = ended.resolve;
    // Before the ears, so that no text of this call can be faster than its beginning.
    this.#signals = new CallSignals({ open: options.openSignals, after: options.after });
    this.#hearing = new Hearing({
      recogniser: options.recogniser,
      voice: options.voice,
      settings: options.settings,
      clock: options.clock,
      after: options.after,
      onFinal: (final, turn) => this.#deliver(final, turn),
      caller: {
        backChannelMs: options.settings.backChannelMs,
        tell: (signal) => this.#signals.tell(signal),
      },
      onEvent: options.onEvent,
      isWatched: options.isWatched,
      onDetectorFailed: (error) => this.#detectorFailed(error),
    });
    this.#attempt = options.dial({
      data: (bytes) => this.#receive(bytes),
      closed: (reason) => this.#closed(reason),
    });
    this.#attempt.link.then(
      (link) => this.#connected(link),
      (error: unknown) => this.#step("failed", describeError(error)),
    );
  }

  get state(): CallState {
    return this.#state;
  }

  /** True once HELLO has named the right call. */
  get isGreeted(): boolean {
    return this.#isGreeted;
  }

  /** Why the call left its last state. */
  get cause(): string {
    return this.#cause;
  }

  get isUp(): boolean {
    return isCallUp(this.#state);
  }

  /** BYE over UDP: the call is over, but audio that was sent before may still arrive. */
  bye(): void {
    this.#lastDataMs = this.#options.clock.nowMs();
    this.#step("bye", "BYE");
  }

  /** The service stops: what was heard is still transcribed. */
  shutdown(): void {
    this.#step("shutdown", "the service stops");
  }

  /** Gives up what is not transcribed yet. */
  abandon(): void {
    this.#hearing.abort();
  }

  /** Called a few times a second: all time limits of the call, without a timer of its own. */
  tick(nowMs: number): void {
    if (this.#isPaused) this.#applyBackPressure();
    const silentMs = nowMs - this.#lastDataMs;
    if (this.#state === "greeting" && nowMs - this.#stateSinceMs > helloLimitMs) {
      this.#step("timeout", `no HELLO within ${helloLimitMs / 1000} s`);
    } else if (this.#state === "ending" && silentMs > byeGraceMs) {
      this.#step("quiet", "BYE");
    } else if (this.#state === "hearing" && !this.#isPaused) {
      if (silentMs > stallMs && !this.#isStalled) this.#stall();
      if (this.#hearing.pending === 0) this.#returns.settled(this.#hearing.settledSample, nowMs);
      if (silentMs > this.#options.settings.idleLimitMs) this.#step("timeout", "no audio");
    }
  }

  status(nowMs: number): CallStatus {
    return {
      callId: this.callId.text,
      key: this.key,
      state: this.#state,
      ageMs: Math.round(nowMs - this.#startedAtMs),
      pendingUtterances: this.#hearing.pending,
      isDecodingAhead: this.#hearing.isForeseeing,
      peer: this.#link?.remote ?? "",
      ...this.counters,
      utterances: this.#hearing.utterances,
    };
  }

  #step(input: CallInput, cause: string): void {
    const before = this.#state;
    this.#state = nextCallState(before, input);
    if (this.#state === before) return;
    this.#stateSinceMs = this.#options.clock.nowMs();
    this.#cause = cause;
    this.#log.debug("call state", { from: before, to: this.#state, cause });
    if (this.#state === "draining") this.#drain(input);
    if (this.#state === "ended") this.#finish();
  }

  #connected(link: TcpLink): void {
    if (this.#state !== "connecting" && this.#state !== "overtaken") {
      link.destroy();
      return;
    }
    this.#link = link;
    this.#lastDataMs = this.#options.clock.nowMs();
    this.#step("connected", "");
  }

  #receive(bytes: Uint8Array): void {
    this.#lastDataMs = this.#options.clock.nowMs();
    this.#isStalled = false;
    if (this.#state === "draining" || this.#state === "ended") return;
    this.#decoder.push(bytes, this.#sink);
    this.#applyBackPressure();
  }

  readonly #sink: AudioFrameSink = {
    hello: (text) => this.#hello(text),
    chunkDeclared: (sampleCount) => {
      const chunkMs = (sampleCount * 1000) / whisperSampleRateHz;
      this.#isUtteranceChunk = chunkMs >= this.#options.settings.chunkUtteranceMs;
    },
    samples: (samples) => this.#hear(samples),
    end: (marker) => this.#step("marker", `end marker (${marker})`),
    violation: (reason) => this.#violation(reason),
  };

  #hello(text: string): void {
    const parsed = parseCallId(text);
    if (!parsed.ok || parsed.callId.number !== this.callId.number) {
      this.#violation(`HELLO names call ${quote(text)}, registered was ${this.callId.text}`);
      return;
    }
    const connectMs = Math.round(this.#options.clock.nowMs() - this.#startedAtMs);
    this.#log.info("call connected", { peer: this.#link?.remote, connectMs });
    this.#isGreeted = true;
    this.#options.onEvent({ kind: "began" });
    this.#options.texts.beginCall(this.callId.text);
    this.#signals.begin();
    if (this.#state === "greeting") this.#step("hello", "");
  }

  #violation(reason: string): void {
    this.#log.warn("call refused: the peer broke the protocol", {
      reason,
      peer: this.#link?.remote,
    });
    this.#decoder.stop();
    this.#step("violation", reason);
  }

  #hear(samples: Float32Array): void {
    const bad = sanitiseSamples(samples);
    if (bad > 0) this.#countBadSamples(bad);
    this.counters.chunks += 1;
    this.counters.audioMs += (samples.length * 1000) / whisperSampleRateHz;
    if (!this.#isUtteranceChunk) {
      this.#returns.streams();
      this.#hearing.hear(samples);
      return;
    }
    this.#hearing.flush();
    this.#hearing.hearUtterance(samples);
  }

  #stall(): void {
    this.#isStalled = true;
    this.#hearing.flush();
  }

  #countBadSamples(bad: number): void {
    if (this.counters.badSamples === 0) {
      this.#log.warn("audio holds samples that are no numbers; they are played as silence", {
        bad,
      });
    }
    this.counters.badSamples += bad;
  }

  #applyBackPressure(): void {
    const isFull = this.#hearing.isBehind;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#link?.pause();
    else this.#link?.resume();
    this.#lastDataMs = this.#options.clock.nowMs();
  }

  #closed(reason: TcpClose): void {
    this.#link = undefined;
    this.#step("closed", reason.errno ?? `connection ${reason.kind}`);
  }

  #detectorFailed(error: Error): void {
    this.#log.error("the speech detector broke; from now on loudness decides", {
      reason: describeError(error),
    });
  }

  #deliver(final: FinalTranscript, turn: TurnTiming): void {
    this.#count(final);
    if (final.text !== "") {
      this.#signals.turn(turn);
      this.#options.texts.send(this.callId.text, final.text);
    }
    this.#log.debug("transcript", {
      audioMs: final.audioMs,
      queuedMs: Math.round(final.queuedMs),
      decodeMs: Math.round(final.decodeMs),
      characters: final.text.length,
      private: { text: final.text },
    });
    this.#returns.transcript(final.text, final.utterance.endSample);
    if (this.#isPaused) this.#applyBackPressure();
  }

  #count({ text, error, invention, audioMs }: FinalTranscript): void {
    const { counters } = this;
    if (error !== undefined) {
      counters.failed += 1;
      this.#log.error("an utterance could not be transcribed", { reason: error, audioMs });
    } else if (invention !== undefined) {
      counters.invented += 1;
      this.#log.info("a text was thrown away: whisper made it up", {
        reason: invention.reason,
        audioMs,
        private: { text: invention.text },
      });
    } else if (text === "") {
      counters.empty += 1;
    } else {
      counters.transcripts += 1;
    }
  }

  #drain(input: CallInput): void {
    if (this.#isPaused) this.#link?.resume();
    this.#isPaused = false;
    this.#decoder.abandon(this.#sink);
    this.#hearing.flush();
    if (input === "violation" || input === "timeout") {
      this.#link?.destroy();
      this.#link = undefined;
    }
    void this.#hearing.drained().then(() => this.#step("drained", this.#cause));
  }

  #finish(): void {
    this.#attempt.cancel();
    this.#hangUp();
    this.#hearing.close();
    if (this.#isGreeted) this.#options.texts.endCall(this.callId.text);
    this.#signals.end();
    const { utterances } = this.#hearing;
    const { transcripts, empty, invented, failed } = this.counters;
    const audioMs = Math.round(this.counters.audioMs);
    this.#log[this.#isGreeted ? "info" : "debug"]("call ended", {
      cause: this.#cause,
      audioMs,
      utterances,
      transcripts,
      empty,
      invented,
      failed,
    });
    if (this.#isGreeted) {
      const reason = this.#cause;
      this.#options.onEvent({ kind: "ended", reason, audioMs, utterances, transcripts, failed });
    }
    this.#resolveEnded();
  }

  /**
   * Says that every transcript is out and ends the connection in order, but never waits long for a
   * peer that does not read or close.
   */
  #hangUp(): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    link.write(byeMarker);
    link.end();
    this.#options.clock.after(lingerMs, () => link.destroy());
  }
}
