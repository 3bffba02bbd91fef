/** Makes a certificate for this host that is signed by its own key: ECDSA on P-256, as all browsers take it. */
import { generateKeyPairSync, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";

export interface CertificatePair {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

export interface SelfSignedOptions {
  /** Host names and addresses, the first of which names the certificate. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** At most 20 bytes, of which the first is positive. */
  readonly serial: Uint8Array;
}

const ecdsaWithSha256 = "1.2.840.10045.4.3.2";
const commonName = "2.5.4.3";
/** RFC 5280 appendix A: ub-common-name. */
const maxCommonName = 64;

export function makeSelfSigned(options: SelfSignedOptions): CertificatePair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const name = nameOf(options.names[0] ?? "localhost");
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: bufferOf(options.serial),
    signature: signatureAlgorithm,
    issuer: name,
    subject: name,
    validity: new Validity({
      notBefore: new Date(options.notBeforeMs),
      notAfter: new Date(options.notAfterMs),
    }),
    subjectPublicKeyInfo: AsnConvert.parse(bufferOf(spki), SubjectPublicKeyInfo),
    extensions: extensionsFor(options.names),
  });
  const signed = sign("sha256", Buffer.from(AsnConvert.serialize(tbsCertificate)), privateKey);
  const signatureValue = bufferOf(signed);
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm, signatureValue });
  return {
    cert: pem("CERTIFICATE", Buffer.from(AsnConvert.serialize(certificate))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

function nameOf(text: string): Name {
  const value = new AttributeValue({ utf8String: text.slice(0, maxCommonName) });
  const attribute = new AttributeTypeAndValue({ type: commonName, value });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

function extensionsFor(names: readonly string[]): Extensions {
  const alternatives = new SubjectAlternativeName(
    names.map((name) =>
      isAddress(name) ? new GeneralName({ iPAddress: name }) : new GeneralName({ dNSName: name }),
    ),
  );
  return new Extensions([
    extension(id_ce_subjectAltName, false, alternatives),
    // Whoever trusts it trusts this host, and nobody whom it might sign.
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
    extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
    extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
  ]);
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, critical, extnValue });
}

/** A copy that is no part of a larger one. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

const lineCharacters = 64;

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(new RegExp(`.{1,${lineCharacters}}`, "g")) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
