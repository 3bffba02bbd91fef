/** The authorities that this machine trusts, as PEM text: with those that its administrator added. */
import { readFile } from "node:fs/promises";

/** Debian and Alpine, Red Hat, SUSE, then macOS and the BSDs. */
const usualFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Undefined where there is no such file: Bun then trusts the list that it came with. */
export async function systemCertificates(
  files: readonly string[] = usualFiles,
): Promise<string | undefined> {
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  }
  return undefined;
}
