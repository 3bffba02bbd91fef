/** Which certificate the page is served with: none, one from files, or one that this host makes for itself. */
import { join } from "node:path";
import { WildfireError } from "../core/errors.ts";
import { inspectCertificate } from "../web/certificate/certificate-facts.ts";
import {
  CertificateKeeper,
  type CertificateSource,
} from "../web/certificate/certificate-keeper.ts";
import { certificatePath, generatedCertificate } from "../web/certificate/generated-certificate.ts";
import { hostNames } from "../web/certificate/host-names.ts";
import type { RandomBytes } from "../web/secret-tokens.ts";
import type { ServiceContext } from "./service.ts";
import { certificateFiles, httpsKind, type HttpsValues, readCertificate } from "./web-options.ts";

export interface WebCertificateOptions {
  readonly values: HttpsValues;
  readonly context: ServiceContext;
  readonly randomBytes: RandomBytes;
}

/** Undefined: plain http. Throws a WildfireError for files that are no certificate and its key. */
export async function openWebCertificate(
  options: WebCertificateOptions,
): Promise<CertificateKeeper | undefined> {
  const { clock, log } = options.context;
  const source = sourceOf(options);
  if (source === undefined) return undefined;
  const first = await source.load();
  const { fingerprint, notAfterMs } = first.facts;
  const until = new Date(notAfterMs).toISOString();
  log.info("the page is served by https", { certificate: source.kind, fingerprint, until });
  return new CertificateKeeper({ source, first, clock, log });
}

function sourceOf(options: WebCertificateOptions): CertificateSource | undefined {
  const kind = httpsKind(options.values);
  if (kind === "generated") return generatedSource(options);
  return kind === "files" ? fileSource(options) : undefined;
}

function generatedSource({ context, randomBytes }: WebCertificateOptions): CertificateSource {
  const { clock, stateFolder } = context;
  const folder = join(stateFolder, "web");
  return {
    kind: "generated",
    files: [certificatePath(folder)],
    load: async () =>
      await generatedCertificate({ folder, clock, names: hostNames(), randomBytes }),
  };
}

function fileSource({ values }: WebCertificateOptions): CertificateSource {
  const { cert, key } = certificateFiles(values);
  return {
    kind: "files",
    files: [cert, key].filter((path) => path !== undefined),
    async load() {
      const pair = await readCertificate(values);
      if (pair === undefined) {
        throw new WildfireError("usage", "there is no certificate for https", {
          hint: "give --tls-cert and --tls-key, or --tls generated",
        });
      }
      const verdict = inspectCertificate(pair);
      if (verdict.kind === "usable") return { pair, facts: verdict.facts };
      throw new WildfireError("usage", `the certificate cannot be used: ${verdict.problem}`, {
        hint: "give --tls-cert and --tls-key PEM files that belong together",
      });
    },
  };
}
