/** Makes the packets of one outgoing stream: sequence numbers, time, SRTP; one reused buffer. */
import { WildfireError } from "../../core/errors.ts";
import { ByteWindow } from "./byte-window.ts";
import { createRtpHeader, maxPacketBytes, rtpHeaderBytes, writeRtpHeader } from "./rtp-packet.ts";
import { readUint32 } from "./serial-numbers.ts";
import type { SrtpSender } from "./srtp-sender.ts";
import { telephoneEventBytes, writeEventReport } from "./telephone-event.ts";
import type { PlannedEvent } from "./telephone-event-plan.ts";

/** Fits any path, with all headers and the tag of SRTP. */
const maxPayloadBytes = 1200;

export interface SentCounts {
  readonly packets: number;
  /** Of payload, as sender reports count them. */
  readonly octets: number;
}

export class RtpSender {
  readonly ssrc: number;
  readonly #window = new ByteWindow(maxPacketBytes);
  readonly #header = createRtpHeader();
  readonly #eventPayload = new Uint8Array(telephoneEventBytes);
  #srtp: SrtpSender | undefined;
  #sequence: number;
  #timestamp: number;
  #eventTimestamp = 0;
  #needsMarker = true;
  #packets = 0;
  #octets = 0;

  constructor(randomBytes: (count: number) => Uint8Array) {
    const random = randomBytes(10);
    this.ssrc = readUint32(random, 0);
    this.#timestamp = readUint32(random, 4);
    // Low at first, so that loss at the beginning cannot hide a wrap from SRTP (RFC 3711 section 3.3.1).
    this.#sequence = (readUint32(random, 6) & 0x7fff) >>> 0;
  }

  /** The time of the next sound, in units of 1/8000 s; wraps. */
  get timestamp(): number {
    return this.#timestamp;
  }

  get counts(): SentCounts {
    return { packets: this.#packets, octets: this.#octets };
  }

  protectWith(srtp: SrtpSender | undefined): void {
    this.#srtp = srtp;
  }

  /** The packet is a view that the next one overwrites. `samples` is the time that it takes. */
  audio(payloadType: number, payload: Uint8Array, samples: number, marker: boolean): Uint8Array {
    this.#header.marker = marker || this.#needsMarker;
    this.#header.timestamp = this.#timestamp;
    this.#needsMarker = false;
    const packet = this.#write(payloadType, payload);
    this.#timestamp = (this.#timestamp + samples) >>> 0;
    return packet;
  }

  /** Comfort noise: the sound behind it begins anew. */
  comfortNoise(payloadType: number, payload: Uint8Array, samples: number): Uint8Array {
    this.#header.marker = false;
    this.#header.timestamp = this.#timestamp;
    const packet = this.#write(payloadType, payload);
    this.skip(samples);
    return packet;
  }

  /** One packet of a key; time goes on by `skip` only, since all packets of a key bear its beginning. */
  event(payloadType: number, planned: PlannedEvent): Uint8Array {
    if (planned.marker) this.#eventTimestamp = this.#timestamp;
    this.#header.marker = planned.marker;
    this.#header.timestamp = this.#eventTimestamp;
    writeEventReport(this.#eventPayload, 0, planned);
    return this.#write(payloadType, this.#eventPayload);
  }

  /** Time in which nothing is sent; the next sound is marked as a beginning (RFC 3551 section 4.1). */
  skip(samples: number): void {
    this.#timestamp = (this.#timestamp + samples) >>> 0;
    this.#needsMarker = true;
  }

  #write(payloadType: number, payload: Uint8Array): Uint8Array {
    if (payload.length > maxPayloadBytes) {
      throw new WildfireError("state", `an RTP payload of ${payload.length} bytes`, {
        hint: `send at most ${maxPayloadBytes}`,
      });
    }
    this.#header.payloadType = payloadType;
    this.#header.sequence = this.#sequence;
    this.#header.ssrc = this.ssrc;
    writeRtpHeader(this.#window.bytes, this.#header);
    this.#window.bytes.set(payload, rtpHeaderBytes);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packets += 1;
    this.#octets += payload.length;
    const length = rtpHeaderBytes + payload.length;
    if (this.#srtp === undefined) return this.#window.view(0, length);
    return this.#window.view(0, this.#srtp.protectRtp(this.#window, rtpHeaderBytes, length));
  }
}
