/** Payload types and their names: static numbers (RFC 3551), rtpmap, and which of them we speak. */
import { fieldOf, integerOf, itemsOf, textOf } from "./loose-values.ts";
import type { AudioCodec, AudioPayload } from "./negotiated-media.ts";
import type { MediaFormat } from "./session-description.ts";

export const audioCodecs = ["PCMU", "PCMA", "G722"] as const satisfies readonly AudioCodec[];

/** The only clock rate of what we speak; G.722 has it by an old mistake that stands (RFC 3551). */
export const telephoneClockHz = 8000;
export const comfortNoisePayload = 13;
/** For our own offers; an answer mirrors the number of the offer. */
export const telephoneEventPayload = 101;

const payloadRange = [0, 127] as const;

/** Those that are likely to come without an rtpmap, and those whose name helps in a refusal. */
const staticNames: ReadonlyMap<number, string> = new Map([
  [0, "PCMU"],
  [3, "GSM"],
  [4, "G723"],
  [8, "PCMA"],
  [9, "G722"],
  [comfortNoisePayload, "CN"],
  [15, "G728"],
  [18, "G729"],
]);

const staticNumbers: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9 };

export function staticPayload(codec: AudioCodec): number {
  return staticNumbers[codec];
}

/** The formats of an m= line, each once, in their order. `section` is what sdp-transform found. */
export function readFormats(section: unknown, payloads: string): MediaFormat[] {
  const named = readRtpMaps(section);
  const formats = new Map<number, MediaFormat>();
  for (const token of payloads.split(" ")) {
    if (!/^\d{1,3}$/.test(token)) continue;
    const payloadType = Number(token);
    const name = staticNames.get(payloadType);
    const format =
      named.get(payloadType) ??
      (name === undefined ? undefined : { payloadType, name, clockRateHz: telephoneClockHz });
    if (format !== undefined && !formats.has(payloadType)) formats.set(payloadType, format);
  }
  return [...formats.values()];
}

/** Undefined for what is not one of our codecs. */
export function audioPayload(format: MediaFormat): AudioPayload | undefined {
  const codec = audioCodecs.find((name) => name === format.name);
  if (codec === undefined || format.clockRateHz !== telephoneClockHz) return undefined;
  return { payloadType: format.payloadType, codec };
}

/** The payload type of `telephone-event` or `CN` at the clock rate of the audio. */
export function findPayload(
  formats: readonly MediaFormat[],
  name: "TELEPHONE-EVENT" | "CN",
): number | undefined {
  const found = formats.find(
    (format) => format.name === name && format.clockRateHz === telephoneClockHz,
  );
  return found?.payloadType;
}

function readRtpMaps(section: unknown): ReadonlyMap<number, MediaFormat> {
  const named = new Map<number, MediaFormat>();
  for (const map of itemsOf(section, "rtp")) {
    const payloadType = integerOf(map, "payload", payloadRange);
    const name = textOf(map, "codec");
    if (payloadType === undefined || !name) continue;
    const channels = textOf(map, "encoding") ?? "1";
    // Some devices leave the rate out, and none of them means another than that of the telephone.
    const isRateless = fieldOf(map, "rate") === undefined;
    const clockRateHz = isRateless ? telephoneClockHz : integerOf(map, "rate", [1, 1_000_000]);
    if (clockRateHz === undefined) continue;
    const shown = channels === "1" ? name : `${name}/${channels}`;
    named.set(payloadType, { payloadType, name: shown.toUpperCase(), clockRateHz });
  }
  return named;
}
