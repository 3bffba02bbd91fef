/** Says in one line why a TLS connection was not made and what to do about it. */
import { errnoOf } from "./core/errno.ts";
import { quote } from "./core/errors.ts";

/** What is read of a certificate, all of it written by the peer. */
export interface PeerCertificate {
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly subjectaltname?: string;
}

export interface TlsFailure {
  readonly reason?: string;
  readonly hint?: string;
}

const wrongName = "ERR_TLS_CERT_ALTNAME_INVALID";

/** About the certificate, as against a handshake that broke: those have the names of system errors. */
export function isCertificateProblem(error: Error): boolean {
  const code = errnoOf(error);
  return code === wrongName || (code.includes("_") && !code.startsWith("ERR_"));
}

interface Explained {
  readonly serverName: string;
  readonly code: string;
  readonly text: string;
  readonly certificate: PeerCertificate;
}

type Explanation = (failure: Explained) => TlsFailure;

const unknownAuthority: Explanation = () => ({
  reason: "its certificate is signed by an authority that is not trusted here",
  hint: "give the certificate of that authority as the one to trust, or let the peer send its whole chain",
});

const explanations: Readonly<Record<string, Explanation>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: () => ({
    reason: "its certificate is self-signed",
    hint: "give that certificate as the one to trust, or have it signed by an authority",
  }),
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: ({ certificate }) => ({
    reason: `its certificate expired${on(certificate.valid_to)}`,
    hint: "renew it there, or put the clock of this machine right",
  }),
  CERT_NOT_YET_VALID: ({ certificate }) => ({
    reason: `its certificate is not valid before${on(certificate.valid_from)}`,
    hint: "put the clock of this machine right",
  }),
  [wrongName]: ({ serverName, certificate }) => ({
    reason: `its certificate is for ${namesOf(certificate)}, not for ${quote(serverName)}`,
    hint: "use the name that the certificate has, or give the peer a certificate for this one",
  }),
  EPROTO: ({ text }) => explainProtocol(text),
  ETIMEDOUT: () => ({
    reason: "it does not answer the TLS handshake",
    hint: "check that this is its TLS port (usually 5061)",
  }),
  ECONNRESET: () => ({
    reason: "it closed the connection in the middle of the TLS handshake",
    hint: "check that this is its TLS port (usually 5061) and see its log",
  }),
};

/** Empty when the failure has nothing to do with TLS. */
export function explainTlsFailure(
  error: unknown,
  serverName: string,
  certificate: PeerCertificate = {},
): TlsFailure {
  const code = errnoOf(error);
  const text = error instanceof Error ? error.message : "";
  if (text.startsWith("Invalid CA")) {
    return {
      reason: "the certificates to trust cannot be read",
      hint: "the file must hold certificates as PEM text (-----BEGIN CERTIFICATE-----)",
    };
  }
  const explain = explanations[code];
  if (explain !== undefined) return explain({ serverName, code, text, certificate });
  return { reason: `its certificate is refused: ${text === "" ? code : quote(text, 80)}` };
}

function explainProtocol(text: string): TlsFailure {
  if (text.includes("WRONG_VERSION_NUMBER")) {
    return {
      reason: "what answers there does not speak TLS",
      hint: "use its TLS port (usually 5061), or TCP or UDP as the transport",
    };
  }
  // "error:100000f7:SSL routines:OPENSSL_internal:NO_SHARED_CIPHER"
  const what = text.slice(text.lastIndexOf(":") + 1);
  return { reason: `TLS failed: ${quote(what, 60)}`, hint: "see the log of the other side" };
}

function on(date: string | undefined): string {
  return date === undefined ? "" : ` on ${quote(date)}`;
}

/** `DNS:pbx.example, IP Address:192.0.2.1` */
function namesOf({ subjectaltname }: PeerCertificate): string {
  if (subjectaltname === undefined || subjectaltname === "") return "no name at all";
  const names = subjectaltname.split(", ").map((name) => name.slice(name.indexOf(":") + 1));
  return quote(names.join(", "), 80);
}
