/** What lets people and programs into the web service, and tells others what happens: opened and closed as one. */
import { join } from "node:path";
import { Access } from "../web/access.ts";
import { ApiTokens } from "../web/api-tokens.ts";
import { AuditTrail } from "../web/audit-trail.ts";
import type { CertificateKeeper } from "../web/certificate/certificate-keeper.ts";
import type { RandomBytes } from "../web/secret-tokens.ts";
import { loadCurrentConfig } from "./config-file.ts";
import type { ServiceContext } from "./service.ts";
import { openWebCertificate } from "./web-certificate.ts";
import { openWebHooks, type WebHooks } from "./web-hooks.ts";
import { readPassword, type WebValues } from "./web-options.ts";

export interface WebDoors {
  readonly access: Access;
  readonly tokens: ApiTokens;
  readonly audit: AuditTrail;
  readonly hooks: WebHooks;
  /** Undefined: plain http. */
  readonly keeper: CertificateKeeper | undefined;
  close(): void;
}

/** Throws a WildfireError for a password, a certificate or tokens that cannot be used. */
export async function openWebDoors(
  values: WebValues,
  context: ServiceContext,
  randomBytes: RandomBytes,
): Promise<WebDoors> {
  const { clock, log, stateFolder } = context;
  const folder = join(stateFolder, "web");
  const password = readPassword(values, process.env);
  const tokens = await ApiTokens.open({ path: join(folder, "tokens.json"), clock, randomBytes });
  const file = await loadCurrentConfig(values.config);
  const keeper = await openWebCertificate({ values, context, randomBytes });
  const isSecure = keeper !== undefined;
  const { bind } = values;
  const access = new Access({ bind, isSecure, password, tokens, clock, randomBytes });
  const audit = new AuditTrail({ path: join(folder, "audit.sqlite"), clock, log });
  const hooks = openWebHooks({ file, env: process.env, context, randomBytes });
  return {
    access,
    tokens,
    audit,
    hooks,
    keeper,
    close() {
      keeper?.close();
      hooks.close();
      audit.close();
    },
  };
}
