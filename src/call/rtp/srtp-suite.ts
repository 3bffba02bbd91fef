/** The SRTP crypto suites that SDES names (RFC 4568 section 6.2, RFC 6188), as data. */

/** Best first: the order in which they are offered. */
export const srtpSuites = [
  "AES_CM_128_HMAC_SHA1_80",
  "AES_256_CM_HMAC_SHA1_80",
  "AES_CM_128_HMAC_SHA1_32",
] as const;
export type SrtpSuite = (typeof srtpSuites)[number];

export interface SrtpSuiteSizes {
  readonly keyBytes: 16 | 32;
  /** Of the tag behind an RTP packet; behind RTCP it is always 10 bytes (RFC 4568 section 6.2). */
  readonly tagBytes: 4 | 10;
}

export const srtpSaltBytes = 14;
export const srtcpTagBytes = 10;

const sizes: Readonly<Record<SrtpSuite, SrtpSuiteSizes>> = {
  AES_CM_128_HMAC_SHA1_80: { keyBytes: 16, tagBytes: 10 },
  AES_CM_128_HMAC_SHA1_32: { keyBytes: 16, tagBytes: 4 },
  AES_256_CM_HMAC_SHA1_80: { keyBytes: 32, tagBytes: 10 },
};

export function suiteSizes(suite: SrtpSuite): SrtpSuiteSizes {
  return sizes[suite];
}

/** Bytes of master key and master salt together, as SDES carries them. */
export function masterKeyBytes(suite: SrtpSuite): number {
  return sizes[suite].keyBytes + srtpSaltBytes;
}

export function findSuite(name: string): SrtpSuite | undefined {
  return srtpSuites.find((suite) => suite === name);
}
