/** What is to be known of a certificate, for people who compare it with what their browser shows. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describeError } from "../../core/errors.ts";
import type { CertificatePair } from "./self-signed.ts";

export interface CertificateFacts {
  /** SHA-256, as browsers show it: `AB:CD:…`. */
  readonly fingerprint: string;
  /** Wall clock. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
}

export type CertificateVerdict =
  | { readonly kind: "usable"; readonly facts: CertificateFacts }
  | { readonly kind: "unusable"; readonly problem: string };

/** Of the first certificate in the text, and whether the key is its own. */
export function inspectCertificate({ cert, key }: CertificatePair): CertificateVerdict {
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return { kind: "unusable", problem: "certificate and key do not belong together" };
    }
    return { kind: "usable", facts: factsOf(certificate) };
  } catch (error) {
    return { kind: "unusable", problem: `it cannot be read: ${describeError(error)}` };
  }
}

function factsOf({
  fingerprint256,
  validFrom,
  validTo,
  subjectAltName,
}: X509Certificate): CertificateFacts {
  return {
    fingerprint: fingerprint256,
    notBeforeMs: Date.parse(validFrom),
    notAfterMs: Date.parse(validTo),
    names: (subjectAltName ?? "")
      .split(", ")
      .map((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? "")
      .filter((name) => name !== ""),
  };
}
