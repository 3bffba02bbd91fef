/** The sound of one telephone call: RTP on one side, whisper and the voice on the other. */
import type { PacketFormat } from "../audio/jitter-buffer-slots.ts";
import { CallerSound } from "../audio/caller-sound.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { CallMedia, type MediaSettings } from "../call/media/call-media.ts";
import { type NegotiatedMedia, sends } from "../call/sdp/negotiated-media.ts";
import type { RtpPortPool } from "../call/rtp/port-pool.ts";
import type { RtpFrame } from "../call/rtp/rtp-receiver.ts";
import { RtpSession } from "../call/rtp/rtp-session.ts";
import type { RtpStatistics } from "../call/rtp/rtp-statistics.ts";
import type { Greeting } from "../outbound/playout.ts";
import type { PlayedReport } from "../outbound/played-spans.ts";
import type { CallAudio } from "./call-audio.ts";
import type { CallAudioPool } from "./call-audio-pool.ts";
import type { LevelNote } from "./call-levels.ts";
import type { RecordingNote } from "./call-recording.ts";
import type { FrameTicker, Ticking } from "./frame-ticker.ts";
import { LineEncoder } from "./line-encoder.ts";

/** What all calls of the service share. */
export interface PhoneSoundShared {
  readonly clock: Clock;
  readonly ticker: FrameTicker;
  readonly pool: CallAudioPool;
  readonly ports: RtpPortPool;
  /** IP address that RTP is bound to; undefined for all of the family that the call uses. */
  readonly bind: string | undefined;
  readonly media: MediaSettings;
  readonly isStrict: boolean;
  /** Without RTP and RTCP for so long the peer is taken for dead; 0: never. */
  readonly deadPeerMs: number;
  readonly greeting: Greeting | undefined;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

export interface PhoneSoundListener {
  digit(digit: string): void;
  transcript(text: string): void;
  /** A reply's first frame goes to the line, so long after its first sample came. */
  speaking(waitMs: number): void;
  played(report: PlayedReport): void;
  drained(): void;
  /** The call's sound is kept. */
  recorded(note: RecordingNote): void;
  /** How loud both are, four times a second. */
  levels(note: LevelNote): void;
  /** What was agreed, for the first time or anew. */
  agreed(media: NegotiatedMedia): void;
  /** Neither RTP nor RTCP for too long. */
  dead(silentMs: number): void;
}

export interface PhoneSoundOptions {
  readonly shared: PhoneSoundShared;
  /** The address that the peer shall send to. */
  readonly address: () => string;
  readonly listener: PhoneSoundListener;
  readonly log: Logger;
}

const pullEveryMs = 20;
/** A quarter of the shortest useful limit. */
const watchEveryMs = 1000;
const samplesPerMs = 8;
/** The most that the jitter buffer waits for a packet. */
const longestWaitMs = 200;

export class PhoneSound {
  readonly media: CallMedia;
  readonly #options: PhoneSoundOptions;
  readonly #rtp: RtpSession;
  readonly #caller: CallerSound;
  readonly #encoder = new LineEncoder("PCMU", 20);
  /** Reused for each packet. */
  readonly #header = { sequence: 0, timestamp: 0, payloadStart: 0, payloadEnd: 0 };
  readonly #formats = new Map<number, PacketFormat>();
  readonly #watch: Timer;
  #audio: CallAudio | undefined;
  #pulling: Ticking | undefined;
  #ptimeMs = 20;
  #isTalking = false;
  #isUp = false;
  #isHeld = false;
  #listensSinceMs: number;
  #isClosed = false;

  private constructor(options: PhoneSoundOptions, rtp: RtpSession) {
    const { shared, address } = options;
    this.#options = options;
    this.#rtp = rtp;
    this.#caller = new CallerSound({ random: shared.random });
    this.#listensSinceMs = shared.clock.nowMs();
    this.media = new CallMedia({
      settings: shared.media,
      address,
      rtpPort: rtp.rtpPort,
      rtcpPort: rtp.rtcpPort,
      onAgreed: (media) => this.#agreed(media),
    });
    this.#watch = shared.clock.every(watchEveryMs, () => this.#look());
  }

  /** Throws a WildfireError("socket") when there are no RTP ports. */
  static async open(options: PhoneSoundOptions): Promise<PhoneSound> {
    const { clock, ports, bind, isStrict, random, randomBytes } = options.shared;
    let sound: PhoneSound | undefined;
    const rtp = await RtpSession.open({
      hostname: bind ?? (options.address().includes(":") ? "::" : "0.0.0.0"),
      pool: ports,
      clock,
      random,
      randomBytes,
      isStrict,
      handlers: {
        onFrame: (frame) => sound?.receive(frame),
        onDigit: (digit) => options.listener.digit(digit),
        onRestart: () => sound?.restart(),
        onBye: () => options.log.debug("the peer's sound has ended"),
      },
    });
    sound = new PhoneSound(options, rtp);
    return sound;
  }

  /** Joins the call to whisper and the voice; throws a WildfireError when that cannot be. */
  async connect(): Promise<void> {
    const { shared, listener, log } = this.#options;
    const { pool, greeting } = shared;
    const audio = await pool.open((callId) => ({
      line: { play: (frame, missed) => this.#play(frame, missed) },
      listener: {
        transcript: (text) => listener.transcript(text),
        speaking: (waitMs) => listener.speaking(waitMs),
        played: (report) => listener.played(report),
        drained: () => listener.drained(),
        recorded: (note) => listener.recorded(note),
        levels: (note) => listener.levels(note),
      },
      encoder: this.#encoder,
      frameMs: this.#ptimeMs,
      greeting,
      log: log.child({ call: callId.text }),
    }));
    if (this.#isClosed) {
      void pool.hangUp(audio);
      return;
    }
    this.#audio = audio;
    audio.pace(this.#ptimeMs);
    this.#pauseReplies();
    this.#pulling = shared.ticker.add(pullEveryMs, () => this.#pull());
  }

  /** The id under which whisper and the voice know the call; undefined before it is connected. */
  get callId(): string | undefined {
    return this.#audio?.callId.text;
  }

  /** Both sides know that the call is up: who is greeted before may not listen yet. */
  start(): void {
    this.#isUp = true;
    this.#pauseReplies();
  }

  /** On hold by us, the peer hears nothing, and misses nothing. */
  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#pauseReplies();
  }

  /** False when the peer takes no digits by RTP. */
  sendDigits(digits: string): boolean {
    return this.#rtp.sendDigits(digits);
  }

  statistics(): RtpStatistics {
    return this.#rtp.statistics();
  }

  /** No private data. */
  status(): Record<string, unknown> {
    const { waitMs, counters } = this.#caller;
    const { codec, ptimeMs, direction, srtp } = this.media.agreed ?? {};
    return {
      codec,
      ptimeMs,
      flow: direction,
      srtp: srtp?.suite,
      rtp: this.#rtp.statistics(),
      jitterBuffer: { waitMs, ...counters },
      ...this.#audio?.status(),
    };
  }

  /** Frees ports, timers and sockets; transcripts that are still to come reach whoever waits for them. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.cancel();
    this.#pulling?.cancel();
    // What is missing now will never come: the sound behind it counts all the same.
    this.#pull(longestWaitMs);
    this.#rtp.close();
    if (this.#audio !== undefined) void this.#options.shared.pool.hangUp(this.#audio);
  }

  #agreed(media: NegotiatedMedia): void {
    const { shared, listener } = this.#options;
    this.#formats.clear();
    for (const { payloadType, codec } of media.receivable) this.#formats.set(payloadType, codec);
    if (media.comfortNoise !== undefined) this.#formats.set(media.comfortNoise, "CN");
    if (media.telephoneEvent !== undefined) this.#formats.set(media.telephoneEvent, "event");
    this.#ptimeMs = media.ptimeMs;
    this.#encoder.configure(media.codec, media.ptimeMs);
    this.#audio?.pace(media.ptimeMs);
    this.#rtp.configure(media);
    this.#pauseReplies();
    this.#listensSinceMs = shared.clock.nowMs();
    listener.agreed(media);
  }

  /** What is said while the peer cannot hear it would be lost. */
  #pauseReplies(): void {
    const media = this.media.agreed;
    const isListening = this.#isUp && media !== undefined && sends(media.direction);
    this.#audio?.hold(!isListening || this.#isHeld);
  }

  /** A packet of the peer. */
  receive({ sequence, timestamp, payload, payloadType, arrivalMs }: RtpFrame): void {
    const format = this.#formats.get(payloadType);
    if (format === undefined) return;
    const header = this.#header;
    header.sequence = sequence;
    header.timestamp = timestamp;
    header.payloadEnd = payload.length;
    this.#caller.receive(header, payload, arrivalMs, format);
    // What is in order need not wait for the next tick, which is there for what does not come.
    this.#pull();
  }

  /** The peer's packets are numbered anew. */
  restart(): void {
    this.#caller.restart();
  }

  #pull(aheadMs = 0): void {
    const audio = this.#audio;
    if (audio === undefined) return;
    const nowMs = this.#options.shared.clock.nowMs() + aheadMs;
    let samples = this.#caller.pull(nowMs);
    while (samples !== undefined) {
      audio.hear(samples);
      samples = this.#caller.pull(nowMs);
    }
  }

  /** Silence is sent too: it keeps NATs open, and PBXs hang up on lines that send nothing. */
  #play(frame: Uint8Array | undefined, missed: number): boolean {
    const samples = this.#ptimeMs * samplesPerMs;
    if (missed > 0) this.#rtp.skip(missed * samples);
    // RFC 3551 section 4.1: the first packet after silence is marked.
    const isFirst = frame !== undefined && !this.#isTalking;
    this.#isTalking = frame !== undefined;
    this.#rtp.send(frame ?? this.#encoder.silence, samples, isFirst);
    return !this.#rtp.isSendingDigits;
  }

  #look(): void {
    const { shared, listener } = this.#options;
    const media = this.media.agreed;
    // Who holds the call may be silent for as long as it likes.
    if (shared.deadPeerMs === 0 || media?.direction !== "sendrecv") {
      this.#listensSinceMs = shared.clock.nowMs();
      return;
    }
    const since = Math.max(this.#rtp.lastHeardMs, this.#listensSinceMs);
    const silentMs = shared.clock.nowMs() - since;
    if (silentMs >= shared.deadPeerMs) listener.dead(silentMs);
  }
}
