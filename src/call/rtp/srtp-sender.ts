/** Protects what we send: SRTP and SRTCP (RFC 3711 section 3), in place. */
import type { ByteWindow } from "./byte-window.ts";
import { SrtpCipher } from "./srtp-cipher.ts";
import { readUint16, readUint32, writeUint32 } from "./serial-numbers.ts";
import { deriveSessionKeys } from "./srtp-keys.ts";
import { srtcpTagBytes, type SrtpSuite, suiteSizes } from "./srtp-suite.ts";

/** Where SRTCP leaves the start of the packet in clear: header and sender. */
export const srtcpClearBytes = 8;
export const srtcpIndexBytes = 4;
const encryptedBit = 0x8000_0000;

export class SrtpSender {
  readonly #rtp: SrtpCipher;
  readonly #rtcp: SrtpCipher;
  readonly #tagBytes: number;
  readonly #rollover = new Uint8Array(4);
  readonly #range = { start: 0, end: 0 };
  readonly #index = { high: 0, low: 0 };
  #lastSequence = -1;
  #rtcpIndex = 0;

  constructor(suite: SrtpSuite, master: Uint8Array) {
    this.#rtp = new SrtpCipher(deriveSessionKeys(suite, master, "rtp"));
    this.#rtcp = new SrtpCipher(deriveSessionKeys(suite, master, "rtcp"));
    this.#tagBytes = suiteSizes(suite).tagBytes;
  }

  /**
   * Encrypts the payload from `payloadStart` and puts the tag behind it; returns the new length.
   * Sequence numbers must rise one by one. The window must have room for 10 bytes more.
   */
  protectRtp(packet: ByteWindow, payloadStart: number, length: number): number {
    const { bytes } = packet;
    const sequence = readUint16(bytes, 2);
    if (sequence < this.#lastSequence) this.#index.high += 1;
    this.#lastSequence = sequence;
    this.#index.low = sequence;
    this.#range.start = payloadStart;
    this.#range.end = length;
    this.#rtp.applyKeystream(bytes, this.#range, readUint32(bytes, 8), this.#index);
    writeUint32(this.#rollover, 0, this.#index.high);
    const tag = this.#rtp.authenticate(packet.view(0, length), this.#rollover);
    for (let at = 0; at < this.#tagBytes; at += 1) bytes[length + at] = tag[at] ?? 0;
    return length + this.#tagBytes;
  }

  /** A new packet: RTCP is rare. */
  protectRtcp(packet: Uint8Array): Uint8Array {
    this.#rtcpIndex = (this.#rtcpIndex + 1) % encryptedBit;
    const bytes = new Uint8Array(packet.length + srtcpIndexBytes + srtcpTagBytes);
    bytes.set(packet);
    const index = { high: this.#rtcpIndex >>> 16, low: this.#rtcpIndex & 0xffff };
    const range = { start: srtcpClearBytes, end: packet.length };
    this.#rtcp.applyKeystream(bytes, range, readUint32(bytes, 4), index);
    writeUint32(bytes, packet.length, this.#rtcpIndex + encryptedBit);
    const tagAt = packet.length + srtcpIndexBytes;
    const tag = this.#rtcp.authenticate(bytes.subarray(0, tagAt));
    bytes.set(tag.subarray(0, srtcpTagBytes), tagAt);
    return bytes;
  }
}
