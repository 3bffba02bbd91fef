/**
 * The inbound end of one call: announces it, serves its audio to whisper, takes the transcripts that
 * come back, and starts over from the first sound that is not settled when whisper goes away.
 */
import type { Clock, Timer } from "../core/clock.ts";
import { quote } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { SocketControl } from "../core/socket-control.ts";
import { listenTcp, type TcpServer } from "../tcp.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../tcp-link.ts";
import { encodeAudioChunk, encodeHello, endMarker } from "../wire/audio-frames.ts";
import type { CallId } from "../wire/call-id.ts";
import { callerAudioPort } from "../wire/ports.ts";
import { TextFrameDecoder, type TextFrameSink } from "../wire/text-frames.ts";
import { Announcer } from "./announcer.ts";
import type { AudioFeed } from "./audio-feed.ts";

export interface UplinkOptions {
  readonly callId: CallId;
  /** Address on which whisper finds the audio. */
  readonly bind: string;
  readonly whisperAddress: string;
  readonly whisperPort: number;
  readonly feed: AudioFeed;
  readonly clock: Clock;
  readonly log: Logger;
  readonly control?: SocketControl | undefined;
  /** Each final transcript that comes back, never empty. */
  readonly onTranscript: (text: string) => void;
}

export interface UplinkOutcome {
  /** Whether whisper has answered for everything that it was sent. */
  readonly isComplete: boolean;
  readonly connects: number;
  readonly transcripts: number;
  readonly droppedSamples: number;
}

/** Bytes that may wait in our own buffers: about a second of sound, and never less than a chunk. */
const highWaterBytes = 64 * 1024;
const maxPendingBytes = 1 << 20;
/** A legacy whisper may drop what it is decoding when BYE comes, so it gets this head start. */
const byeDelayMs = 5000;
const finishLimitMs = 30_000;
/** After this many connections in a row that settled nothing the peer is one that never does. */
const maxFruitlessConnects = 1;

export class CallUplink {
  readonly #options: UplinkOptions;
  readonly #announcer: Announcer;
  readonly #server: TcpServer;
  #frame = new Uint8Array(0);
  readonly #finished = Promise.withResolvers<UplinkOutcome>();
  readonly #timers: Timer[] = [];
  #link: TcpLink | undefined;
  #connects = 0;
  #transcripts = 0;
  #fruitless = 0;
  #isInputEnded = false;
  #isEndSent = false;
  #isByeSent = false;
  #isClosed = false;

  private constructor(options: UplinkOptions, announcer: Announcer) {
    this.#options = options;
    this.#announcer = announcer;
    this.#server = listenTcp({
      hostname: options.bind,
      port: callerAudioPort(options.callId),
      maxPendingBytes,
      control: options.control,
      accept: (link) => this.#accept(link),
    });
  }

  /** Throws a WildfireError("socket") when the call's port cannot be opened. */
  static async open(options: UplinkOptions): Promise<CallUplink> {
    const { callId, whisperAddress: address, whisperPort: port, clock, log } = options;
    const announcer = await Announcer.open({ callId, address, port, clock, log });
    try {
      const uplink = new CallUplink(options, announcer);
      announcer.start();
      return uplink;
    } catch (error) {
      announcer.close();
      throw error;
    }
  }

  /** Resolves when the call is over on our side; after `finish` within its time limit. */
  get finished(): Promise<UplinkOutcome> {
    return this.#finished.promise;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  status(): Record<string, unknown> {
    return {
      callId: this.#options.callId.text,
      connected: this.isConnected,
      connects: this.#connects,
      registers: this.#announcer.count,
      transcripts: this.#transcripts,
      unsettled: this.#options.feed.unsettled,
      droppedSamples: this.#options.feed.droppedSamples,
    };
  }

  /** Live sound of the caller, 16 kHz mono. Never waits; sound for an absent whisper is kept. */
  write(samples: Float32Array): void {
    this.#options.feed.append(samples);
    this.#pump();
  }

  /** The caller has hung up: sends the rest, waits for the transcripts, says BYE. */
  finish(): Promise<UplinkOutcome> {
    if (!this.#isInputEnded && !this.#isClosed) {
      this.#isInputEnded = true;
      this.#options.feed.endInput();
      this.#pump();
      this.#timers.push(
        this.#options.clock.after(byeDelayMs, () => {
          if (this.#isEndSent) this.#sayBye();
        }),
        this.#options.clock.after(finishLimitMs, () => this.close()),
      );
    }
    return this.finished;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sayBye();
    for (const timer of this.#timers) timer.cancel();
    this.#announcer.close();
    this.#server.stop(false);
    // Forgotten first: its end may be reported at once, and is no loss to recover from.
    const link = this.#link;
    this.#link = undefined;
    link?.end();
    const { feed } = this.#options;
    this.#finished.resolve({
      isComplete: this.#isEndSent && feed.unsettled === 0,
      connects: this.#connects,
      transcripts: this.#transcripts,
      droppedSamples: feed.droppedSamples,
    });
  }

  #accept(link: TcpLink): TcpHandlers {
    // The newest connection is the living one: an older one belongs to a whisper that went away.
    const stale = this.#link;
    this.#link = undefined;
    stale?.destroy();
    this.#announcer.stop();
    this.#connects += 1;
    this.#isEndSent = false;
    this.#options.feed.rewind();
    this.#options.log.info("whisper connected", {
      peer: link.remote,
      connects: this.#connects,
      registers: this.#announcer.count,
    });
    this.#link = link;
    link.write(encodeHello(this.#options.callId.text));
    this.#pump();
    return this.#handlers(link);
  }

  #handlers(link: TcpLink): TcpHandlers {
    const decoder = new TextFrameDecoder({ expectHello: false, zeroMeans: "empty-text" });
    const sink: TextFrameSink = {
      hello: () => undefined,
      text: (text) => this.#transcribed(text),
      position: (samples) => {
        if (this.#settledBefore(samples)) return;
        decoder.stop();
        this.#violated(`position ${samples} is beyond what was sent`);
      },
      bye: () => this.#allSettled(),
      close: () => undefined,
      violation: (reason) => this.#violated(reason),
    };
    return {
      data: (bytes) => decoder.push(bytes, sink),
      drained: () => this.#pump(),
      closed: (reason) => {
        if (this.#link === link) this.#lost(reason);
      },
    };
  }

  #transcribed(text: string): void {
    this.#fruitless = 0;
    this.#options.feed.settle();
    if (text !== "") {
      this.#transcripts += 1;
      this.#options.onTranscript(text);
    }
    this.#sayByeWhenSettled();
  }

  #settledBefore(positionSamples: number): boolean {
    if (!this.#options.feed.settleBefore(positionSamples)) return false;
    if (positionSamples > 0) this.#fruitless = 0;
    this.#sayByeWhenSettled();
    return true;
  }

  /** Whisper has heard the end and has nothing more to say, wherever it cut what it heard. */
  #allSettled(): void {
    if (!this.#isEndSent) return;
    this.#options.feed.settleAll();
    this.#sayByeWhenSettled();
  }

  #violated(reason: string): void {
    const fields = { reason: quote(reason, 200) };
    this.#options.log.warn("whisper sent something that is no transcript", fields);
  }

  #lost(reason: TcpClose): void {
    this.#link = undefined;
    this.#fruitless += 1;
    const { feed, log } = this.#options;
    feed.rewind();
    const isDone =
      this.#isEndSent && (feed.unsettled === 0 || this.#fruitless > maxFruitlessConnects);
    if (isDone) {
      this.close();
      return;
    }
    log.warn("whisper went away, registering again", {
      reason: reason.errno ?? reason.kind,
      unsettled: feed.unsettled,
    });
    this.#announcer.start();
  }

  #pump(): void {
    const link = this.#link;
    if (link === undefined) return;
    let block = link.pendingBytes < highWaterBytes ? this.#options.feed.next() : undefined;
    while (block !== undefined) {
      const frameBytes = 4 + 4 * block.length;
      if (this.#frame.length < frameBytes) this.#frame = new Uint8Array(frameBytes);
      link.write(encodeAudioChunk(block, this.#frame));
      block = link.pendingBytes < highWaterBytes ? this.#options.feed.next() : undefined;
    }
    const isAllSent = link.pendingBytes < highWaterBytes;
    if (this.#isInputEnded && isAllSent && !this.#isEndSent) this.#sendEnd(link);
  }

  #sendEnd(link: TcpLink): void {
    this.#isEndSent = true;
    link.write(endMarker);
    this.#options.log.debug("end marker sent", { unsettled: this.#options.feed.unsettled });
    this.#sayByeWhenSettled();
  }

  #sayByeWhenSettled(): void {
    if (this.#isEndSent && this.#options.feed.unsettled === 0) this.#sayBye();
  }

  #sayBye(): void {
    if (this.#isByeSent) return;
    this.#isByeSent = true;
    this.#announcer.bye();
  }
}
