/**
 * The sound of one call, whatever its line is: what the caller says goes to whisper, what the voice
 * replies comes back as frames at the pace of the line. Frees both when the call is over.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { SocketControl } from "../core/socket-control.ts";
import { StreamFeed } from "../inbound/audio-feed.ts";
import { CallUplink, type UplinkOutcome } from "../inbound/uplink.ts";
import type { Greeting } from "../outbound/playout.ts";
import { ReplyPlayout, type ReplyPlayoutListener } from "../outbound/reply-playout.ts";
import { callerAudioRateHz } from "../wire/audio-frames.ts";
import type { CallId } from "../wire/call-id.ts";
import type { FrameTicker, Ticking } from "./frame-ticker.ts";
import { LineEcho, type LineFrameEncoder } from "./line-echo.ts";
import { CallLevels, type LevelNote } from "./call-levels.ts";
import type { CallRecorder } from "./call-recorder.ts";
import type { CallRecording, RecordingNote } from "./call-recording.ts";

/** What carries the call: an RTP session, an AudioSocket connection. */
export interface CallLine {
  /**
   * Called once in each frame period, from the start on. The frame is valid during the call only;
   * undefined when there is nothing to be heard. `missed` frame periods before this one were left
   * out, since the host was busy. False when the line could not take it: the caller hears nothing.
   */
  play(frame: Uint8Array | undefined, missed: number): boolean;
}

export interface CallAudioListener extends ReplyPlayoutListener {
  /** A final transcript of what the caller said, never empty. */
  transcript(text: string): void;
  /** The call's sound is kept: the file is begun, and once more when it is whole, behind the call's end. */
  recorded?(note: RecordingNote): void;
  /** How loud both are, four times a second. */
  levels?(note: LevelNote): void;
}

/** What all calls of a process share. */
export interface CallAudioShared {
  /** Address on which whisper finds the caller's audio, and the voice announces its own. */
  readonly bind: string;
  readonly whisperAddress: string;
  readonly whisperPort: number;
  readonly ticker: FrameTicker;
  /** Whether what lines bring back of the voice is kept from whisper. */
  readonly hasEchoGuard: boolean;
  /** Where the sound of calls is kept, if it is. */
  readonly recorder?: CallRecorder | undefined;
  readonly clock: Clock;
  readonly control?: SocketControl | undefined;
  /** Sound of a caller that is kept for a whisper that is not there or starts anew. */
  readonly backlogMs?: number | undefined;
  /** How long a finished call may wait for its last transcripts. */
  readonly drainLimitMs?: number | undefined;
}

export interface CallAudioOptions {
  readonly line: CallLine;
  readonly listener: CallAudioListener;
  /** Makes frames as the line wants them. */
  readonly encoder: LineFrameEncoder;
  readonly frameMs: number;
  readonly greeting?: Greeting | undefined;
  readonly log: Logger;
}

/** A restart of whisper of up to 10 s, and the longest utterance, which it had not finished before. */
const defaultBacklogMs = 40_000;
const defaultDrainLimitMs = 10_000;

export class CallAudio {
  readonly callId: CallId;
  readonly #shared: CallAudioShared;
  readonly #replies: ReplyPlayout;
  readonly #uplink: CallUplink;
  readonly #line: CallLine;
  readonly #echo: LineEcho | undefined;
  readonly #encoder: LineFrameEncoder;
  readonly #recording: CallRecording | undefined;
  readonly #levels: CallLevels;
  #frameMs: number;
  #ticking: Ticking;
  #hasHeard = false;
  #drainLimit: Timer | undefined;
  #isOver = false;

  private constructor(shared: CallAudioShared, options: CallAudioOptions, parts: CallAudioParts) {
    const { line, encoder, frameMs, listener } = options;
    this.callId = parts.callId;
    this.#shared = shared;
    this.#replies = parts.replies;
    this.#uplink = parts.uplink;
    this.#line = line;
    this.#encoder = encoder;
    if (shared.hasEchoGuard) this.#echo = new LineEcho(encoder);
    this.#recording = shared.recorder?.begin(parts.callId.text, (note) =>
      listener.recorded?.(note),
    );
    this.#levels = new CallLevels((note) => listener.levels?.(note));
    this.#frameMs = frameMs;
    this.#ticking = this.#tick();
  }

  /** Throws a WildfireError("socket") when one of the call's ports cannot be opened. */
  static async open(
    callId: CallId,
    shared: CallAudioShared,
    options: CallAudioOptions,
  ): Promise<CallAudio> {
    const { bind, clock } = shared;
    const replies = await ReplyPlayout.open({ ...options, callId, bind, clock });
    try {
      const uplink = await openUplink(callId, shared, options);
      return new CallAudio(shared, options, { callId, replies, uplink });
    } catch (error) {
      replies.close();
      throw error;
    }
  }

  /** Whether whisper is there. */
  get isConnected(): boolean {
    return this.#uplink.isConnected;
  }

  /** What the caller says: 16 kHz mono, -1..1; copied, and changed where it is the voice's echo. Never waits. */
  hear(samples: Float32Array): void {
    if (this.#isOver) return;
    this.#hasHeard = true;
    this.#recording?.fromCaller(samples);
    this.#levels.fromCaller(samples);
    const heard = this.#echo?.clean(samples) ?? samples;
    if (heard.length > 0) this.#uplink.write(heard);
  }

  /** The encoder's frames have another length from now on. */
  pace(frameMs: number): void {
    if (this.#isOver || frameMs === this.#frameMs) return;
    this.#frameMs = frameMs;
    this.#ticking.cancel();
    this.#ticking = this.#tick();
  }

  /** Nothing is played and nothing is lost. */
  hold(isOn: boolean): void {
    this.#replies.hold(isOn);
  }

  /** Time goes on, but the caller hears nothing. */
  mute(isOn: boolean): void {
    this.#replies.mute(isOn);
  }

  /** What is being said, and what waits, is forgotten within one frame. */
  interrupt(): void {
    this.#replies.interrupt();
  }

  /**
   * The call is over: frames, replies and their ports end at once. Resolves when whisper has
   * returned what it had heard, or the time for that is up; only then may the id be used again.
   */
  hangUp(): Promise<UplinkOutcome> {
    if (this.#isOver) return this.#uplink.finished;
    this.#isOver = true;
    this.#ticking.cancel();
    this.#replies.close();
    this.#recording?.finish();
    // Nobody waits for a whisper that is away and has missed nothing.
    if (!this.#hasHeard && !this.#uplink.isConnected) {
      this.#uplink.close();
      return this.#uplink.finished;
    }
    const limitMs = this.#shared.drainLimitMs ?? defaultDrainLimitMs;
    this.#drainLimit = this.#shared.clock.after(limitMs, () => this.#uplink.close());
    void this.#uplink.finished.then(() => this.#drainLimit?.cancel());
    return this.#uplink.finish();
  }

  /** Ends everything now; transcripts that are still to come are not waited for. */
  close(): void {
    void this.hangUp();
    this.#uplink.close();
  }

  #tick(): Ticking {
    const { ticker } = this.#shared;
    return ticker.add(this.#frameMs, (missed) => this.#play(missed));
  }

  #play(missed: number): void {
    const frame = this.#replies.next();
    const isSent = this.#line.play(frame, missed);
    const isHeard = isSent && frame !== undefined;
    this.#echo?.sent(isHeard, missed);
    this.#record(isHeard, missed);
    this.#levels.toCaller(isHeard ? this.#encoder.samples : undefined, this.#frameMs);
  }

  #record(isHeard: boolean, missed: number): void {
    const { samples, rateHz } = this.#encoder;
    const { length } = samples;
    if (missed > 0) this.#recording?.toCaller(undefined, missed * length, rateHz);
    this.#recording?.toCaller(isHeard ? samples : undefined, length, rateHz);
  }

  /** No private data. */
  status(): Record<string, unknown> {
    return {
      ...this.#uplink.status(),
      replies: this.#replies.status(),
      echo: this.#echo?.status(),
    };
  }
}

interface CallAudioParts {
  readonly callId: CallId;
  readonly replies: ReplyPlayout;
  readonly uplink: CallUplink;
}

function openUplink(
  callId: CallId,
  shared: CallAudioShared,
  { listener, log }: CallAudioOptions,
): Promise<CallUplink> {
  const { bind, whisperAddress, whisperPort, clock, control } = shared;
  const backlogSamples = ((shared.backlogMs ?? defaultBacklogMs) * callerAudioRateHz) / 1000;
  return CallUplink.open({
    callId,
    bind,
    whisperAddress,
    whisperPort,
    feed: new StreamFeed(backlogSamples),
    clock,
    log,
    control,
    onTranscript: (text) => listener.transcript(text),
  });
}
