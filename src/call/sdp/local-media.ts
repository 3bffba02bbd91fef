/** What we can and want to do with the sound of a call, before the peer is asked. */
import type { LocalOrigin } from "./local-origin.ts";
import type { AudioCodec, Direction, NegotiatedMedia } from "./negotiated-media.ts";
import type { MediaLine, MediaProfile } from "./session-description.ts";

export interface LocalMedia {
  /** Where the peer shall send to: the advertised address where one is set. */
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** In our order of preference. */
  readonly codecs: readonly AudioCodec[];
  /** Whose order counts when we answer. */
  readonly order: "theirs" | "ours";
  /** For a peer that does not say what it wants. */
  readonly ptimeMs: number;
  /** What we want, of which the peer may allow less. */
  readonly direction: Direction;
  readonly comfortNoise: boolean;
  /** Agree to RTCP on the RTP port, and offer it. */
  readonly rtcpMux: boolean;
  /** off: never; accepted: where the peer asks for it; required: nothing else is offered or taken. */
  readonly srtp: "off" | "accepted" | "required";
  readonly origin: LocalOrigin;
  /** Cryptographically strong: it makes SRTP keys. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** What stands at the moment, when this is not the first exchange of the call. */
  readonly earlier?: NegotiatedSession;
}

/** The state after an offer and its answer. */
export interface NegotiatedSession {
  readonly media: NegotiatedMedia;
  /** The m= lines as they stand; later offers must keep their number and order. */
  readonly lines: readonly MediaLine[];
  /** Which of them is the audio stream. */
  readonly index: number;
  /** Of the audio stream; later offers keep it. */
  readonly profile: MediaProfile;
}
