/** Session keys of SRTP from the master key of the session description (RFC 3711 section 4.3). */
import { createCipheriv } from "node:crypto";
import { masterKeyBytes, srtpSaltBytes, type SrtpSuite, suiteSizes } from "./srtp-suite.ts";

export interface SessionKeys {
  readonly cipherKey: Uint8Array;
  readonly authKey: Uint8Array;
  readonly salt: Uint8Array;
}

const blockBytes = 16;
const authKeyBytes = 20;

/** First label of three (section 4.3.2): cipher, authentication, salt. */
const firstLabel = { rtp: 0, rtcp: 3 } as const;

/** `master` is key and salt; its length must be `masterKeyBytes(suite)`. */
export function deriveSessionKeys(
  suite: SrtpSuite,
  master: Uint8Array,
  use: "rtp" | "rtcp",
): SessionKeys {
  if (master.length !== masterKeyBytes(suite)) throw new RangeError("SRTP key of a wrong length");
  const { keyBytes } = suiteSizes(suite);
  const masterKey = master.subarray(0, keyBytes);
  const masterSalt = master.subarray(keyBytes);
  const label = firstLabel[use];
  const derive = (offset: number, length: number): Uint8Array =>
    pseudoRandomBytes(masterKey, labelled(masterSalt, label + offset), length);
  return {
    cipherKey: derive(0, keyBytes),
    authKey: derive(1, authKeyBytes),
    salt: derive(2, srtpSaltBytes),
  };
}

/** A cipher that turns one counter block into 16 bytes of keystream. */
export function createBlockCipher(key: Uint8Array): ReturnType<typeof createCipheriv> {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null);
  cipher.setAutoPadding(false);
  return cipher;
}

/** The key derivation rate is 0, so that the label is all that differs. */
function labelled(salt: Uint8Array, label: number): Uint8Array {
  const start = new Uint8Array(blockBytes);
  start.set(salt);
  start[7] = (start[7] ?? 0) ^ label;
  return start;
}

function pseudoRandomBytes(key: Uint8Array, start: Uint8Array, length: number): Uint8Array {
  const blocks = Math.ceil(length / blockBytes);
  const counters = new Uint8Array(blocks * blockBytes);
  for (let index = 0; index < blocks; index += 1) {
    counters.set(start, index * blockBytes);
    counters[index * blockBytes + blockBytes - 1] = index;
  }
  return new Uint8Array(createBlockCipher(key).update(counters)).subarray(0, length);
}
