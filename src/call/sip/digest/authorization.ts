/** Authorization and Proxy-Authorization: our credentials of one realm, for one request after the other. */
import type { SipHeader } from "../message/sip-message.ts";
import { quoteValue } from "./authentication-header.ts";
import type { ChallengerKind, DigestChallenge } from "./challenge.ts";
import { digestResponse, sessionKey, userHash } from "./digest-hash.ts";

export interface RealmCredentials {
  readonly user: string;
  readonly password: string;
  /** Of this challenge, and used for no other. */
  readonly cnonce: string;
}

export const authorizationOf: Readonly<Record<ChallengerKind, string>> = {
  server: "Authorization",
  proxy: "Proxy-Authorization",
};

export class RealmAuthorization {
  readonly challenge: DigestChallenge;
  readonly #userText: string;
  readonly #cnonce: string;
  readonly #key: string;
  #nonce: string;
  #count = 0;

  constructor(challenge: DigestChallenge, { user, password, cnonce }: RealmCredentials) {
    const { algorithm, realm, nonce } = challenge;
    this.challenge = challenge;
    this.#nonce = nonce;
    this.#cnonce = cnonce;
    this.#key = sessionKey({ algorithm, user, realm, password, nonce, cnonce });
    this.#userText = challenge.wantsUserHash ? userHash(algorithm.hash, user, realm) : user;
  }

  get nonce(): string {
    return this.#nonce;
  }

  /** `nextnonce` of Authentication-Info: the key of a session stays the one of its first nonce. */
  renew(nonce: string): void {
    if (nonce === this.#nonce) return;
    this.#nonce = nonce;
    this.#count = 0;
  }

  /** The header for one more request with this nonce; `uri` is its Request-URI as it will be sent. */
  header(method: string, uri: string): SipHeader {
    const { kind, realm, opaque, algorithm, algorithmName, hasProtection, wantsUserHash } =
      this.challenge;
    this.#count += 1;
    const nonceCount = this.#count.toString(16).padStart(8, "0");
    const protection = hasProtection ? { nonceCount, cnonce: this.#cnonce } : undefined;
    const response = digestResponse({
      hash: algorithm.hash,
      key: this.#key,
      nonce: this.#nonce,
      method,
      uri,
      protection,
    });
    const parts = [
      `username=${quoteValue(this.#userText)}`,
      `realm=${quoteValue(realm)}`,
      `nonce=${quoteValue(this.#nonce)}`,
      `uri=${quoteValue(uri)}`,
      `response="${response}"`,
    ];
    if (algorithmName !== undefined) parts.push(`algorithm=${algorithmName}`);
    if (hasProtection || algorithm.isSession) parts.push(`cnonce=${quoteValue(this.#cnonce)}`);
    if (opaque !== undefined) parts.push(`opaque=${quoteValue(opaque)}`);
    if (hasProtection) parts.push("qop=auth", `nc=${nonceCount}`);
    if (wantsUserHash) parts.push("userhash=true");
    return { name: authorizationOf[kind], value: `Digest ${parts.join(", ")}` };
  }
}
