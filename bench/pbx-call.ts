/** One call of the small PBX: what it says, what it hears, and what it can be told to do. */
import { encodeALaw, encodeMuLaw } from "../src/audio/g711.ts";
import { CallMedia } from "../src/call/media/call-media.ts";
import type { RtpFrame } from "../src/call/rtp/rtp-receiver.ts";
import type { RtpSession } from "../src/call/rtp/rtp-session.ts";
import type { RtpStatistics } from "../src/call/rtp/rtp-statistics.ts";
import type { AudioCodec, NegotiatedMedia } from "../src/call/sdp/negotiated-media.ts";
import type { NameAddress, SipHeader, SipRequest } from "../src/call/sip/message/sip-message.ts";
import type { TransactionLayer } from "../src/call/sip/transaction/transaction-layer.ts";
import type { SipFlow } from "../src/call/sip/transport/sip-flow.ts";
import type { ChangeOutcome } from "../src/call/sip/user-agent/renegotiation.ts";
import type { CallEnd, SipCall, SipCallEvents } from "../src/call/sip/user-agent/sip-call.ts";
import type { FrameTicker, Ticking } from "../src/services/frame-ticker.ts";

const frameMs = 20;
const frameSamples = 160;
const silentFrames: Readonly<Record<AudioCodec, Uint8Array>> = {
  PCMU: encodeMuLaw(new Float32Array(frameSamples)),
  PCMA: encodeALaw(new Float32Array(frameSamples)),
  G722: new Uint8Array(frameSamples),
};
/** Far above what the call itself counts, so that requests from outside of it have numbers of their own. */
const firstForeignNumber = 2_000_000_000;

export interface PbxCallOptions {
  /** Where the other side shall send its sound. */
  readonly host: string;
  readonly rtp: RtpSession;
  readonly ticker: FrameTicker;
  readonly codecs: readonly AudioCodec[];
  /** Mu-law, over and over. */
  readonly frames: readonly Uint8Array[] | undefined;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** How the other side is reached. */
export interface PbxPeer {
  readonly contact: NameAddress;
  readonly flow: SipFlow;
  readonly layer: TransactionLayer;
}

/** One packet of sound as it came. */
export interface HeardPacket {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly arrivalMs: number;
  readonly payload: Uint8Array;
}

/** What is between the call and whoever speaks and listens at the PBX. */
export interface PbxLine {
  /** A frame of the other side came; `timestamp` is of 32 bits, 8,000 a second. */
  heard(frame: Uint8Array, timestamp: number): void;
  /** What is sent in place of this frame, of the same codec and length; nothing was for `missed` frames. */
  send(frame: Uint8Array, missed: number): Uint8Array;
}

export interface PbxRequest {
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

interface Saying {
  readonly frames: readonly Uint8Array[];
  at: number;
  readonly said: () => void;
}

export class PbxCall {
  readonly media: CallMedia;
  /** Resolves when the call is up; rejects when it is refused. */
  readonly up: Promise<void>;
  /** Resolves when the call is over, whoever ended it. */
  readonly ended: Promise<CallEnd>;
  /** Told when each packet of sound arrives. */
  onFrame: ((arrivalMs: number) => void) | undefined;
  /** Kept from the moment on at which somebody puts a list here. */
  packets: HeardPacket[] | undefined;
  /** None unless somebody puts one here. */
  line: PbxLine | undefined;
  /** Keys that the other side pressed. */
  digits = "";
  /** When the call came up, by the clock of `arrivalMs`. */
  upAtMs = 0;
  readonly #options: PbxCallOptions;
  readonly #up = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<CallEnd>();
  #sip: SipCall | undefined;
  #peer: PbxPeer | undefined;
  #ticking: Ticking | undefined;
  #saying: Saying | undefined;
  #at = 0;
  #foreignNumber = firstForeignNumber;

  constructor(options: PbxCallOptions) {
    const { host, rtp, codecs, randomBytes } = options;
    this.#options = options;
    this.up = this.#up.promise;
    this.ended = this.#over.promise;
    // Not everybody waits for it.
    this.up.catch(() => undefined);
    this.media = new CallMedia({
      settings: {
        codecs,
        order: "ours",
        ptimeMs: frameMs,
        comfortNoise: false,
        rtcpMux: false,
        srtp: "off",
        randomBytes,
      },
      address: () => host,
      rtpPort: rtp.rtpPort,
      rtcpPort: rtp.rtcpPort,
      onAgreed: (media) => rtp.configure(media),
    });
  }

  attach(sip: SipCall, peer: PbxPeer): SipCallEvents {
    this.#sip = sip;
    this.#peer = peer;
    this.#ticking = this.#options.ticker.add(frameMs, (missed) => this.#send(missed));
    return {
      established: () => {
        this.upAtMs = performance.now();
        this.#up.resolve();
      },
      digit: ({ digit }) => this.pressed(digit),
      ended: (end) => {
        this.goSilent();
        this.#up.reject(new Error(`the call was refused: ${end.status ?? ""} ${end.reason}`));
        this.#over.resolve(end);
      },
    };
  }

  /** Undefined before the peer has answered. */
  get agreed(): NegotiatedMedia | undefined {
    return this.media.agreed;
  }

  get rtpPort(): number {
    return this.#options.rtp.rtpPort;
  }

  heard(frame: RtpFrame): void {
    this.onFrame?.(frame.arrivalMs);
    this.line?.heard(frame.payload, frame.timestamp);
    if (this.packets === undefined) return;
    const { sequence, timestamp, payloadType, marker, arrivalMs } = frame;
    const payload = frame.payload.slice();
    this.packets.push({ sequence, timestamp, payloadType, marker, arrivalMs, payload });
  }

  pressed(digit: string): void {
    this.digits += digit;
  }

  statistics(): RtpStatistics {
    return this.#options.rtp.statistics();
  }

  /** 8 kHz, -1..1, once, in the codec that was agreed; resolves when the last of it is out. */
  async say(samples: Float32Array): Promise<void> {
    const encode = this.agreed?.codec === "PCMA" ? encodeALaw : encodeMuLaw;
    const frames: Uint8Array[] = [];
    for (let at = 0; at < samples.length; at += frameSamples) {
      const frame = new Float32Array(frameSamples);
      frame.set(samples.subarray(at, at + frameSamples));
      frames.push(encode(frame));
    }
    await new Promise<void>((said) => {
      this.#saying = { frames, at: 0, said };
    });
  }

  sendDigits(digits: string): boolean {
    return this.#options.rtp.sendDigits(digits);
  }

  async setHeld(isHeld: boolean): Promise<ChangeOutcome> {
    const held = this.#sip?.setHeld(isHeld);
    if (held === undefined) throw new Error("the call is not up");
    return await held;
  }

  /**
   * A request within the call; resolves to the status of its answer. The other side's count of requests
   * moves on, so that the PBX cannot end the call in order afterwards.
   */
  async request(method: string, { headers, body }: PbxRequest): Promise<number> {
    const request = this.#foreignRequest(method, { headers, body });
    const { layer, flow } = this.#requirePeer();
    return await new Promise((resolve, reject) => {
      layer.request(request, flow, {
        provisional: () => undefined,
        final: ({ status }) => resolve(status),
        timedOut: () => reject(new Error(`nobody answers ${method}`)),
        failed: (errno) => reject(new Error(`${method} cannot be sent: ${errno}`)),
      });
    });
  }

  /** Neither RTP nor RTCP any more, while the signalling lives on. */
  goSilent(): void {
    this.#ticking?.cancel();
    this.#options.rtp.close();
  }

  hangUp(): void {
    this.#sip?.hangUp();
  }

  #foreignRequest(method: string, { headers, body }: PbxRequest): SipRequest {
    const { contact, flow } = this.#requirePeer();
    const [callId = "", ...tags] = (this.#sip?.replaces ?? "").split(";");
    const tag = (name: string): string =>
      tags.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    this.#foreignNumber += 1;
    const own: NameAddress = {
      displayName: undefined,
      uri: {
        scheme: "sip",
        user: "pbx",
        password: undefined,
        host: flow.local.address,
        port: flow.local.port,
        parameters: new Map(),
        headers: undefined,
      },
      parameters: new Map([["tag", tag("from-tag")]]),
    };
    return {
      kind: "request",
      method,
      uri: contact.uri,
      via: [],
      from: own,
      to: { ...contact, parameters: new Map([["tag", tag("to-tag")]]) },
      callId,
      cseq: { number: this.#foreignNumber, method },
      contacts: [{ ...own, parameters: new Map() }],
      recordRoutes: [],
      routes: [],
      maxForwards: 70,
      headers,
      body: new TextEncoder().encode(body),
    };
  }

  #requirePeer(): PbxPeer {
    if (this.#peer === undefined) throw new Error("the call has no peer");
    return this.#peer;
  }

  #send(missed: number): void {
    const frame = this.#nextFrame();
    if (frame === undefined) return;
    const { rtp } = this.#options;
    // On a line time goes on while the PBX stands still; without one, what is said stays in one piece.
    if (this.line !== undefined && missed > 0) rtp.skip(missed * frameSamples);
    rtp.send(this.line?.send(frame, missed) ?? frame, frameSamples);
  }

  #nextFrame(): Uint8Array | undefined {
    const saying = this.#saying;
    if (saying !== undefined && this.agreed !== undefined) {
      const frame = saying.frames[saying.at];
      saying.at += 1;
      if (frame !== undefined) return frame;
      this.#saying = undefined;
      saying.said();
    }
    const { frames } = this.#options;
    if (frames === undefined) return silentFrames[this.agreed?.codec ?? "PCMU"];
    this.#at += 1;
    return frames[(this.#at - 1) % frames.length];
  }
}
