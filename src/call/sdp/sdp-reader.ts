/** Reads session descriptions: sdp-transform takes the lines apart, here is decided what to believe. */
import { parse } from "sdp-transform";
import { quote } from "../../core/errors.ts";
import { readCryptoLine, type CryptoLine } from "./crypto-attribute.ts";
import { normaliseAddress } from "./ip-address.ts";
import { fieldOf, integerOf, itemsOf, textOf } from "./loose-values.ts";
import { formatMediaLine } from "./sdp-writer.ts";
import { readFormats } from "./media-formats.ts";
import type { Direction } from "./negotiated-media.ts";
import {
  type AudioStream,
  type MediaLine,
  type MediaProfile,
  mediaProfiles,
  type SessionDescription,
} from "./session-description.ts";

export const maxSdpBytes = 65_536;
const maxMediaLines = 32;
const maxCryptoLines = 16;

export type SdpReading =
  | { readonly ok: true; readonly description: SessionDescription }
  /** One line that quotes what does not fit. */
  | { readonly ok: false; readonly reason: string };

type StreamReading =
  | { readonly ok: true; readonly stream: AudioStream }
  | { readonly ok: false; readonly reason: string };

const decoder = new TextDecoder();

/** Never throws. Lines that cannot be read are left out, as long as an audio stream remains. */
export function readSdp(sdp: string | Uint8Array): SdpReading {
  if (sdp.length > maxSdpBytes) {
    return refuse(`the session description has ${sdp.length} bytes, the limit is ${maxSdpBytes}`);
  }
  const text = typeof sdp === "string" ? sdp : decoder.decode(sdp);
  const session = parse(text);
  if (integerOf(session, "version", [0, 0]) === undefined) {
    return refuse(`no session description: it begins with ${quote(text)} instead of "v=0"`);
  }
  const media = itemsOf(session, "media");
  if (media.length > maxMediaLines) {
    return refuse(`${media.length} m= lines, the limit is ${maxMediaLines}`);
  }
  const lines: MediaLine[] = [];
  for (const [index, section] of media.entries()) {
    const line = readMediaLine(section);
    if (line === undefined) return refuse(`cannot read ${quote(rawMediaLine(text, index))}`);
    lines.push(line);
  }
  return withAudio(session, lines);
}

function withAudio(session: unknown, lines: readonly MediaLine[]): SdpReading {
  const media = itemsOf(session, "media");
  const audio: AudioStream[] = [];
  let reason: string | undefined;
  for (const [index, line] of lines.entries()) {
    if (line.type !== "audio") continue;
    const reading = readAudio({ session, section: media[index], line, index });
    if (reading.ok) audio.push(reading.stream);
    else reason ??= reading.reason;
  }
  const [first, ...others] = audio;
  if (first !== undefined) return { ok: true, description: { lines, audio: [first, ...others] } };
  const found = lines.map((line) => line.type).join(", ");
  return refuse(reason ?? `no audio stream among the m= lines ${quote(found)}`);
}

interface AudioParts {
  readonly session: unknown;
  readonly section: unknown;
  readonly line: MediaLine;
  readonly index: number;
}

function readAudio({ session, section, line, index }: AudioParts): StreamReading {
  const shown = quote(formatMediaLine(line));
  if (line.port === 0) return refuse(`the audio stream is refused by port 0: ${shown}`);
  const profile = findProfile(line.protocol);
  if (profile === undefined) {
    return refuse(`${quote(line.protocol)} in ${shown} is not one of ${mediaProfiles.join(", ")}`);
  }
  const connection = fieldOf(section, "connection") ?? fieldOf(session, "connection");
  const given = textOf(connection, "ip");
  if (given === undefined) return refuse(`no c= line says where ${shown} is`);
  const address = normaliseAddress(given);
  if (address === undefined) return refuse(`${quote(given)} in c= is no IP address`);
  const stream = {
    index,
    profile,
    address,
    rtpPort: line.port,
    rtcpPort: readRtcpPort(section, line.port),
    formats: readFormats(section, line.formats),
    ptimeMs: readMilliseconds(section, "ptime"),
    maxPtimeMs: readMilliseconds(section, "maxptime"),
    direction: readDirection(section) ?? readDirection(session) ?? "sendrecv",
    rtcpMux: fieldOf(section, "rtcpMux") !== undefined,
    crypto: readCrypto(section),
  };
  return { ok: true, stream };
}

function readMediaLine(section: unknown): MediaLine | undefined {
  const type = textOf(section, "type");
  const port = integerOf(section, "port", [0, 65_535]);
  const protocol = textOf(section, "protocol");
  const formats = textOf(section, "payloads");
  if (!type || port === undefined || !protocol || !formats) return undefined;
  return { type, port, protocol, formats };
}

function rawMediaLine(text: string, index: number): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.startsWith("m="));
  return lines[index] ?? "m=";
}

function findProfile(protocol: string): MediaProfile | undefined {
  return mediaProfiles.find((profile) => profile === protocol.toUpperCase());
}

/** a=rtcp (RFC 3605), else the port above that of RTP. Its own address, which nobody uses, is ignored. */
function readRtcpPort(section: unknown, rtpPort: number): number {
  const given = integerOf(fieldOf(section, "rtcp"), "port", [0, 65_535]);
  if (given !== undefined) return given;
  return rtpPort < 65_535 ? rtpPort + 1 : 0;
}

function readMilliseconds(section: unknown, name: string): number | undefined {
  const value = fieldOf(section, name);
  return typeof value === "number" && value >= 1 && value <= 1000 ? value : undefined;
}

function readDirection(part: unknown): Direction | undefined {
  const value = textOf(part, "direction");
  if (value === "sendrecv" || value === "sendonly") return value;
  return value === "recvonly" || value === "inactive" ? value : undefined;
}

function readCrypto(section: unknown): CryptoLine[] {
  const lines = itemsOf(section, "crypto").slice(0, maxCryptoLines).map(readCryptoLine);
  return lines.filter((line) => line !== undefined);
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
