/** Random secrets as text, and what is kept of them. */
import { timingSafeEqual } from "node:crypto";

export type RandomBytes = (length: number) => Uint8Array;

const secretBytes = 32;

/** 256 bits, safe in a cookie and in a header. */
export function newSecret(randomBytes: RandomBytes): string {
  return randomBytes(secretBytes).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Enough for secrets that are random: nobody finds another text, or the secret itself. */
export function fingerprint(secret: string): string {
  return new Bun.CryptoHasher("sha256").update(secret).digest("hex");
}

/** Takes as long wherever they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}
