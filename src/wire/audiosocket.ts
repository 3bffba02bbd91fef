/**
 * AudioSocket, the TCP audio protocol of Asterisk's app_audiosocket and chan_audiosocket: frames of one
 * byte of kind, a 16-bit big-endian length and that many bytes. PCM is 16-bit little-endian, mono.
 */

const headerBytes = 3;
const uuidBytes = 16;
const sampleBytes = 2;
const smallestBufferBytes = 1_024;
const largestPayloadBytes = 0xffff;

const kinds = { terminate: 0x00, uuid: 0x01, dtmf: 0x03, error: 0xff } as const;

/** What may come before the UUID. */
const openingKinds: ReadonlySet<number> = new Set([kinds.uuid, kinds.terminate, kinds.error]);

/** Kinds 0x10 to 0x18, in their order. */
const firstAudioKind = 0x10;
const audioRatesHz = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

/** What comes out of the decoder, in stream order. After `terminate` or `violation` nothing follows. */
export interface AudioSocketSink {
  /** Once, before anything else: which call this connection is, as `0123…` in lower case with dashes. */
  uuid(uuid: string): void;
  /**
   * Sound of the caller: a view of a reused buffer, valid during the call only; may be changed in
   * place. Never empty.
   */
  audio(pcm: Int16Array, rateHz: number): void;
  /** One DTMF digit: 0-9, *, # or A-D. */
  digit(digit: string): void;
  /** The peer has hung up. */
  terminate(): void;
  /** The peer has a problem of its own; its code in hex, empty when it gave none. */
  error(code: string): void;
  /** A kind that is not known here; its payload is skipped. */
  unknown(kind: number): void;
  /** The peer broke the protocol; the reason quotes what was wrong. */
  violation(reason: string): void;
}

type State = "header" | "payload" | "done";

/** Decodes one connection. Bytes may come split and joined in any way; memory follows what came. */
export class AudioSocketDecoder {
  readonly #header = new Uint8Array(headerBytes);
  #headerFilled = 0;
  #payload = new Uint8Array(smallestBufferBytes);
  #payloadFilled = 0;
  #kind = 0;
  #length = 0;
  #state: State = "header";
  #isNamed = false;

  /** True after the last frame, a violation, or `stop`; further bytes are ignored. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Ends decoding from within a sink method too: the rest of that push is ignored. */
  stop(): void {
    this.#state = "done";
  }

  push(bytes: Uint8Array, sink: AudioSocketSink): void {
    let at = 0;
    while (at < bytes.length && this.#state !== "done") {
      at += this.#state === "header" ? this.#takeHeader(bytes, at) : this.#takePayload(bytes, at);
      this.#settle(sink);
    }
  }

  #takeHeader(bytes: Uint8Array, at: number): number {
    const count = Math.min(headerBytes - this.#headerFilled, bytes.length - at);
    this.#header.set(bytes.subarray(at, at + count), this.#headerFilled);
    this.#headerFilled += count;
    return count;
  }

  #takePayload(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#length - this.#payloadFilled, bytes.length - at);
    this.#reserve(this.#payloadFilled + count);
    this.#payload.set(bytes.subarray(at, at + count), this.#payloadFilled);
    this.#payloadFilled += count;
    return count;
  }

  /** Acts on a header or a payload that is complete; an empty payload is complete at once. */
  #settle(sink: AudioSocketSink): void {
    if (this.#state === "header" && this.#headerFilled === headerBytes) this.#begin(sink);
    if (this.#state === "payload" && this.#payloadFilled === this.#length) this.#deliver(sink);
  }

  #begin(sink: AudioSocketSink): void {
    this.#headerFilled = 0;
    this.#payloadFilled = 0;
    this.#kind = this.#header[0] ?? 0;
    this.#length = ((this.#header[1] ?? 0) << 8) | (this.#header[2] ?? 0);
    this.#state = "payload";
    const reason = this.#refusal();
    if (reason === undefined) return;
    this.stop();
    sink.violation(reason);
  }

  /** What the header alone shows to be wrong, so that nobody waits for a payload that makes no sense. */
  #refusal(): string | undefined {
    const kind = this.#kind;
    if (kind === kinds.uuid && this.#isNamed) return "a second UUID came on one connection";
    if (!this.#isNamed && !openingKinds.has(kind)) {
      return `the first frame is of kind ${hex(kind)}, not the UUID (0x01)`;
    }
    return lengthRefusal(kind, this.#length);
  }

  #deliver(sink: AudioSocketSink): void {
    this.#state = "header";
    const payload = this.#payload.subarray(0, this.#length);
    const rateHz = rateOf(this.#kind);
    if (rateHz !== undefined) {
      // Taken over as the machine stores it: each machine that runs Bun is little-endian like the wire.
      const pcm = new Int16Array(this.#payload.buffer, 0, this.#length / sampleBytes);
      if (pcm.length > 0) sink.audio(pcm, rateHz);
      return;
    }
    switch (this.#kind) {
      case kinds.terminate:
        this.stop();
        sink.terminate();
        return;
      case kinds.uuid:
        this.#isNamed = true;
        sink.uuid(formatUuid(payload));
        return;
      case kinds.dtmf:
        this.#deliverDigit(payload, sink);
        return;
      case kinds.error:
        sink.error(payload.subarray(0, 8).toHex());
        return;
      default:
        sink.unknown(this.#kind);
    }
  }

  #deliverDigit(payload: Uint8Array, sink: AudioSocketSink): void {
    const digit = String.fromCharCode(payload[0] ?? 0).toUpperCase();
    if (/^[0-9A-D*#]$/.test(digit)) {
      sink.digit(digit);
      return;
    }
    this.stop();
    sink.violation(`DTMF byte ${hex(payload[0] ?? 0)} is no digit`);
  }

  /** Grows with what has arrived, never with what was announced. */
  #reserve(bytes: number): void {
    if (bytes <= this.#payload.length) return;
    const capacity = Math.min(largestPayloadBytes + 1, Math.max(bytes, 2 * this.#payload.length));
    const grown = new Uint8Array(capacity);
    grown.set(this.#payload.subarray(0, this.#payloadFilled));
    this.#payload = grown;
  }
}

function lengthRefusal(kind: number, length: number): string | undefined {
  if (kind === kinds.uuid && length !== uuidBytes) {
    return `UUID of ${length} bytes is not ${uuidBytes} bytes`;
  }
  if (kind === kinds.dtmf && length !== 1) return `DTMF frame of ${length} bytes is not 1 byte`;
  if (rateOf(kind) !== undefined && length % sampleBytes !== 0) {
    return `audio frame of ${length} bytes holds no whole 16-bit samples`;
  }
  return undefined;
}

function rateOf(kind: number): number | undefined {
  return audioRatesHz[kind - firstAudioKind];
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/** 8-4-4-4-12 hexadecimal digits of the 16 bytes, in lower case. */
function formatUuid(bytes: Uint8Array): string {
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * An audio frame; with `into` (at least 3 bytes more than the PCM) nothing but a view of it is made.
 * RangeError for a rate that has no kind, or PCM that does not fit into one frame.
 */
export function encodeAudioSocketAudio(
  pcm: Uint8Array,
  rateHz: number,
  into?: Uint8Array,
): Uint8Array {
  const index = audioRatesHz.indexOf(rateHz);
  if (index < 0) throw new RangeError(`AudioSocket has no audio of ${rateHz} Hz`);
  if (pcm.length > largestPayloadBytes || pcm.length % sampleBytes !== 0) {
    throw new RangeError(`${pcm.length} bytes of PCM do not make an AudioSocket frame`);
  }
  return encodeFrame(firstAudioKind + index, pcm, into);
}

/** The frame that opens a connection. Throws RangeError for what is no UUID. */
export function encodeAudioSocketUuid(uuid: string): Uint8Array {
  const digits = uuid.replaceAll("-", "");
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) throw new RangeError("not a UUID");
  return encodeFrame(kinds.uuid, Uint8Array.fromHex(digits));
}

/** One DTMF digit as Asterisk sends it. */
export function encodeAudioSocketDigit(digit: string): Uint8Array {
  return encodeFrame(kinds.dtmf, Uint8Array.of(digit.charCodeAt(0)));
}

/** Any kind, also one that means nothing. */
export function encodeFrame(kind: number, payload: Uint8Array, into?: Uint8Array): Uint8Array {
  const bytes = headerBytes + payload.length;
  const frame = into === undefined ? new Uint8Array(bytes) : into.subarray(0, bytes);
  frame[0] = kind;
  frame[1] = payload.length >>> 8;
  frame[2] = payload.length;
  frame.set(payload, headerBytes);
  return frame;
}

/** Hangs up. Not to be changed. */
export const terminateFrame: Uint8Array = Uint8Array.of(kinds.terminate, 0, 0);
