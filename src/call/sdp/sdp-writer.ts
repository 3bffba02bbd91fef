/** Writes session descriptions (RFC 8866): one audio stream, and the streams that are refused. */
import { formatCryptoLine, type CryptoLine } from "./crypto-attribute.ts";
import { addressText, type LocalOrigin } from "./local-origin.ts";
import { telephoneClockHz } from "./media-formats.ts";
import type { AudioPayload, Direction } from "./negotiated-media.ts";
import type { MediaLine, MediaProfile } from "./session-description.ts";

export interface AudioSection {
  readonly profile: MediaProfile;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  readonly rtcpMux: boolean;
  /** In the order of preference. */
  readonly payloads: readonly AudioPayload[];
  readonly telephoneEvent: number | undefined;
  readonly comfortNoise: number | undefined;
  readonly ptimeMs: number;
  readonly direction: Direction;
  readonly crypto: readonly CryptoLine[];
}

/** `sections` are the m= blocks, each with the lines that belong to it. */
export function writeSdp(
  origin: LocalOrigin,
  address: string,
  sections: readonly (readonly string[])[],
): string {
  const rest = ["s=-", `c=${addressText(address)}`, "t=0 0", ...sections.flat(), ""].join("\r\n");
  return `v=0\r\n${origin.line(address, rest)}\r\n${rest}`;
}

export function audioLine(section: AudioSection): MediaLine {
  const types = section.payloads.map((payload) => payload.payloadType);
  if (section.telephoneEvent !== undefined) types.push(section.telephoneEvent);
  if (section.comfortNoise !== undefined) types.push(section.comfortNoise);
  const { profile: protocol, rtpPort: port } = section;
  return { type: "audio", port, protocol, formats: types.join(" ") };
}

export function writeAudio(section: AudioSection): string[] {
  const { telephoneEvent, comfortNoise, rtpPort, rtcpPort, rtcpMux } = section;
  const lines = [formatMediaLine(audioLine(section))];
  for (const { payloadType, codec } of section.payloads) lines.push(rtpMap(payloadType, codec));
  if (telephoneEvent !== undefined) {
    lines.push(rtpMap(telephoneEvent, "telephone-event"), `a=fmtp:${telephoneEvent} 0-15`);
  }
  if (comfortNoise !== undefined) lines.push(rtpMap(comfortNoise, "CN"));
  lines.push(`a=ptime:${section.ptimeMs}`, `a=${section.direction}`);
  if (rtcpMux) lines.push("a=rtcp-mux");
  else if (rtcpPort !== rtpPort + 1) lines.push(`a=rtcp:${rtcpPort}`);
  return [...lines, ...section.crypto.map(formatCryptoLine)];
}

/** What a format may look like to be said again. */
const plainFormat = /^[!-~]{1,32}$/;

/** The line of a stream that we do not take (RFC 3264 section 6); one format is enough for it. */
export function refusedLine(line: MediaLine): MediaLine {
  const [first = ""] = line.formats.split(" ", 1);
  return { ...line, port: 0, formats: plainFormat.test(first) ? first : "0" };
}

export function formatMediaLine(line: MediaLine): string {
  return `m=${line.type} ${line.port} ${line.protocol} ${line.formats}`;
}

function rtpMap(payloadType: number, name: string): string {
  return `a=rtpmap:${payloadType} ${name}/${telephoneClockHz}`;
}
