/**
 * The outbound end of one call's replies: hears on UDP when the voice has audio, fetches it by TCP, as
 * often as the voice asks for it, hears what the caller does, and tells the voice what was played.
 */
import { sanitiseSamples } from "../audio/sanitise.ts";
import type { Clock } from "../core/clock.ts";
import { formatErrno } from "../core/errno.ts";
import { describeError, quote } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { RepeatedLog } from "../core/repeated-log.ts";
import { type ConnectAttempt, connectTcp } from "../tcp.ts";
import type { TcpClose, TcpHandlers, TcpLink } from "../tcp-link.ts";
import { openUdp, type UdpEndpoint } from "../udp.ts";
import { encodeHello } from "../wire/audio-frames.ts";
import type { CallId } from "../wire/call-id.ts";
import { readySignalPort, replyAudioPort } from "../wire/ports.ts";
import { parseRegistration } from "../wire/registration.ts";
import { ReplyAudioDecoder, type ReplyAudioSink } from "../wire/reply-audio.ts";
import { encodeReport } from "../wire/reports.ts";
import type { ReplyStream, StreamReport } from "./played-streams.ts";
import {
  nextReplyLinkState,
  RegisterWatch,
  type ReplyLinkInput,
  type ReplyLinkState,
} from "./reply-link-states.ts";

/** What a link tells; replies never overlap. */
export interface ReplyListener {
  /** The first audio of a reply is about to come. */
  replyBegan(stream: ReplyStream): void;
  /** Checked samples, -1..1: a view that is valid during the call only. */
  replySamples(samples: Float32Array, rateHz: number): void;
  /** The reply is complete, or its connection is lost. */
  replyEnded(): void;
  /** The caller started to talk; told twice for each time. */
  speech(): void;
  /** The caller stopped talking; told twice for each time. */
  silence(): void;
  /** The caller may have begun to talk; told twice for each time, as are all signals. */
  pause(): void;
  /** They had not. */
  resume(): void;
}

export interface ReplyLinkOptions {
  readonly callId: CallId;
  /** Address on which the voice announces its audio; the connection goes to whoever announces. */
  readonly bind: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: ReplyListener;
}

export interface ReplyLinkStatus {
  readonly state: ReplyLinkState;
  readonly isPaused: boolean;
  readonly registers: number;
  readonly byes: number;
  readonly connects: number;
  readonly failures: number;
  readonly replies: number;
  /** Times that the voice was told what was played. */
  readonly reports: number;
  readonly chunks: number;
  readonly repeatedChunks: number;
  readonly samples: number;
  /** NaN and infinities that became silence. */
  readonly replacedSamples: number;
  readonly violations: number;
  /** Datagrams that were no signal of this call. */
  readonly refused: number;
}

const connectLimitMs = 2000;
/** Nothing but HELLO is ever written. */
const maxPendingBytes = 8 * 1024;
/** A datagram may be lost. */
const sendings = 2;

export class ReplyLink {
  readonly #options: ReplyLinkOptions;
  readonly #repeated: RepeatedLog;
  readonly #watch = new RegisterWatch();
  readonly #counts = {
    registers: 0,
    byes: 0,
    connects: 0,
    failures: 0,
    replies: 0,
    reports: 0,
    chunks: 0,
    repeatedChunks: 0,
    samples: 0,
    replacedSamples: 0,
    violations: 0,
    refused: 0,
  };
  #endpoint: UdpEndpoint | undefined;
  #state: ReplyLinkState = "waiting";
  #attempt: ConnectAttempt | undefined;
  #link: TcpLink | undefined;
  #isPaused = false;
  #isInReply = false;
  /** Of the present connection. */
  #streams = 0;
  #rateHz = 0;
  /** Where the latest REGISTER came from. */
  #voice: { readonly address: string; readonly port: number } | undefined;

  private constructor(options: ReplyLinkOptions) {
    this.#options = options;
    this.#repeated = new RepeatedLog(options.log, options.clock);
  }

  /** Throws a WildfireError("socket") when the call's port cannot be opened. */
  static async open(options: ReplyLinkOptions): Promise<ReplyLink> {
    const link = new ReplyLink(options);
    try {
      link.#endpoint = await openUdp({
        hostname: options.bind,
        port: readySignalPort(options.callId),
        onDatagram: (bytes, address, port) => link.#signal(bytes, address, port),
        onError: (errno) => link.#socketError(errno),
      });
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  status(): ReplyLinkStatus {
    return { state: this.#state, isPaused: this.#isPaused, ...this.#counts };
  }

  /** Stops reading: TCP holds the voice back, and nothing is lost. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#link?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#watch.heard();
    this.#link?.resume();
  }

  /** Tells the voice, unless it has connected anew since: its numbers mean other replies then. */
  report({ stream, samples, waitMs, isOver }: StreamReport): void {
    const voice = this.#voice;
    if (voice === undefined || stream.connection !== this.#counts.connects) return;
    this.#counts.reports += 1;
    const bytes = encodeReport({
      kind: "played",
      callId: this.#options.callId,
      values: { stream: stream.number, samples, wait: waitMs, over: isOver ? 1 : 0 },
    });
    for (let sent = 0; sent < sendings; sent += 1) {
      this.#endpoint?.send(bytes, voice.port, voice.address);
    }
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#step("close");
    this.#repeated.close();
    this.#endpoint?.close();
    this.#attempt?.cancel();
    this.#endReply();
    const link = this.#link;
    this.#link = undefined;
    link?.destroy();
  }

  #signal(bytes: Uint8Array, address: string, port: number): void {
    if (this.#state === "closed") return;
    const signal = parseRegistration(bytes);
    if (signal.kind === "refused") {
      this.#refuse(`datagram refused: ${signal.reason}`, signal.quoted, address);
      return;
    }
    if (signal.callId.number !== this.#options.callId.number) {
      this.#refuse("signal for another call refused", quote(signal.callId.text), address);
      return;
    }
    switch (signal.kind) {
      case "register":
        this.#voice = { address, port };
        this.#registered(address);
        return;
      case "bye":
        // It overtakes audio on TCP: what is under way still counts.
        this.#counts.byes += 1;
        this.#step("ended");
        return;
      case "speech":
        this.#options.listener.speech();
        return;
      case "silence":
        this.#options.listener.silence();
        return;
      case "pause":
        this.#options.listener.pause();
        return;
      case "resume":
        this.#options.listener.resume();
        return;
    }
  }

  #refuse(message: string, datagram: string, from: string): void {
    this.#counts.refused += 1;
    this.#repeated.say("warn", message, () => ({ datagram, from }));
  }

  /** Only reports are sent: who does not want them is no trouble. */
  #socketError(errno: string): void {
    const level = errno === "ECONNREFUSED" ? "debug" : "warn";
    this.#repeated.say(level, "error on the port for reply signals", () => ({
      errno: formatErrno(errno),
    }));
  }

  #registered(address: string): void {
    this.#counts.registers += 1;
    const before = this.#state;
    // While we do not read, we cannot know whether the peer has sent something.
    const isIgnored = !this.#isPaused && this.#watch.register(this.#options.clock.nowMs());
    this.#step(before === "open" && isIgnored ? "ignored" : "register");
    if (this.#state === "connecting" && before !== "connecting") this.#connect(address);
  }

  #step(input: ReplyLinkInput): void {
    this.#state = nextReplyLinkState(this.#state, input);
  }

  #connect(address: string): void {
    const { callId, clock } = this.#options;
    const peer: Peer = {};
    const attempt = connectTcp(
      {
        hostname: address,
        port: replyAudioPort(callId),
        timeoutMs: connectLimitMs,
        clock,
        maxPendingBytes,
      },
      this.#handlers(peer),
    );
    this.#attempt = attempt;
    attempt.link.then(
      (link) => this.#opened(link, peer),
      (error: unknown) => this.#failed(describeError(error)),
    );
  }

  #opened(link: TcpLink, peer: Peer): void {
    this.#attempt = undefined;
    if (this.#state !== "connecting") {
      link.destroy();
      return;
    }
    // It may be over before its opening was told.
    if (peer.fault !== undefined) {
      link.destroy();
      this.#failed(peer.fault);
      return;
    }
    peer.link = link;
    const stale = this.#link;
    this.#link = link;
    if (stale !== undefined) this.#endReply();
    stale?.destroy();
    this.#counts.connects += 1;
    this.#streams = 0;
    this.#watch.heard();
    this.#step("opened");
    link.write(encodeHello(this.#options.callId.text));
    if (this.#isPaused) link.pause();
    this.#options.log.info("connected to the voice", {
      peer: link.remote,
      connects: this.#counts.connects,
    });
  }

  #failed(reason: string): void {
    this.#attempt = undefined;
    if (this.#state !== "connecting") return;
    this.#counts.failures += 1;
    this.#step("failed");
    this.#repeated.say("warn", "the voice announced audio but cannot be reached", () => ({
      reason,
    }));
  }

  #handlers(peer: Peer): TcpHandlers {
    const decoder = new ReplyAudioDecoder();
    const sink = this.#sink(peer);
    return {
      data: (bytes) => decoder.push(bytes, sink),
      closed: (reason) => this.#lost(peer, reason),
    };
  }

  #sink(peer: Peer): ReplyAudioSink {
    const { listener } = this.#options;
    return {
      chunk: ({ rateHz }) => {
        this.#counts.chunks += 1;
        this.#rateHz = rateHz;
        this.#beginReply();
      },
      samples: (samples) => {
        this.#watch.heard();
        this.#counts.samples += samples.length;
        this.#counts.replacedSamples += sanitiseSamples(samples);
        listener.replySamples(samples, this.#rateHz);
      },
      repeated: ({ chunkId }) => {
        this.#watch.heard();
        this.#counts.repeatedChunks += 1;
        this.#repeated.say("warn", "chunk dropped: its number came before", () => ({ chunkId }));
      },
      end: () => {
        this.#endReply();
        this.#step("ended");
      },
      violation: (reason) => {
        this.#counts.violations += 1;
        this.#repeated.say("warn", "the voice broke the protocol, closing its connection", () => ({
          reason,
        }));
        peer.fault = reason;
        peer.link?.destroy();
      },
    };
  }

  #lost(peer: Peer, reason: TcpClose): void {
    peer.fault ??= describeClose(reason);
    if (peer.link === undefined || this.#link !== peer.link) return;
    this.#link = undefined;
    this.#endReply();
    this.#step("lost");
    this.#options.log.debug("connection of the voice is over", { reason: peer.fault });
  }

  #beginReply(): void {
    this.#step("resumed");
    if (this.#isInReply) return;
    this.#isInReply = true;
    this.#counts.replies += 1;
    this.#streams += 1;
    this.#options.listener.replyBegan({
      connection: this.#counts.connects,
      number: this.#streams,
    });
  }

  #endReply(): void {
    if (!this.#isInReply) return;
    this.#isInReply = false;
    this.#options.listener.replyEnded();
  }
}

/** One connection, as its handlers know it. */
interface Peer {
  link?: TcpLink;
  /** Why it is over. */
  fault?: string;
}

function describeClose(reason: TcpClose): string {
  return reason.errno === undefined ? `connection ${reason.kind}` : formatErrno(reason.errno);
}
