/** The media of one call as signalling sees them: SDP in and out, and what stands after each exchange. */
import type { LocalMedia, NegotiatedSession } from "../sdp/local-media.ts";
import { LocalOrigin } from "../sdp/local-origin.ts";
import { answerOffer } from "../sdp/answer.ts";
import { acceptAnswer, createOffer, type SdpOffer } from "../sdp/offer.ts";
import { readSdp } from "../sdp/sdp-reader.ts";
import type { NegotiatedMedia } from "../sdp/negotiated-media.ts";
import type { MediaAnswer, SessionMedia } from "../sip/user-agent/session-media.ts";

/** What is the same for all calls of a service. */
export type MediaSettings = Pick<
  LocalMedia,
  "codecs" | "order" | "ptimeMs" | "comfortNoise" | "rtcpMux" | "srtp" | "randomBytes"
>;

export interface CallMediaOptions {
  readonly settings: MediaSettings;
  /** Where the peer shall send to; asked for each description, since it may change. */
  readonly address: () => string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Puts what was agreed into force; called for each exchange, also when nothing has changed. */
  readonly onAgreed: (media: NegotiatedMedia) => void;
}

const encoder = new TextEncoder();

export class CallMedia implements SessionMedia {
  readonly #options: CallMediaOptions;
  readonly #origin: LocalOrigin;
  #session: NegotiatedSession | undefined;
  #offer: SdpOffer | undefined;
  #isHeld = false;

  constructor(options: CallMediaOptions) {
    this.#options = options;
    this.#origin = new LocalOrigin(options.settings.randomBytes);
  }

  /** What stands; undefined before the first exchange is complete. */
  get agreed(): NegotiatedMedia | undefined {
    return this.#session?.media;
  }

  offer(): Uint8Array {
    this.#offer = createOffer(this.#local());
    return encoder.encode(this.#offer.body);
  }

  answer(offer: Uint8Array): MediaAnswer {
    const reading = readSdp(offer);
    if (!reading.ok) return { kind: "refused", reason: reading.reason };
    const answer = answerOffer(reading.description, this.#local());
    if (!answer.ok) return { kind: "refused", reason: answer.reason };
    this.#agree(answer.session);
    return { kind: "answer", body: encoder.encode(answer.body) };
  }

  accept(answer: Uint8Array): string | undefined {
    const offer = this.#offer;
    if (offer === undefined) return "the peer answered an offer that was not made";
    this.#offer = undefined;
    if (answer.length === 0) return "the peer's answer holds no session description";
    const reading = readSdp(answer);
    if (!reading.ok) return reading.reason;
    const accepted = acceptAnswer(offer, reading.description);
    if (!accepted.ok) return accepted.reason;
    this.#agree(accepted.session);
    return undefined;
  }

  revert(): void {
    this.#offer = undefined;
  }

  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  #agree(session: NegotiatedSession): void {
    this.#session = session;
    this.#options.onAgreed(session.media);
  }

  #local(): LocalMedia {
    const { settings, address, rtpPort, rtcpPort } = this.#options;
    const local: LocalMedia = {
      ...settings,
      address: address(),
      rtpPort,
      rtcpPort,
      direction: this.#isHeld ? "sendonly" : "sendrecv",
      origin: this.#origin,
    };
    return this.#session === undefined ? local : { ...local, earlier: this.#session };
  }
}
