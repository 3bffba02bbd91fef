/** The arithmetic of digest authentication (RFC 2617 section 3.2.2, RFC 7616 section 3.4): pure. */

export type HashName = "md5" | "sha256" | "sha512-256";

export interface DigestAlgorithm {
  readonly hash: HashName;
  /** `-sess`: the key is bound to the first nonces. */
  readonly isSession: boolean;
}

/** Strongest first (RFC 8760 section 2.3). */
const families: readonly { readonly name: string; readonly hash: HashName }[] = [
  { name: "sha-512-256", hash: "sha512-256" },
  { name: "sha-256", hash: "sha256" },
  { name: "md5", hash: "md5" },
];

/** Undefined when we cannot compute it; no name at all means MD5. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const wanted = (name ?? "MD5").toLowerCase();
  const isSession = wanted.endsWith("-sess");
  const base = isSession ? wanted.slice(0, -"-sess".length) : wanted;
  const family = families.find((candidate) => candidate.name === base);
  return family === undefined ? undefined : { hash: family.hash, isSession };
}

/** 0 is the strongest. */
export function strengthRank(algorithm: DigestAlgorithm): number {
  return families.findIndex((family) => family.hash === algorithm.hash);
}

export interface SessionKeyInput {
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly cnonce: string;
}

/** H(A1): what is left of the password once a challenge is known. */
export function sessionKey(input: SessionKeyInput): string {
  const { algorithm, user, realm, password, nonce, cnonce } = input;
  const secret = hashHex(algorithm.hash, `${user}:${realm}:${password}`);
  return algorithm.isSession ? hashHex(algorithm.hash, `${secret}:${nonce}:${cnonce}`) : secret;
}

export interface DigestInput {
  readonly hash: HashName;
  readonly key: string;
  readonly nonce: string;
  readonly method: string;
  readonly uri: string;
  /** Undefined where the challenge knows no quality of protection (RFC 2069). */
  readonly protection: { readonly nonceCount: string; readonly cnonce: string } | undefined;
}

/** The `response` parameter. */
export function digestResponse(input: DigestInput): string {
  const { hash, key, nonce, protection } = input;
  const subject = hashHex(hash, `${input.method}:${input.uri}`);
  if (protection === undefined) return hashHex(hash, `${key}:${nonce}:${subject}`);
  const { nonceCount, cnonce } = protection;
  return hashHex(hash, `${key}:${nonce}:${nonceCount}:${cnonce}:auth:${subject}`);
}

/** The user name of a realm that wants it hidden (RFC 7616 section 3.4.4). */
export function userHash(hash: HashName, user: string, realm: string): string {
  return hashHex(hash, `${user}:${realm}`);
}

function hashHex(hash: HashName, text: string): string {
  return new Bun.CryptoHasher(hash).update(text).digest("hex");
}
