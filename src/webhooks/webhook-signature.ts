/** Signs what a webhook sends, after the Standard Webhooks convention: HMAC-SHA256 over id, time and body. */
import { WildfireError } from "../core/errors.ts";

/** 192 to 512 bits, as the convention asks for. */
const minKeyBytes = 24;
const maxKeyBytes = 64;
const newKeyBytes = 32;
const prefix = "whsec_";

export interface SignedParts {
  readonly id: string;
  /** Seconds since 1970: of this attempt. */
  readonly timestampS: number;
  readonly body: string;
}

/** The key behind `whsec_…`; throws a WildfireError("usage") that does not show it. */
export function readWebhookSecret(text: string): Uint8Array {
  const encoded = text.trim().startsWith(prefix) ? text.trim().slice(prefix.length) : undefined;
  const key = encoded === undefined ? undefined : decodeBase64(encoded);
  if (key !== undefined && key.length >= minKeyBytes && key.length <= maxKeyBytes) return key;
  throw new WildfireError("usage", "the secret webhook-secret is not of the form whsec_…", {
    hint: `write ${prefix} and ${minKeyBytes} to ${maxKeyBytes} random bytes in base64, or make one on the page Access`,
  });
}

export function newWebhookSecret(randomBytes: (length: number) => Uint8Array): string {
  return prefix + randomBytes(newKeyBytes).toBase64();
}

/** The value of the header `webhook-signature`. */
export function signWebhook(key: Uint8Array, { id, timestampS, body }: SignedParts): string {
  const hasher = new Bun.CryptoHasher("sha256", key);
  return `v1,${hasher.update(`${id}.${timestampS}.${body}`).digest("base64")}`;
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
