/** The certificate that this host makes for itself: kept in the state folder, renewed before its end. */
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { writeFileAtomically } from "../../config/atomic-file.ts";
import type { Clock } from "../../core/clock.ts";
import { type CertificateFacts, inspectCertificate } from "./certificate-facts.ts";
import type { HostNames } from "./host-names.ts";
import { type CertificatePair, makeSelfSigned } from "./self-signed.ts";

export interface GeneratedOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly names: HostNames;
  readonly randomBytes: (length: number) => Uint8Array;
}

export interface UsableCertificate {
  readonly pair: CertificatePair;
  readonly facts: CertificateFacts;
}

const dayMs = 24 * 3600 * 1000;
/** Some browsers take no longer one, also where somebody trusts it. */
const lifeMs = 824 * dayMs;
const renewBeforeMs = 30 * dayMs;
/** Clocks of browsers may be behind. */
const earlierMs = dayMs;
const serialBytes = 16;
const folderMode = 0o700;
const certMode = 0o644;
const keyMode = 0o600;

/** The kept one, or a new one. Throws a WildfireError("config") when it cannot be written. */
export async function generatedCertificate(options: GeneratedOptions): Promise<UsableCertificate> {
  const kept = await readKept(options.folder);
  if (kept !== undefined && staysUsable(kept.facts, options)) return kept;
  return await makeNew(options);
}

/** Whether it is for all names that are needed, and for a while yet. */
function staysUsable(
  { notBeforeMs, notAfterMs, names }: CertificateFacts,
  { clock, names: { needed } }: Pick<GeneratedOptions, "clock" | "names">,
): boolean {
  const nowMs = clock.wallMs();
  const isInTime = notBeforeMs <= nowMs && nowMs < notAfterMs - renewBeforeMs;
  return isInTime && needed.every((name) => names.includes(name));
}

async function readKept(folder: string): Promise<UsableCertificate | undefined> {
  const texts = [certificatePath(folder), keyPath(folder)].map((path) =>
    Bun.file(path)
      .text()
      .catch(() => ""),
  );
  const [cert = "", key = ""] = await Promise.all(texts);
  if (cert === "" || key === "") return undefined;
  const verdict = inspectCertificate({ cert, key });
  return verdict.kind === "usable" ? { pair: { cert, key }, facts: verdict.facts } : undefined;
}

async function makeNew(options: GeneratedOptions): Promise<UsableCertificate> {
  const { folder, clock, names, randomBytes } = options;
  const nowMs = clock.wallMs();
  const serial = randomBytes(serialBytes);
  // Positive, and as long as it is said to be.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const pair = makeSelfSigned({
    names: [...names.needed, ...names.more],
    notBeforeMs: nowMs - earlierMs,
    notAfterMs: nowMs - earlierMs + lifeMs,
    serial,
  });
  const verdict = inspectCertificate(pair);
  if (verdict.kind === "unusable") throw new Error(verdict.problem);
  await mkdir(folder, { recursive: true, mode: folderMode });
  // The key first: a certificate without its key would look like one that can be used.
  const write = { forceMode: true } as const;
  await writeFileAtomically({ ...write, path: keyPath(folder), text: pair.key, mode: keyMode });
  await writeFileAtomically({
    ...write,
    path: certificatePath(folder),
    text: pair.cert,
    mode: certMode,
  });
  return { pair, facts: verdict.facts };
}

/** May be handed to browsers, to be trusted by them. */
export function certificatePath(folder: string): string {
  return join(folder, "certificate.pem");
}

function keyPath(folder: string): string {
  return join(folder, "certificate-key.pem");
}
