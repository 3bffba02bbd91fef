/** Answers a peer's offer: one audio stream, one codec, every other stream refused (RFC 3264 section 6). */
import { masterKeyBytes } from "../rtp/srtp-suite.ts";
import {
  type Agreed,
  agreedMedia,
  commonPayloads,
  isSecureProfile,
  noCommonCodec,
} from "./agreement.ts";
import type { CryptoLine } from "./crypto-attribute.ts";
import type { LocalMedia, NegotiatedSession } from "./local-media.ts";
import type { NegotiatedMedia } from "./negotiated-media.ts";
import type { AudioStream, SessionDescription } from "./session-description.ts";
import {
  audioLine,
  type AudioSection,
  formatMediaLine,
  refusedLine,
  writeAudio,
  writeSdp,
} from "./sdp-writer.ts";

export type Answer =
  | { readonly ok: true; readonly body: string; readonly session: NegotiatedSession }
  /** One line that quotes what does not fit: the reason of a 488. */
  | { readonly ok: false; readonly reason: string };

interface Fit extends Agreed {
  readonly ok: true;
  readonly crypto: readonly CryptoLine[];
}

type StreamChoice = Fit | { readonly ok: false; readonly reason: string };

/** Takes the first audio stream that fits, so also the better one of an SRTP and a plain variant. */
export function answerOffer(offer: SessionDescription, local: LocalMedia): Answer {
  let reason = "";
  for (const stream of offer.audio) {
    const choice = fitStream(stream, local);
    if (choice.ok) return writeAnswer(offer, stream, local, choice);
    reason ||= choice.reason;
  }
  return { ok: false, reason };
}

function fitStream(stream: AudioStream, local: LocalMedia): StreamChoice {
  const theirs = commonPayloads(stream, local);
  const ours = local.codecs.flatMap(
    (codec) => theirs.find((common) => common.codec === codec) ?? [],
  );
  const payload = local.order === "theirs" ? theirs[0] : ours[0];
  if (payload === undefined) return { ok: false, reason: noCommonCodec(stream, local) };
  const isSecure = isSecureProfile(stream.profile);
  if (isSecure && local.srtp === "off") {
    return {
      ok: false,
      reason: `the peer wants SRTP ("${stream.profile}"), which is switched off`,
    };
  }
  if (!isSecure && local.srtp === "required") {
    return { ok: false, reason: `the peer offers "${stream.profile}", but SRTP is required` };
  }
  if (!isSecure) return { ok: true, payloads: [payload], srtp: undefined, crypto: [] };
  const [theirKey] = stream.crypto;
  if (theirKey === undefined) {
    return { ok: false, reason: `"${stream.profile}" comes without an a=crypto line that fits` };
  }
  const ourKey = answeringKey(theirKey, local);
  const { suite, key: localKey } = ourKey;
  const srtp = { suite, localKey, remoteKey: theirKey.key };
  return { ok: true, payloads: [payload], srtp, crypto: [ourKey] };
}

/** The key of the call goes on while its suite does: who answers a session refresh changes nothing. */
function answeringKey({ tag, suite }: CryptoLine, local: LocalMedia): CryptoLine {
  const earlier = local.earlier?.media.srtp;
  const isSame = earlier !== undefined && earlier.suite === suite;
  return { tag, suite, key: isSame ? earlier.localKey : local.randomBytes(masterKeyBytes(suite)) };
}

function writeAnswer(
  offer: SessionDescription,
  stream: AudioStream,
  local: LocalMedia,
  fit: Fit,
): Answer {
  const media = agreedMedia(stream, local, fit);
  const audio = answerSection(stream.profile, local, media, fit.crypto);
  const lines = offer.lines.map((line, index) =>
    index === stream.index ? audioLine(audio) : refusedLine(line),
  );
  const sections = lines.map((line, index) =>
    index === stream.index ? writeAudio(audio) : [formatMediaLine(line)],
  );
  const body = writeSdp(local.origin, local.address, sections);
  const session = { media, lines, index: stream.index, profile: stream.profile };
  return { ok: true, body, session };
}

function answerSection(
  profile: AudioStream["profile"],
  local: LocalMedia,
  media: NegotiatedMedia,
  crypto: readonly CryptoLine[],
): AudioSection {
  return {
    profile,
    rtpPort: local.rtpPort,
    rtcpPort: local.rtcpPort,
    rtcpMux: media.rtcpMux,
    payloads: media.receivable,
    telephoneEvent: media.telephoneEvent,
    comfortNoise: media.comfortNoise,
    ptimeMs: media.ptimeMs,
    direction: media.direction,
    crypto,
  };
}
