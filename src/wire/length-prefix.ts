/** What all TCP links share: a 32-bit big-endian length, then that many bytes, from any splitting. */

/** The length that ends an audio stream and says good-bye on a text link. */
export const allOnesLength = 0xffff_ffff;

const smallestBufferBytes = 4_096;

/**
 * Takes lengths and payloads off a byte stream. `feed` hands it bytes, which it does not own and
 * lets go with `release`; the take methods are called in the order the protocol expects, until one
 * says that more bytes are needed.
 */
export class LengthPrefixReader {
  readonly #releaseAboveBytes: number;
  #input: Uint8Array | undefined;
  #at = 0;
  #lengthBytes = 0;
  #length = 0;
  #buffer = new Uint8Array(0);
  #filled = 0;

  /** A payload buffer that grew beyond `releaseAboveBytes` is given up after use. */
  constructor(releaseAboveBytes: number) {
    this.#releaseAboveBytes = releaseAboveBytes;
  }

  feed(bytes: Uint8Array): void {
    this.#input = bytes;
    this.#at = 0;
  }

  release(): void {
    this.#input = undefined;
  }

  /** The next length, or -1 when its bytes have not all come yet. */
  takeLength(): number {
    const input = this.#input;
    if (input === undefined) return -1;
    while (this.#lengthBytes < 4) {
      const byte = input[this.#at];
      if (byte === undefined) return -1;
      this.#length = this.#length * 256 + byte;
      this.#lengthBytes += 1;
      this.#at += 1;
    }
    const length = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    return length;
  }

  /** Collects a payload of `length` bytes; true when it is complete at the start of `payload`. */
  takePayload(length: number): boolean {
    const input = this.#input;
    if (input === undefined) return false;
    const count = Math.min(length - this.#filled, input.length - this.#at);
    this.#reserve(this.#filled + count, length);
    this.#buffer.set(input.subarray(this.#at, this.#at + count), this.#filled);
    this.#at += count;
    this.#filled += count;
    if (this.#filled < length) return false;
    this.#filled = 0;
    return true;
  }

  /**
   * The buffer that holds the completed payload from its first byte on (aligned for any typed
   * array), valid until the next take; longer than the payload, reused, replaced when it grows.
   */
  get payload(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** Gives up an unfinished payload and returns how many bytes of it lie at the start of `payload`. */
  takeUnfinished(): number {
    const filled = this.#filled;
    this.#filled = 0;
    return filled;
  }

  /** Called when the payload has been used. */
  donePayload(): void {
    if (this.#buffer.length > this.#releaseAboveBytes) this.#buffer = new Uint8Array(0);
  }

  /** Grows with what has arrived, never with what was announced: a length costs a peer nothing. */
  #reserve(bytes: number, announcedBytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const doubled = Math.max(bytes, this.#buffer.length * 2, smallestBufferBytes);
    const capacity = Math.min(doubled, Math.max(announcedBytes, smallestBufferBytes));
    const grown = new Uint8Array(capacity);
    grown.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = grown;
  }
}

/** Length and text in one buffer, so that they leave in one write. */
export function encodeLengthPrefixedText(text: string): Uint8Array {
  const textBytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(4 + textBytes.length);
  writeLength(frame, textBytes.length);
  frame.set(textBytes, 4);
  return frame;
}

/** Writes a 32-bit big-endian length at the start of `frame`. */
export function writeLength(frame: Uint8Array, length: number): void {
  frame[0] = length >>> 24;
  frame[1] = length >>> 16;
  frame[2] = length >>> 8;
  frame[3] = length;
}

/** The number as people know it from protocol dumps: markers in hex, lengths in decimal. */
export function describeLength(length: number): string {
  return length > 0x7fff_ffff ? `0x${length.toString(16)}` : String(length);
}
