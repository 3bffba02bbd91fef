/** What SRTP does to bytes (RFC 3711 section 4): AES in counter mode, HMAC-SHA1 cut short. */
import { ByteWindow } from "./byte-window.ts";
import { maxPacketBytes } from "./rtp-packet.ts";
import { readUint32, writeUint32 } from "./serial-numbers.ts";
import { createBlockCipher, type SessionKeys } from "./srtp-keys.ts";

const blockBytes = 16;
const hashBlockBytes = 64;
const hashBytes = 20;

export class SrtpCipher {
  readonly #salt: Uint8Array;
  /** Kept for the whole call: a cipher made for each packet would be garbage after it. */
  readonly #blockCipher: ReturnType<typeof createBlockCipher>;
  readonly #counters = new ByteWindow(maxPacketBytes + blockBytes);
  readonly #sha1 = new Bun.CryptoHasher("sha1");
  readonly #innerPad: Uint8Array;
  readonly #outerPad: Uint8Array;
  /** Bun wants room for the longest digest that it knows. */
  readonly #digest = new Uint8Array(64);
  readonly #innerHash = this.#digest.subarray(0, hashBytes);
  readonly #noSuffix = new Uint8Array(0);

  constructor(keys: SessionKeys) {
    this.#salt = keys.salt;
    this.#blockCipher = createBlockCipher(keys.cipherKey);
    this.#innerPad = paddedKey(keys.authKey, 0x36);
    this.#outerPad = paddedKey(keys.authKey, 0x5c);
  }

  /**
   * Encrypts or decrypts `bytes[start..end)` in place. `indexHigh` and `indexLow` are the upper 32 and
   * the lower 16 bits of the packet index (section 4.1.1).
   */
  applyKeystream(
    bytes: Uint8Array,
    range: { readonly start: number; readonly end: number },
    ssrc: number,
    index: { readonly high: number; readonly low: number },
  ): void {
    const { start, end } = range;
    const blocks = Math.ceil((end - start) / blockBytes);
    const counters = this.#counters.bytes;
    for (let block = 0; block < blocks; block += 1) {
      const at = block * blockBytes;
      counters.set(this.#salt, at);
      writeUint32(counters, at + 4, readUint32(counters, at + 4) ^ ssrc);
      writeUint32(counters, at + 8, readUint32(counters, at + 8) ^ index.high);
      counters[at + 12] = (counters[at + 12] ?? 0) ^ (index.low >>> 8);
      counters[at + 13] = (counters[at + 13] ?? 0) ^ (index.low & 0xff);
      counters[at + 14] = block >>> 8;
      counters[at + 15] = block & 0xff;
    }
    const keystream = this.#blockCipher.update(this.#counters.view(0, blocks * blockBytes));
    for (let at = start; at < end; at += 1) {
      bytes[at] = (bytes[at] ?? 0) ^ (keystream[at - start] ?? 0);
    }
  }

  /** HMAC-SHA1 over the message and what follows it; the first 20 bytes of a buffer that is reused. */
  authenticate(message: Uint8Array, suffix: Uint8Array = this.#noSuffix): Uint8Array {
    this.#sha1.update(this.#innerPad);
    this.#sha1.update(message);
    this.#sha1.update(suffix);
    this.#sha1.digest(this.#digest);
    this.#sha1.update(this.#outerPad);
    this.#sha1.update(this.#innerHash);
    this.#sha1.digest(this.#digest);
    return this.#digest;
  }
}

/** Takes the same time wherever the difference is. */
export function tagMatches(bytes: Uint8Array, at: number, tag: Uint8Array, count: number): boolean {
  let difference = 0;
  for (let index = 0; index < count; index += 1) {
    difference |= (bytes[at + index] ?? 0) ^ (tag[index] ?? 0);
  }
  return difference === 0;
}

function paddedKey(key: Uint8Array, pad: number): Uint8Array {
  return Uint8Array.from({ length: hashBlockBytes }, (_, index) => (key[index] ?? 0) ^ pad);
}
