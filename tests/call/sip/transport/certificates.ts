/** Certificates for tests, made with the openssl command. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

export interface TestCertificates {
  /** Of the authority that signed the next three. */
  readonly ca: string;
  /** For pbx.example and 127.0.0.1. */
  readonly good: Certificate;
  /** For other.example only. */
  readonly other: Certificate;
  readonly expired: Certificate;
  /** For pbx.example, signed by itself. */
  readonly selfSigned: Certificate;
}

export const hasOpenssl = Bun.which("openssl") !== null;

export function makeCertificates(): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "wildfire-certificates-"));
  try {
    const certificate = (name: string): Certificate => ({
      cert: readFileSync(join(folder, `${name}.pem`), "utf8"),
      key: readFileSync(join(folder, `${name}.key`), "utf8"),
    });
    selfSign(folder, "ca", "DNS:ca.example");
    sign(folder, { name: "good", names: "DNS:pbx.example,IP:127.0.0.1", days: 2 });
    sign(folder, { name: "other", names: "DNS:other.example", days: 2 });
    sign(folder, { name: "expired", names: "DNS:pbx.example", days: -1 });
    selfSign(folder, "selfSigned", "DNS:pbx.example");
    return {
      ca: certificate("ca").cert,
      good: certificate("good"),
      other: certificate("other"),
      expired: certificate("expired"),
      selfSigned: certificate("selfSigned"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function selfSign(folder: string, name: string, names: string): void {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
  openssl(folder, ["req", "-x509", ...keyOptions, ...files, ...subject, "-days", "2"]);
}

function sign(folder: string, of: { name: string; names: string; days: number }): void {
  const { name, names, days } = of;
  const subject = ["-subj", `/CN=${name}`];
  openssl(folder, [
    "req",
    ...keyOptions,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    ...subject,
  ]);
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.ext`];
  openssl(folder, ["x509", "-req", ...authority, ...files, "-days", String(days)]);
}

function openssl(cwd: string, parts: readonly string[]): void {
  const done = Bun.spawnSync(["openssl", ...parts], { cwd, stderr: "pipe" });
  if (done.exitCode === 0) return;
  throw new Error(`openssl ${parts.join(" ")}: ${done.stderr.toString()}`);
}
