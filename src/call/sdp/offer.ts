/** Our own offers, the first and later ones, and what a peer's answer makes of them (RFC 3264). */
import { masterKeyBytes, srtpSuites } from "../rtp/srtp-suite.ts";
import { agreedMedia, commonPayloads, isSecureProfile, noCommonCodec } from "./agreement.ts";
import type { CryptoLine } from "./crypto-attribute.ts";
import type { LocalMedia, NegotiatedSession } from "./local-media.ts";
import { comfortNoisePayload, staticPayload, telephoneEventPayload } from "./media-formats.ts";
import type { AudioPayload, SrtpKeys } from "./negotiated-media.ts";
import {
  audioLine,
  type AudioSection,
  formatMediaLine,
  refusedLine,
  writeAudio,
  writeSdp,
} from "./sdp-writer.ts";
import type {
  AudioStream,
  MediaLine,
  MediaProfile,
  SessionDescription,
} from "./session-description.ts";

/** Kept until its answer is there. */
export interface SdpOffer {
  readonly body: string;
  readonly local: LocalMedia;
  readonly profile: MediaProfile;
  readonly lines: readonly MediaLine[];
  readonly index: number;
  readonly crypto: readonly CryptoLine[];
}

export type AnswerReading =
  | { readonly ok: true; readonly session: NegotiatedSession }
  /** One line that quotes what does not fit. */
  | { readonly ok: false; readonly reason: string };

/** All our codecs; in a later offer with the numbers, keys and refused streams that stand already. */
export function createOffer(local: LocalMedia): SdpOffer {
  const { earlier } = local;
  const profile = earlier?.profile ?? (local.srtp === "required" ? "RTP/SAVP" : "RTP/AVP");
  const crypto = isSecureProfile(profile) ? offeredKeys(local) : [];
  const audio = offerSection(local, profile, crypto);
  const index = earlier?.index ?? 0;
  const standing = earlier?.lines ?? [audioLine(audio)];
  const lines = standing.map((line, at) => (at === index ? audioLine(audio) : refusedLine(line)));
  const sections = lines.map((line, at) =>
    at === index ? writeAudio(audio) : [formatMediaLine(line)],
  );
  const body = writeSdp(local.origin, local.address, sections);
  return { body, local, profile, lines, index, crypto };
}

/** Reads the peer's answer to our offer. */
export function acceptAnswer(offer: SdpOffer, answer: SessionDescription): AnswerReading {
  const { local, profile, lines, index } = offer;
  const stream = answer.audio.find((audio) => audio.index === index);
  if (stream === undefined) return refuse("the peer refused the audio stream");
  if (isSecureProfile(stream.profile) !== isSecureProfile(profile)) {
    return refuse(`the peer answered "${stream.profile}" to an offer of "${profile}"`);
  }
  const [first, ...others] = commonPayloads(stream, local);
  if (first === undefined) return refuse(noCommonCodec(stream, local));
  const srtp = agreedKeys(offer, stream);
  if (isSecureProfile(profile) && srtp === undefined) {
    return refuse("no a=crypto line of the answer belongs to one of the offer");
  }
  const media = agreedMedia(stream, local, { payloads: [first, ...others], srtp });
  return { ok: true, session: { media, lines, index, profile } };
}

function offerSection(
  local: LocalMedia,
  profile: MediaProfile,
  crypto: readonly CryptoLine[],
): AudioSection {
  const media = local.earlier?.media;
  return {
    profile,
    rtpPort: local.rtpPort,
    rtcpPort: local.rtcpPort,
    rtcpMux: local.rtcpMux,
    payloads: offeredPayloads(local),
    telephoneEvent: media?.telephoneEvent ?? telephoneEventPayload,
    comfortNoise: local.comfortNoise ? (media?.comfortNoise ?? comfortNoisePayload) : undefined,
    ptimeMs: media?.ptimeMs ?? local.ptimeMs,
    direction: local.direction,
    crypto,
  };
}

/** A number once bound to a codec stays bound to it (RFC 3264 section 8.3.2). */
function offeredPayloads(local: LocalMedia): AudioPayload[] {
  const standing = local.earlier?.media.receivable ?? [];
  return local.codecs.map((codec) => {
    const known = standing.find((payload) => payload.codec === codec);
    return known ?? { codec, payloadType: staticPayload(codec) };
  });
}

function offeredKeys(local: LocalMedia): CryptoLine[] {
  const standing = local.earlier?.media.srtp;
  if (standing !== undefined) return [{ tag: 1, suite: standing.suite, key: standing.localKey }];
  return srtpSuites.map((suite, index) => {
    return { tag: index + 1, suite, key: local.randomBytes(masterKeyBytes(suite)) };
  });
}

/** The answer repeats the tag and the suite of the line it took (RFC 4568 section 5.1.3). */
function agreedKeys(offer: SdpOffer, stream: AudioStream): SrtpKeys | undefined {
  for (const theirs of stream.crypto) {
    const ours = offer.crypto.find(
      (line) => line.tag === theirs.tag && line.suite === theirs.suite,
    );
    if (ours !== undefined) {
      return { suite: ours.suite, localKey: ours.key, remoteKey: theirs.key };
    }
  }
  return undefined;
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
