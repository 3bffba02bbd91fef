/** What this side wants, for tests; randomness that counts up, so that keys differ and can be foretold. */
import type { LocalMedia } from "../../../src/call/sdp/local-media.ts";
import { LocalOrigin } from "../../../src/call/sdp/local-origin.ts";
import { readSdp } from "../../../src/call/sdp/sdp-reader.ts";
import type { SessionDescription } from "../../../src/call/sdp/session-description.ts";

function countingBytes(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => (next += 1) & 0xff);
}

export function localMedia(changes: Partial<LocalMedia> = {}): LocalMedia {
  const randomBytes = countingBytes();
  return {
    address: "192.0.2.10",
    rtpPort: 40_000,
    rtcpPort: 40_001,
    codecs: ["PCMU", "PCMA"],
    order: "theirs",
    ptimeMs: 20,
    direction: "sendrecv",
    comfortNoise: true,
    rtcpMux: true,
    srtp: "accepted",
    origin: new LocalOrigin(randomBytes),
    randomBytes,
    ...changes,
  };
}

/** A description with these lines behind the session part. */
export function sdpText(lines: readonly string[], connection = "c=IN IP4 198.51.100.7"): string {
  const session = ["v=0", "o=pbx 77 78 IN IP4 198.51.100.7", "s=call", connection, "t=0 0"];
  return `${[...session.filter((line) => line !== ""), ...lines].join("\r\n")}\r\n`;
}

export function described(lines: readonly string[], connection?: string): SessionDescription {
  const reading = readSdp(sdpText(lines, connection));
  if (!reading.ok) throw new Error(reading.reason);
  return reading.description;
}
