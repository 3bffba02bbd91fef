/** One AudioSocket connection as a call: its sound both ways, its digits, and its end by either side. */
import { Resampler } from "../audio/resample.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Greeting } from "../outbound/playout.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../tcp-link.ts";
import {
  AudioSocketDecoder,
  type AudioSocketSink,
  encodeAudioSocketAudio,
  terminateFrame,
} from "../wire/audiosocket.ts";
import { callerAudioRateHz } from "../wire/audio-frames.ts";
import type { CallId } from "../wire/call-id.ts";
import type { CallAudio, CallAudioOptions } from "./call-audio.ts";
import type { CallAudioPool } from "./call-audio-pool.ts";
import type { LineFrameEncoder } from "./line-echo.ts";
import type { PhoneCallEvent, PhoneCallName } from "./phone-events.ts";

/** Sound to the exchange; it takes 8 kHz whatever rate it sends. */
export const replyRateHz = 8_000;
export const replyFrameMs = 20;
const frameBytes = (replyRateHz / 1000) * replyFrameMs * 2;
const silence = new Uint8Array(frameBytes);

/** What stands for the line: there are none to tell apart. */
export const audioSocketLine = "AudioSocket";

/** Linear samples of 16 bits, at a rate that the first frame tells. */
const codec = "L16";

/** A peer that connects must say which call it is within this time. */
const uuidLimitMs = 5000;
/** An exchange that does not read gets no more than this, half a second, in our own buffers. */
const maxPendingBytes = 25 * (frameBytes + 3);
/** Our terminate frame has this long to leave. */
export const lingerMs = 200;
/** Each new rate costs the design of a filter; no exchange changes it more often. */
const maxRateChanges = 8;
const fullScale = 32_768;

export interface AudioSocketCallListener {
  /** Of calls that have said which they are. Transcripts may come behind the end. */
  event(call: PhoneCallName, event: PhoneCallEvent): void;
  /** Told once; everything of the call is freed, but for transcripts that are still to come. */
  ended(): void;
}

export interface AudioSocketCallOptions {
  /** Of the calls of this service, since its start. */
  readonly number: number;
  readonly link: TcpLink;
  readonly pool: CallAudioPool;
  readonly makeEncoder: () => LineFrameEncoder;
  readonly greeting?: Greeting | undefined;
  readonly listener: AudioSocketCallListener;
  readonly clock: Clock;
  readonly log: Logger;
}

type State = "unnamed" | "opening" | "talking" | "over";
type EndedBy = Extract<PhoneCallEvent, { kind: "ended" }>["by"];

export class AudioSocketCall {
  readonly #options: AudioSocketCallOptions;
  readonly #decoder = new AudioSocketDecoder();
  readonly #frame = new Uint8Array(frameBytes + 3);
  readonly #counts = { framesIn: 0, framesOut: 0, framesDropped: 0, digits: 0, unknownFrames: 0 };
  #log: Logger;
  #state: State = "unnamed";
  #uuid = "";
  #upSinceMs: number | undefined;
  #audio: CallAudio | undefined;
  #uuidLimit: Timer | undefined;
  #linger: Timer | undefined;
  /** Sound that came in one piece with the UUID, before the call's sockets were open. */
  #early: Float32Array[] = [];
  #resampler: Resampler | undefined;
  #rateHz = 0;
  #rateChanges = 0;
  #samples = new Float32Array(0);

  constructor(options: AudioSocketCallOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#uuidLimit = options.clock.after(uuidLimitMs, () =>
      this.#breakOff("the peer did not say within 5 s which call it is"),
    );
  }

  /** As the exchange calls it, which may do so with several calls; empty before it is known. */
  get uuid(): string {
    return this.#uuid;
  }

  /** Names the call for the life of the service; empty before it is known. */
  get key(): string {
    return this.#uuid === "" ? "" : `${this.#uuid}-${this.#options.number}`;
  }

  /** The id under which whisper has the call; undefined while it is not up. */
  get callId(): CallId | undefined {
    return this.#state === "talking" ? this.#audio?.callId : undefined;
  }

  /** Since its sound was on the way to whisper; 0 before that. */
  get ageMs(): number {
    const nowMs = this.#options.clock.nowMs();
    return Math.round(nowMs - (this.#upSinceMs ?? nowMs));
  }

  /** For the connection. */
  handlers(): TcpHandlers {
    const sink = this.#sink();
    return {
      data: (bytes) => this.#decoder.push(bytes, sink),
      closed: (reason) => this.#closed(reason),
    };
  }

  /** We hang up, or have been told by the exchange to do so. */
  hangUp(reason: string, by: EndedBy = "us"): void {
    if (this.#state === "over") return;
    const { link, clock } = this.#options;
    // Before the end, which may be told at once.
    this.#linger = clock.after(lingerMs, () => link.destroy());
    this.#end(reason, by);
    link.write(terminateFrame);
    link.end();
  }

  status(): Record<string, unknown> {
    return {
      key: this.key,
      uuid: this.#uuid,
      peer: this.#options.link.remote,
      state: this.#state,
      rateHz: this.#rateHz,
      ...this.#counts,
      ...this.#audio?.status(),
    };
  }

  #sink(): AudioSocketSink {
    return {
      uuid: (uuid) => void this.#named(uuid),
      audio: (pcm, rateHz) => this.#hear(pcm, rateHz),
      digit: (digit) => this.#digit(digit),
      terminate: () => this.hangUp("the exchange hung up", "peer"),
      error: (code) => this.#log.warn("the exchange reports an error", { code }),
      unknown: (kind) => this.#unknown(kind),
      violation: (reason) => this.#breakOff(reason),
    };
  }

  async #named(uuid: string): Promise<void> {
    const { link, pool, log } = this.#options;
    this.#uuidLimit?.cancel();
    this.#uuid = uuid;
    this.#log = log.child({ key: this.key });
    this.#state = "opening";
    link.pause();
    this.#tell({ kind: "ringing" });
    try {
      const audio = await pool.open((callId) => this.#audioOptions(callId));
      if (this.#isOver()) await pool.hangUp(audio);
      else this.#opened(audio);
    } catch (error) {
      this.#breakOff(`the call cannot be taken: ${describeError(error)}`);
    }
  }

  /** Not a comparison in place: the state may have changed while something was waited for. */
  #isOver(): boolean {
    return this.#state === "over";
  }

  #audioOptions(callId: CallId): CallAudioOptions {
    const { makeEncoder, greeting, log } = this.#options;
    const callLog = log.child({ call: callId.text });
    return {
      line: { play: (frame) => this.#play(frame) },
      listener: {
        transcript: (text) => this.#tell({ kind: "transcript", text }),
        speaking: (waitMs) => this.#tell({ kind: "speaking", waitMs: Math.round(waitMs) }),
        played: ({ source, playedMs }) => this.#tell({ kind: "played", source, playedMs }),
        drained: () => this.#tell({ kind: "drained" }),
        recorded: (note) => this.#tell({ kind: "recorded", ...note }),
        levels: (note) => this.#tell({ kind: "levels", ...note }),
      },
      encoder: makeEncoder(),
      frameMs: replyFrameMs,
      greeting,
      log: callLog,
    };
  }

  #opened(audio: CallAudio): void {
    this.#audio = audio;
    this.#state = "talking";
    this.#log = this.#log.child({ call: audio.callId.text });
    this.#upSinceMs = this.#options.clock.nowMs();
    this.#log.info("call connected", { peer: this.#options.link.remote });
    this.#tell({ kind: "established", callId: audio.callId.text, codec });
    for (const samples of this.#early) audio.hear(samples);
    this.#early = [];
    this.#options.link.resume();
  }

  #hear(pcm: Int16Array, rateHz: number): void {
    this.#counts.framesIn += 1;
    if (rateHz !== this.#rateHz) this.#changeRate(rateHz);
    if (this.#isOver()) return;
    const samples = this.#convert(pcm);
    if (this.#audio !== undefined) this.#audio.hear(samples);
    else if (this.#state === "opening") this.#early.push(samples.slice());
  }

  /** A view of a reused buffer, valid until the next call. */
  #convert(pcm: Int16Array): Float32Array {
    if (this.#samples.length < pcm.length) this.#samples = new Float32Array(pcm.length);
    const samples = this.#samples.subarray(0, pcm.length);
    for (let index = 0; index < pcm.length; index += 1) {
      samples[index] = (pcm[index] ?? 0) / fullScale;
    }
    return this.#resampler?.process(samples) ?? samples;
  }

  #changeRate(rateHz: number): void {
    this.#rateChanges += 1;
    if (this.#rateChanges > maxRateChanges) {
      this.#breakOff(`the sample rate changed ${maxRateChanges} times, now to ${rateHz} Hz`);
      return;
    }
    this.#rateHz = rateHz;
    const isSame = rateHz === callerAudioRateHz;
    this.#resampler = isSame
      ? undefined
      : new Resampler({ fromHz: rateHz, toHz: callerAudioRateHz });
    this.#log.debug("sound of the caller", { rateHz });
    this.#tell({ kind: "media", codec: `${codec}/${rateHz}`, flow: "sendrecv" });
  }

  #play(frame: Uint8Array | undefined): boolean {
    const { link } = this.#options;
    const isTaken =
      link.pendingBytes < maxPendingBytes &&
      link.write(encodeAudioSocketAudio(frame ?? silence, replyRateHz, this.#frame));
    if (isTaken) this.#counts.framesOut += 1;
    else this.#counts.framesDropped += 1;
    return isTaken;
  }

  #digit(digit: string): void {
    this.#counts.digits += 1;
    this.#log.info("digit pressed", { private: { digit } });
    this.#tell({ kind: "digit", digit });
  }

  #tell(event: PhoneCallEvent): void {
    const { key, uuid: remote } = this;
    const callId = this.#audio?.callId.text;
    const id = callId === undefined ? {} : { callId };
    const name = {
      key,
      ...id,
      line: audioSocketLine,
      direction: "incoming",
      remote,
      name: "",
    } as const;
    this.#options.listener.event(name, event);
  }

  #unknown(kind: number): void {
    this.#counts.unknownFrames += 1;
    if (this.#counts.unknownFrames > 1) return;
    this.#log.info("frames of a kind that is not known are skipped", { kind });
  }

  #breakOff(reason: string): void {
    if (this.#state === "over") return;
    this.#log.warn("connection refused or broken off", {
      reason,
      peer: this.#options.link.remote,
    });
    this.hangUp(reason);
  }

  #closed(reason: TcpClose): void {
    this.#linger?.cancel();
    const by = reason.errno === undefined ? "peer" : "network";
    this.#end(reason.errno ?? `connection ${reason.kind}`, by);
  }

  #end(reason: string, by: EndedBy): void {
    if (this.#state === "over") return;
    const wasTalking = this.#state === "talking";
    this.#state = "over";
    this.#decoder.stop();
    this.#uuidLimit?.cancel();
    this.#early = [];
    if (this.#audio !== undefined) void this.#options.pool.hangUp(this.#audio);
    if (wasTalking) this.#log.info("call ended", { reason, ...this.#counts });
    const { listener } = this.#options;
    const durationMs = this.ageMs;
    const ended = { kind: "ended", by, status: undefined, reason, durationMs } as const;
    if (this.#uuid !== "") this.#tell({ ...ended, statistics: undefined });
    listener.ended();
  }
}
